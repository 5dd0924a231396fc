"""What recorders count: the names under which counts are stored, and what they mean."""

# `/metrics` serves each as pricetracker_<name>_total. Stored counters are never renamed: a new name
# would begin at 0 again.
COUNTERS = {
    "ticks_stored": "Ticks stored, from the stream and from REST.",
    "batches_stored": "Batches of ticks from the stream stored, each in one transaction.",
    "frames_refused": "Bad frames: not decodable, contradictory or not asked for.",
    "frames_dropped": "Frames dropped because the buffer was full.",
    "reconnects": "Attempts to connect after a connection was lost or could not be made.",
    "handovers_failed": "Standby connections that failed before they took over.",
    "rest_requests": "Requests to REST.",
    "rest_weight": "Request weight of these, as it counts towards the rate limit.",
    "gaps_opened": "Gaps opened.",
    "gaps_closed": "Gaps closed: repaired or void.",
}

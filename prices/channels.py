"""The channels on which PostgreSQL tells whoever listens that the tape has changed, once that is committed."""

# Ticks or candles of these symbols: their numbers, with blanks between. 1024 of them, all that one connection to the exchange
# can bring, take 6,144 bytes of the 7,999 that a notification may have.
TICKS = "prices_tick"

# A gap was opened, filled in part or closed: its id. Told by a trigger on the table, for every row and whoever wrote it.
GAPS = "prices_gap"

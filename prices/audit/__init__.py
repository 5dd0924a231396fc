"""The audit: from the ticks up, whether the tape holds what it claims to hold."""

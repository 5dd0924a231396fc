"""The audit: reads the tape from the ticks up and checks everything derived from it."""

"""Live push: what changes on the tape, told at once to all who listen. Reads the tape, never writes it."""

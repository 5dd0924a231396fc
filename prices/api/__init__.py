"""The HTTP API: what clients may ask, and how they are answered. Reads the tape, never writes it."""

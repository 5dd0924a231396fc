"""The HTTP API: requests, and the shapes of the responses. Reads the tape, never writes it."""

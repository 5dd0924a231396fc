"""Live push: changes on the tape, sent at once to all clients. Reads the tape, never writes it."""

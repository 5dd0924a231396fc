"""Serving: Django behind an event loop, in bounded threads, and the limits of both."""

"""Processes: how they are started, stopped, served and shown. Knows nothing of prices."""

"""The writing side: frames in, rows out. The only code that writes to the tape."""

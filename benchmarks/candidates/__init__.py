"""What the site could be served by: each candidate answers the three questions from the
same tape.
"""

"""Why a database cannot be used, in one line for people."""


def first(error: Exception) -> str:
    """What went wrong, out of the lines in which libpq goes on to guess why and to repeat itself for each address."""
    return str(error).strip().partition("\n")[0].rstrip(".") + "."

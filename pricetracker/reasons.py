"""Why a database cannot be used, in one line."""


def first(error: Exception) -> str:
    """The error itself.

    libpq adds lines that guess the reason, and repeats itself for each address.
    """
    return str(error).strip().partition("\n")[0].rstrip(".") + "."

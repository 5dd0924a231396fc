"""Numbers of things, in words."""


def counted(number: int, thing: str) -> str:
    """As "1 gap", "2,000 gaps"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"

"""Ranges of trade ids, and what is left of some when others are taken away. No database."""

from collections.abc import Iterable, Sequence

# First and last id, both included. Where several are given they are in order, and no two share or
# adjoin an id.
Span = tuple[int, int]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Any ranges, as such a list."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def common(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The ids that are in both."""
    found, n, m = [], 0, 0
    while n < len(some) and m < len(others):
        first, last = max(some[n][0], others[m][0]), min(some[n][1], others[m][1])
        if first <= last:
            found.append((first, last))
        if some[n][1] < others[m][1]:
            n += 1
        else:
            m += 1
    return found


def without(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The ids that are in some and in none of the others."""
    found, begin = [], 0
    for first, last in some:
        while begin < len(others) and others[begin][1] < first:
            begin += 1
        n, rest = begin, first
        while n < len(others) and others[n][0] <= last:
            if rest < others[n][0]:
                found.append((rest, others[n][0] - 1))
            rest = others[n][1] + 1
            n += 1
        if rest <= last:
            found.append((rest, last))
    return found


def size(spans: Iterable[Span]) -> int:
    return sum(last - first + 1 for first, last in spans)

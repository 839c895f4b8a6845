"""Words that several sentences of a report share."""

__all__ = ["counted"]


def counted(number: int, noun: str = "entry", plural: str = "entries") -> str:
    """Return a number with its noun: ``1 entry``, ``3 entries``.

    >>> from softgrad.check.report.words import counted
    >>> counted(1), counted(3), counted(1, "output", "outputs")
    ('1 entry', '3 entries', '1 output')
    """
    return f"{number:,} {noun if number == 1 else plural}"

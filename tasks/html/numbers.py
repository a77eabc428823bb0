"""Numbers as pages show them."""

from models.wording import counted


def count(number: float) -> str:
    r"""A number for people: thousands apart by a thin space, which no locale takes for a decimal mark.

    >>> count(1234567)
    '1\u202f234\u202f567'
    """
    return f"{number:,.0f}".replace(",", "\u202f")


def count_of(number: int, noun: str, plural: str = "") -> str:
    """The number with its noun.

    >>> count_of(1, "row")
    '1 row'
    """
    return counted(number, noun, plural).replace(",", "\u202f")


def share(part: float, whole: float) -> str:
    """A percentage; a dash of nothing.

    >>> share(1, 3), share(0, 0)
    ('33.3 %', '–')
    """
    return f"{100 * part / whole:.1f} %" if whole else "–"


def points(difference: float) -> str:
    """A difference of shares (-1 to 1) in percentage points.

    >>> points(0.0125)
    '+1.2'
    """
    return f"{100 * difference:+z.1f}"


def cut(text: str, limit: int = 600) -> str:
    """The text as it stands, cut when it is very long.

    >>> cut("abcdef", 3)
    'abc… (6 characters)'
    """
    return text if len(text) <= limit else f"{text[:limit]}… ({count_of(len(text), 'character')})"

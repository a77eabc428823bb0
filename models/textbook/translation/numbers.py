"""A toy language pair: numbers in English words, and their digits. The lengths differ, and differently each time."""

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
LIMIT = 1_000_000


def number_in_words(number: int) -> list[str]:
    """The words of a number below a million.

    >>> " ".join(number_in_words(70_412))
    'seventy thousand four hundred twelve'
    >>> number_in_words(0)
    ['zero']
    """
    if not 0 <= number < LIMIT:
        raise ValueError(f"number must be 0 to {LIMIT - 1}, got {number}")
    if number < len(ONES):
        return [ONES[number]]
    if number < 100:
        return [TENS[number // 10 - 2], *_unless_zero(number % 10)]
    size, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    return [*number_in_words(number // size), name, *_unless_zero(number % size)]


def number_in_digits(number: int) -> list[str]:
    """Its digits.

    >>> number_in_digits(412)
    ['4', '1', '2']
    """
    return list(str(number))


def _unless_zero(number: int) -> list[str]:
    return number_in_words(number) if number else []

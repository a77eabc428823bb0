"""Spans of time as people write them: 30m, 12h, 2h30m, 8w."""

import re

UNIT_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
UNIT_NAMES = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second"}


def parse_duration(text: str) -> float:
    """Seconds in a text like 30m, 12h or 2h30m. Raises ValueError for anything else, and for a number without a unit.

    >>> parse_duration("2h30m"), parse_duration("30d")
    (9000.0, 2592000.0)
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhdw])", text.strip())
    if parts and "".join(number + unit for number, unit in parts) == text.strip():
        return sum(float(number) * UNIT_SECONDS[unit] for number, unit in parts)
    if re.fullmatch(r"\d+(\.\d+)?", text.strip()):
        raise ValueError(f"{text!r} needs a unit: {text.strip()}s, {text.strip()}m, {text.strip()}h or {text.strip()}d")
    raise ValueError(f"no span of time: {text!r}; write a number and a unit, as in 30m, 12h, 30d or 8w")


def in_words(seconds: float) -> str:
    """A number of seconds in its largest whole units.

    >>> in_words(5400.0), in_words(86_400.0), in_words(0.5)
    ('1 hour 30 minutes', '1 day', '0.5 seconds')
    """
    if seconds != int(seconds):
        return f"{seconds:g} seconds"
    left, words = int(seconds), []
    for unit, name in UNIT_NAMES.items():
        count, left = divmod(left, UNIT_SECONDS[unit])
        if count:
            words.append(f"{count} {name}{'s' if count > 1 else ''}")
    return " ".join(words) or "0 seconds"

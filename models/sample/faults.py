"""Rows that validation must catch, among rows that are fine: what spreadsheets, exports and tired labellers leave."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.sample.grammar import pick
from models.sample.tweets import Tweet
from models.seeds import generator
from models.settings import ContractSettings

COLUMNS = ("id", "keyword", "location", "text", "target")
SPREADSHEET_ERRORS = ("Err:509", "#REF!")
BAD_LABELS = ("2", "yes?", "-1")
CONTROL_CHARACTERS = ("\x07", "\x1b[31m")


@dataclass(frozen=True)
class Row:
    """One line of the file: its fields as strings, what is wrong with it if anything, and its template family.

    `family` is None for a row that no template made; `held_out` says whether the family belongs to the test split.
    """

    fields: tuple[str, ...]
    fault: str | None = None
    family: str | None = None
    held_out: bool = False


def number_rows(tweets: Sequence[Tweet], seed: int) -> list[Row]:
    """All tweets as numbered rows, with the faulty rows scattered among them.

    Copies come after their originals, so a pipeline that keeps the first of equal rows keeps every sound one but those
    of a conflict. Raises ValueError for fewer than 20 tweets.
    """
    if len(tweets) < 20:
        raise ValueError(f"faulty rows need at least 20 tweets to stand among, got {len(tweets)}")
    rng = generator(seed, "sample/faults")
    sound = [_row(number, tweet) for number, tweet in enumerate(tweets, start=1)]
    donors = [sound[place] for place in rng.permutation(len(sound) // 2)[:10]]
    faulty = _broken(len(sound) + 1, donors, rng)
    return _scatter(sound, faulty, rng)


def _row(number: int, tweet: Tweet) -> Row:
    fields = (str(number), tweet.keyword, tweet.location, tweet.text, str(tweet.target))
    return Row(fields, None, tweet.family, tweet.held_out)


def _broken(number: int, donors: Sequence[Row], rng: np.random.Generator) -> list[Row]:
    """The faulty rows, ids from `number` on. The donors lend texts to duplicates, conflicts and repeated ids."""
    talk = "the wind is rather strong at the harbour today"
    texts: list[tuple[str, str, str]] = [("no text", text, "0") for text in ("", "   ", "\n")]
    texts += [("spreadsheet error", text, "0") for text in SPREADSHEET_ERRORS]
    texts += [("label", f"{talk}, part {label}", label) for label in BAD_LABELS]
    texts += [("control characters", f"{talk}{character} again", "0") for character in CONTROL_CHARACTERS]
    texts += [("over-long text", f"{talk} " * (ContractSettings().max_characters // len(talk) + 1), "0")]
    texts += [("duplicate", donor.fields[3], donor.fields[4]) for donor in donors[:5]]
    texts += [("conflict", donor.fields[3], str(1 - int(donor.fields[4]))) for donor in donors[5:8]]
    rows = [
        Row((str(number + place), "wreck", "Brackwell", text, label), fault)
        for place, (fault, text, label) in enumerate(texts)
    ]
    rows += [Row((donor.fields[0], "", "", f"{talk}, again and again", "0"), "repeated id") for donor in donors[8:10]]
    after = number + len(texts)
    rows.append(Row(("", "wreck", "", f"{talk} without a number", "0"), "missing id"))
    rows.append(Row((str(after), "wreck", f"{talk}, two fields short"), "number of fields"))
    rows.append(
        Row((str(after + 1), "wreck", pick(("Tolmere", "Dunlow"), rng), talk, "one field", "0"), "number of fields")
    )
    return rows


def _scatter(sound: list[Row], faulty: list[Row], rng: np.random.Generator) -> list[Row]:
    """The faulty rows at drawn places of the second half, so that the copy comes later than what it copies."""
    rows = list(sound)
    for row in faulty:
        rows.insert(int(rng.integers(len(sound) // 2, len(rows) + 1)), row)
    return rows

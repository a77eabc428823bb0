"""Files of human judgements of words: similarities and analogies, in the layouts in which they are published."""

import logging
from dataclasses import dataclass

from models.vectors.typed_columns import TypedTable, fold, parse_number, read_typed_table
from models.wording import counted

Similarity = tuple[str, str, float]
Analogy = tuple[str, str, str, str]
LOG = logging.getLogger(__name__)
SCORE_NAMES = frozenset(
    {
        "mean",
        "humanmean",
        "meanhuman",
        "average",
        "avg",
        "score",
        "scores",
        "meanscore",
        "averagescore",
        "avgscore",
        "humanscore",
        "goldscore",
        "gold",
        "human",
        "similarity",
        "sim",
        "relatedness",
        "rating",
        "meanrating",
        "averagerating",
        "avgrating",
        "meansimilarity",
        "simlex",
        "simlex999",
        "simlexscore",
        "mittelwert",
        "durchschnitt",
        "moyenne",
        "media",
        "promedio",
    }
)
MEAN_TOLERANCE = 0.051  # of a mean that was rounded to one decimal
CONTEXT_WORDS = 4  # on average: a column of longer cells holds sentences, not words


@dataclass(frozen=True)
class SimilarityColumns:
    """Columns of a similarity file, by name or by number from 1; what is not given is recognised by its type."""

    words: tuple[str, str] | None = None
    score: str | None = None


def parse_similarities(text: str, columns: SimilarityColumns | None = None) -> list[Similarity]:
    r"""Pairs of words with a human score. Lines that start with # are passed over, and so is a header.

    Tabs, semicolons, commas, bars or blanks separate fields; decimals may have a comma; an index, parts of speech,
    contexts (SCWS) and single raters' columns are told from words and score. Pairs without a score are passed over and
    counted in the log. Raises ValueError when it is not certain which columns to read.

    >>> parse_similarities("# comment\nword1;word2;mean;rater1\ntiger;cat;7,35;8\n")
    [('tiger', 'cat', 7.35)]
    """
    columns = columns or SimilarityColumns()
    table = read_typed_table(_content_lines(text), 3, "two words and a number")
    score = table.find(columns.score) if columns.score else _score_column(table)
    scores = _scores(table, score)
    one, other = map(table.find, columns.words) if columns.words else _word_columns(table, score)
    pairs = [
        (row.fields[one], row.fields[other], number)
        for row, number in zip(table.rows, scores, strict=True)
        if number is not None
    ]
    if not pairs:
        raise ValueError("found no line of two words and a number: is this a similarity file?")
    LOG.info(
        "%s understood%s",
        counted(len(pairs), "word pair"),
        f", {n} without a score" if (n := len(scores) - len(pairs)) else "",
    )
    return pairs


def parse_analogies(text: str) -> dict[str, list[Analogy]]:
    r"""Questions of four words by section, in the form of questions-words.txt: a line `: name` opens a section.

    Tables of four columns of words, with or without header and index, do too. Raises ValueError for any other line.

    >>> parse_analogies(": family\nboy girl brother sister\n")
    {'family': [('boy', 'girl', 'brother', 'sister')]}
    """
    lines = _content_lines(text)
    questions = [(number, line) for number, line in lines if not line.startswith(":")]
    if not questions:
        raise ValueError("found no line of four words: is this an analogy file?")
    table = read_typed_table(questions, 4, "four words")
    words = [place for place, kind in enumerate(table.types) if kind in ("text", "tag")]
    if len(words) != 4:
        raise ValueError(
            f"{len(words)} of the columns hold words, four are needed; the columns are {table.describe()}"
            f"; line {table.rows[0].number} is {' '.join(table.rows[0].fields)[:80]!r}"
        )
    sections: dict[str, list[Analogy]] = {}
    names = {number: line[1:].strip() for number, line in lines if line.startswith(":")}
    for row in table.rows:
        opened = max((number for number in names if number < row.number), default=None)
        a, b, c, d = (row.fields[place] for place in words)
        sections.setdefault("all" if opened is None else names[opened], []).append((a, b, c, d))
    LOG.info("%d analogy questions understood", len(table.rows))
    return sections


def _content_lines(text: str) -> list[tuple[int, str]]:
    return [
        (number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip() and not line.startswith("#")
    ]


def _score_column(table: TypedTable) -> int:
    numbers = [place for place, kind in enumerate(table.types) if kind in ("number", "comma number")]
    named = [place for place in numbers if fold(table.names[place]) in SCORE_NAMES]
    if len(named) == 1:
        return named[0]
    if len(numbers) == 1:
        return numbers[0]
    means = [place for place in numbers[:-2] if _is_mean(table, place, [other for other in numbers if other > place])]
    if len(means) == 1 and not named:
        return means[0]
    raise ValueError(
        f"{len(numbers)} columns hold numbers, and it is not certain which one is the score; the columns are "
        f"{table.describe()}: name it to evaluate-vectors with --score-column, by name or number"
    )


def _is_mean(table: TypedTable, place: int, raters: list[int]) -> bool:
    """Whether a column is the mean of the columns after it, row by row."""
    for row in table.rows:
        mean, *scores = (parse_number(row.fields[each], table.types[each]) for each in (place, *raters))
        known = [score for score in scores if score is not None]
        if mean is None or not known or abs(sum(known) / len(known) - mean) > MEAN_TOLERANCE:
            return False
    return True


def _word_columns(table: TypedTable, score: int) -> tuple[int, int]:
    """The two columns of words: before the score, and neither tags nor sentences."""
    text = [place for place, kind in enumerate(table.types) if kind == "text"]
    words = [place for place in text if place < score and not _holds_sentences(table, place)]
    named = [place for place in words if fold(table.names[place]).rstrip("12ab") in ("word", "w", "term")]
    chosen = words if len(words) == 2 else named if len(named) == 2 else [] if len(words) > 2 else text
    if len(chosen) != 2:
        raise ValueError(
            f"it is not certain which two columns hold the words; the columns are {table.describe()}: name them to "
            "evaluate-vectors with --word-columns A,B, by name or number"
        )
    return chosen[0], chosen[1]


def _holds_sentences(table: TypedTable, place: int) -> bool:
    cells = table.column(place)
    return sum(len(cell.split()) for cell in cells) >= CONTEXT_WORDS * len(cells)


def _scores(table: TypedTable, place: int) -> list[float | None]:
    kind = table.types[place]
    if kind not in ("number", "comma number", "index"):
        raise ValueError(f"column {place + 1} holds {kind}, not scores; the columns are {table.describe()}")
    return [parse_number(cell, kind) for cell in table.column(place)]

"""Which column of a file means what: from flags, else guessed from the names that data sets use."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa
from pydantic import Field, model_validator

from models.wording import counted, snake_case
from tasks.sources.errors import SourceError
from tasks.sources.options import ReadingOptions

# In order of preference; compared without case, blanks, hyphens and underscores.
USUAL_NAMES = {
    "id": ("idstr", "tweetid", "tweetidstr", "statusid", "id"),
    "text": ("fulltext", "text", "tweettext", "tweet", "content", "message"),
    "label": (
        "target",
        "label",
        "class",
        "classlabel",
        "ontopic",
        "isdisaster",
        "choose_one",
        "chooseone",
        "relevance",
    ),
    "keyword": ("keyword", "keywords"),
    "location": ("location", "userlocation"),
}
FLAGS = {
    "id": "--id-column",
    "text": "--text-column",
    "label": "--label-column",
    "keyword": "--keyword-column",
    "location": "--location-column",
}
SHOWN_NAMES, SHOWN_CHARACTERS = 30, 60
SAME_LABELS = {"true": "1", "false": "0", "t": "1", "f": "0"}
USUAL_LABELS = {
    **dict.fromkeys(("1", "yes", "on topic", "relevant", "related", "informative", "disaster"), 1),
    **dict.fromkeys(("0", "no", "off topic", "not relevant", "not related", "not informative", "not disaster"), 0),
}
MOST_SHOWN = 8  # label words in a message
FEWEST_CLASSES, MOST_CLASSES, LONGEST_CLASS = 3, 50, 60
CLASS_SHARE, CLASS_ROWS = 0.02, 2  # of a label without meaning, to be a class and no slip: rows at least
DATA_LIKE = re.compile(r"[-+]?\d+(\.\d+)?|https?://|\w{3} \w{3} \d\d |\d{4}-\d\d-\d\d|.{60,}|.*\s.*\s.*\s.*\s")


class MissingColumnError(SourceError):
    """A file lacks a column that it must have; `first_rows` holds its first rows as JSON."""

    first_rows: Sequence[str] = ()


class ColumnMap(ReadingOptions):
    """Names of the columns to read; None is guessed. Which words of the label column mean yes and no. And how a
    delimited table is to be read.
    """

    id: str | None = Field(default=None, description="Column that names each tweet; without one, rows are numbered.")
    text: str | None = Field(default=None, description="Column that holds the text.")
    label: str | None = Field(default=None, description="Column that holds the label; none means unlabelled.")
    keyword: str | None = Field(default=None, description="Column that holds the search keyword.")
    location: str | None = Field(default=None, description="Column that holds the author's location.")
    sheet: str | None = Field(default=None, description="Sheet of a workbook; None is the only one that holds rows.")
    ids: bool = Field(default=True, description="Whether a column names the tweets; else rows are numbered.")
    positive: tuple[str, ...] = Field(
        default=(), description="Label words that mean 1; any given replaces the usual ones."
    )
    negative: tuple[str, ...] = Field(default=(), description="Label words that mean 0.")
    classes: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda classes: not classes,  # as recorded before there were any
        description="Classes of a label of more than two, in their order: VALUE=WORDS, or the word in the column.",
    )

    @model_validator(mode="after")
    def tell_classes_apart(self) -> "ColumnMap":
        """Raise ValueError for classes that are no label, and beside words that mean 1 or 0."""
        if self.classes and (self.positive or self.negative):
            raise ValueError("--label-class names all classes: leave --positive-label and --negative-label out")
        read_classes(self.classes)
        return self

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes in their order; none of a label of two."""
        return tuple(dict.fromkeys(read_classes(self.classes).values()))

    def labels(self) -> dict[str, int]:
        """Label word, without case and blanks around it -> 0 or 1, or the place of its class."""
        if self.classes:
            return {word: self.class_names.index(name) for word, name in read_classes(self.classes).items()}
        if not self.positive and not self.negative:
            return USUAL_LABELS
        return {fold_word(word): 1 for word in self.positive} | {fold_word(word): 0 for word in self.negative}

    def find(self, names: Sequence[str], file: str, required: Sequence[str] = ("text",)) -> dict[str, str]:
        """Column name in the file for each meaning that it has.

        >>> ColumnMap().find(["tweet id", "tweet", "label"], "a.csv")
        {'id': 'tweet id', 'text': 'tweet', 'label': 'label'}

        Raises MissingColumnError, which names the columns found and the flag to give, when a needed one is missing.
        """
        found = {}
        for meaning in FLAGS:
            if meaning == "id" and not self.ids:
                continue
            wanted = getattr(self, meaning)
            name = find_named(names, wanted) if wanted else _guess(names, meaning)
            if name is not None:
                found[meaning] = name
            elif wanted or meaning in required:
                raise MissingColumnError(_missing(meaning, wanted, names, file))
        return found


def read_classes(given: Sequence[str]) -> dict[str, str]:
    """The name of the class for each label word, folded, of `VALUE=WORDS` or words that stand in the column.

    >>> read_classes(["0=no disaster", "1=disaster", "Drill", "9=disaster"])
    {'0': 'no disaster', '1': 'disaster', 'drill': 'Drill', '9': 'disaster'}

    Raises ValueError for what is no class, for a word that is given twice, for fewer than three or too many classes,
    and for names that would make columns of one name.
    """
    classes: dict[str, str] = {}
    for each in given:
        value, _, name = (part.strip() for part in each.partition("="))
        name = name if "=" in each else value
        if not value or not name or len(name) > LONGEST_CLASS or not name.isprintable():
            raise ValueError(
                f"{each!r} is no class: write VALUE=WORDS, or the word that stands in the column, of at most "
                f"{LONGEST_CLASS} characters"
            )
        if fold_word(value) in classes:
            raise ValueError(f"the label {value!r} is given twice: one class for each value")
        classes[fold_word(value)] = name
    _refuse_few_or_alike(list(dict.fromkeys(classes.values())))
    return classes


def _refuse_few_or_alike(names: Sequence[str]) -> None:
    if names and len(names) < FEWEST_CLASSES:
        raise ValueError(
            f"{counted(len(names), 'class', 'classes')}: say --positive-label and --negative-label of a label of two, "
            "or name every class with --label-class"
        )
    if len(names) > MOST_CLASSES:
        raise ValueError(f"{len(names)} classes: a label has at most {MOST_CLASSES}; give several values one name")
    columns = Counter(map(snake_case, names))
    if alike := [name for name in names if columns[snake_case(name)] > 1 or not snake_case(name)]:
        raise ValueError(f"{' and '.join(map(repr, alike))} make no column names of their own: use other words")


def fold_word(word: str) -> str:
    """A label word as it is compared: case, blanks, underscores, hyphens and quotes around it do not matter.

    >>> fold_word(" On-Topic "), fold_word("not_informative"), fold_word("1.0"), fold_word("True"), fold_word("-1")
    ('on topic', 'not informative', '1', '1', '-1')
    """
    folded = re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", word.strip(" \t\r\n'\"")).lower()
    folded = re.sub(r"^(-?\d+)\.0+$", r"\1", folded)
    return SAME_LABELS.get(folded, folded)


def fold_labels(labels: pa.Array) -> pa.Array:
    """Every label as `fold_word` folds it."""
    coded = labels.dictionary_encode()
    words = [word if word is None else fold_word(word) for word in coded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(coded.indices)


def unexplained_classes(counts: Mapping[str, int], known: Mapping[str, int]) -> list[str]:
    """The label words without meaning that are too many to be slips, when a column has more than its 1 and 0.

    >>> unexplained_classes({"0": 50, "1": 45, "2": 40, "maybe": 1}, USUAL_LABELS)
    ['2']
    """
    least = max(CLASS_ROWS, CLASS_SHARE * sum(counts.values()))
    return [word for word, count in Counter(counts).most_common() if word not in known and count >= least]


def label_doubt(counts: Mapping[str, int], columns: ColumnMap) -> str | None:
    """Why labels cannot be told apart, in words: more than two, and none said to mean 1 or 0. None where they can."""
    classes = unexplained_classes(counts, columns.labels())
    if not classes or columns.positive or columns.negative or columns.classes:
        return None
    shown = ", ".join(f"{word!r} ({counted(count, 'row')})" for word, count in Counter(counts).most_common(MOST_SHOWN))
    return (
        f"labels {shown}; the meaning of {' and '.join(map(repr, classes[:MOST_SHOWN]))} is not known: say which words "
        "mean 1 with --positive-label and which mean 0 with --negative-label, or name each of more than two classes "
        "with --label-class VALUE=WORDS"
    )


def find_named(names: Sequence[str], wanted: str) -> str | None:
    """The name that is wanted, or one that differs in case and blanks around it; None where there is none."""
    return next((name for name in names if name == wanted), None) or next(
        (name for name in names if name.strip().lower() == wanted.strip().lower()), None
    )


def _guess(names: Sequence[str], meaning: str) -> str | None:
    """The name that is usual for this meaning; of several that differ by case and underscores, the exact one."""
    for usual in USUAL_NAMES[meaning]:
        alike = [name for name in names if re.sub(r"[\s_-]", "", name).lower() == usual]
        if alike:
            return min(alike, key=lambda name: (name.strip() != usual, name.strip().lower() != usual, len(name)))
    return None


def _missing(meaning: str, wanted: str | None, names: Sequence[str], file: str) -> str:
    what = f"no column {wanted!r}" if wanted else f"no column that looks like the {meaning}"
    found = ", ".join(repr(name[:SHOWN_CHARACTERS]) for name in names[:SHOWN_NAMES])
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return f"{file} has {what}; its columns are {found}{more}: say which one with {FLAGS[meaning]}{_hint(names)}"


def _hint(names: Sequence[str]) -> str:
    """What else may be amiss: no text at all, a row where the header should be, another delimiter."""
    if any("\0" in name for name in names):
        return "; it holds NUL bytes, so it is not text, or UTF-16 without a mark: then say --encoding utf-16-le"
    if any(DATA_LIKE.match(name) for name in names) and not all(name.isdigit() for name in names):
        return (
            "; if its first line is a row and not a header, say --no-header and give columns by their numbers, from 1"
        )
    if len(names) == 1 and re.search(r"\w[^\w\s]\w", names[0]):
        return "; if several columns stand in it, say what separates them with --delimiter"
    return ""

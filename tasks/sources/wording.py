"""How a source was understood, in words: the terminal and the report page say the same."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.wording import counted

Summary = Mapping[str, Any]
FORMATS = {
    "json": "JSON array",
    "json-lines": "JSON lines",
    "json-documents": "JSON documents",
    "parquet": "Parquet",
    "workbook": "Excel workbook",
    "wikiextractor": "WikiExtractor",
    "wikitext": "WikiText",
    "wiki-dump": "wiki dump",
    "conllu": "CoNLL-U",
    "numbered": "numbered sentences",
    "text": "plain text",
}
TABLES = frozenset({"delimited", "json", "json-lines", "json-documents", "parquet", "workbook"})
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar", " ": "blank", None: "one column"}
MEANINGS = {1: "means 1", 0: "means 0", None: "meaning unknown"}
SHOWN_FORMS, SHOWN_COLUMNS, SHOWN_LABELS, SHOWN_FILES, SHOWN_DOUBTS = 3, 8, 8, 3, 3
SHOWN_NAMES = 6


def form_in_words(file: Summary) -> str:
    """The format of a file, with what separates and encloses the cells of a delimited one."""
    if file["format"] != "delimited":
        return FORMATS.get(str(file["format"]), str(file["format"]))
    delimiter = file["delimiter"]
    return f"delimited, {DELIMITERS.get(delimiter, repr(delimiter))}; {file['quoting']}"


def encoding_in_words(file: Summary) -> str:
    """The encoding of a file of text and how it is known; nothing for any other."""
    known_by = file.get("encoding_known_by")
    if known_by is None:
        return ""
    confidence = f", {file['encoding_confidence']:.0%} clean in it" if known_by == "guessed" else ""
    return f"{file['encoding']} ({'by ' if known_by == 'its bytes' else ''}{known_by}{confidence})"


def shapes_in_words(summary: Summary) -> str:
    """The known shapes of JSON that were read, and how many texts from each."""
    return ", ".join(f"{shape} ({counted(number, 'text')})" for shape, number in summary.get("shapes", {}).items())


def labels_in_words(labels: Sequence[Summary]) -> str:
    """The label words, how many rows each, what it means."""
    return shortened(
        [f"{each['label']} ({each['rows']:,}, {_meaning(each['means'])})" for each in labels], SHOWN_LABELS
    )


def _meaning(means: int | str | None) -> str:
    return f"class {means}" if isinstance(means, str) else MEANINGS[means]


def doubt_in_words(doubt: Summary) -> str:
    """A doubt and the flags that change it, where it does not name them itself."""
    flags = [flag for flag in doubt["flags"] if flag not in doubt["doubt"]]
    return f"{doubt['doubt']} ({', '.join(flags)})" if flags else str(doubt["doubt"])


def shortened(names: Sequence[str], limit: int) -> str:
    """A list of names, and how many more there are.

    >>> shortened(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    return ", ".join(names[:limit]) + (f" and {len(names) - limit:,} more" if len(names) > limit else "")


def has_columns(summary: Summary) -> bool:
    """Whether columns of a table were chosen, or could not be; texts have none."""
    known = summary["columns"] or summary["columns_left"]
    return bool(known) and any(file["format"] in TABLES for file in summary["files"])


def _files_in_words(files: Sequence[Summary]) -> str:
    """How many files and which, where there are several."""
    names = [each["name"] for each in files]
    return f"{counted(len(names), 'file')} ({shortened(names, SHOWN_NAMES)}): " if len(names) > 1 else ""


def in_brief(summary: Summary) -> list[tuple[str, str]]:
    """Three to seven lines, each a name and what there is to say."""
    forms = dict.fromkeys(
        "; ".join(filter(None, (form_in_words(each), encoding_in_words(each)))) for each in summary["files"]
    )
    shapes = shapes_in_words(summary)
    columns = ", ".join(f"{meaning} = {name}" for meaning, name in summary["columns"].items())
    left = f"; left: {shortened(summary['columns_left'], SHOWN_COLUMNS)}" if summary["columns_left"] else ""
    passed_over = [f"{name} ({reason})" for name, reason in summary["passed_over"].items()]
    doubts = [doubt_in_words(each) for each in summary.get("doubts", ())]
    lines = {
        "Read as": _files_in_words(summary["files"]) + shortened(list(forms), SHOWN_FORMS),
        "Shapes": shapes,
        "Columns": columns + left if has_columns(summary) else "",
        "Labels": labels_in_words(summary.get("labels", ())),
        "Ids": summary.get("id_form") or "",
        "Passed over": shortened(passed_over, SHOWN_FILES),
        "Doubts": "; ".join(doubts[:SHOWN_DOUBTS])
        + (f"; {len(doubts) - SHOWN_DOUBTS} more on the report page" if len(doubts) > SHOWN_DOUBTS else ""),
    }
    return [(name, line) for name, line in lines.items() if line]

"""What a tweet, a document and a whole table must look like: Great Expectations suites, in code.

Every expectation carries the rule that it stands for, as a user reads it in the quarantine, and the reason to give
there; in it `{value}` stands for what the column says, `{found}` for the same, quoted and short. A row that breaks
several rules is quarantined under the first of its suite.
"""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from models.settings import ContractSettings

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation

RowRule = Literal[
    "malformed-row",
    "undecodable-bytes",
    "no-text",
    "spreadsheet-error",
    "control-characters",
    "over-long",
    "missing-id",
    "unknown-label",
    "conflicting-labels",
    "repeated-id",
    "duplicate",
    "conflicting-annotators",
    "not-random",
]
TableRule = Literal[
    "missing-column",
    "too-few-rows",
    "too-many-quarantined",
    "one-class-only",
    "class-balance",
    "rare-class",
    "missing-rate",
]

# A cell that is nothing but the error of LibreOffice or Excel; inside a sentence the same letters are somebody's words.
SPREADSHEET_ERROR = r"^\s*(?:Err:\d{3}|#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!|#+))\s*$"
# C0 without tab and line ends, which the repair of newlines looks after; C1 where the repair of mojibake left it.
CONTROLS = r"[\x00-\x08\x0e-\x1f\x7f]"
LEFTOVER_CONTROLS = r"[\x80-\x9f]"
LEAST_CLASS_ROWS = 5  # of a class, to be learned from; as of a kind of information
DOCUMENT_CHARACTERS = 10_000_000  # corpora are read in pieces of 1 million; only a cell of a table can be longer


def labelled_tweets(settings: ContractSettings, words: Iterable[str]) -> "ExpectationSuite":
    """What one labelled tweet must look like; `words` are the labels that mean something.

    Columns: malformed, undecodable, raw_text, text (repaired), id, label (folded word).
    """
    from tasks.ingestion import expectation_classes as gxe

    known = sorted(words)
    flags = "say which words mean 1 and 0 with --positive-label and --negative-label, or classes with --label-class"
    reason = f"label {{found}} is none of {', '.join(known)}: {flags}"
    label = [
        _rule(gxe.ExpectColumnValuesToNotBeNull(column="label"), "unknown-label", "no label"),
        _rule(gxe.ExpectColumnValuesToBeInSet(column="label", value_set=known), "unknown-label", reason),
    ]
    return _suite("labelled tweets", [*_rows(settings.max_characters), *_identified(), *label])


def unlabelled_tweets(settings: ContractSettings) -> "ExpectationSuite":
    """What one tweet must look like where no labels are; columns as for labelled ones, without label."""
    return _suite("unlabelled tweets", [*_rows(settings.max_characters), *_identified()])


def documents() -> "ExpectationSuite":
    """What one document of a corpus must look like. Columns: malformed, undecodable, raw_text, text (repaired)."""
    return _suite("documents", _rows(DOCUMENT_CHARACTERS))


def row_relations() -> "ExpectationSuite":
    """What a row must be to the others. Columns: contradicts, same_id_as, same_text_as: that row's name, or null."""
    from tasks.ingestion import expectation_classes as gxe

    return _suite(
        "row relations",
        [
            _rule(
                gxe.ExpectColumnValuesToBeNull(column="contradicts"),
                "conflicting-labels",
                "the same text has another label in {value}",
            ),
            _rule(gxe.ExpectColumnValuesToBeNull(column="same_id_as"), "repeated-id", "the same id as {value}"),
            _rule(gxe.ExpectColumnValuesToBeNull(column="same_text_as"), "duplicate", "the same text as {value}"),
        ],
    )


def whole_table(settings: ContractSettings, labelled: bool, classes: Sequence[str] = ()) -> "ExpectationSuite":
    """What a table of tweets must add up to. One row of figures: kept, quarantined_share, classes, positive_share,
    commonest_share, rarest_rows (of training rows), missing_keyword_share, missing_location_share.

    `classes` are the names of those of a label of more than two: all of them must be there to learn from, and none
    may be nearly all rows.
    """
    most_quarantined = settings.max_quarantined_share
    expectations = [
        _between("kept", "too-few-rows", "rows kept", settings.min_rows, None),
        _between("quarantined_share", "too-many-quarantined", "of the rows quarantined", None, most_quarantined),
    ]
    low, high = settings.min_positive_share, settings.max_positive_share
    if labelled and classes:
        rarest = f"training rows of the rarest of the classes {', '.join(classes)}"
        expectations += [
            _between("commonest_share", "class-balance", "of the rows are of one class", None, high),
            _between("rarest_rows", "rare-class", rarest, LEAST_CLASS_ROWS, None),
        ]
    elif labelled:
        expectations += [
            _between("classes", "one-class-only", "classes among the labels", 2, None),
            _between("positive_share", "class-balance", "of the rows are positive", low, high),
        ]
    for column in ("keyword", "location"):
        most = getattr(settings, f"max_missing_{column}_share")
        what = f"of the rows have no {column}"
        expectations.append(_between(f"missing_{column}_share", "missing-rate", what, None, most))
    return _suite("whole table", expectations)


def _rows(max_characters: int) -> list["Expectation"]:
    """The rules that a text is held to, wherever it comes from; readability first, for the rest depends on it."""
    from tasks.ingestion import expectation_classes as gxe

    too_long = f"longer than {max_characters:,} characters"
    return [
        _rule(gxe.ExpectColumnValuesToBeNull(column="malformed"), "malformed-row", "{value}"),
        _rule(gxe.ExpectColumnValuesToBeNull(column="undecodable"), "undecodable-bytes", "{value}"),
        _rule(gxe.ExpectColumnValuesToNotBeNull(column="text"), "no-text", "no text"),
        _rule(
            gxe.ExpectColumnValuesToNotMatchRegex(column="raw_text", regex=SPREADSHEET_ERROR),
            "spreadsheet-error",
            "the text is an error of a spreadsheet: {found}",
        ),
        _rule(
            gxe.ExpectColumnValuesToNotMatchRegex(column="raw_text", regex=CONTROLS),
            "control-characters",
            "control characters in {found}",
        ),
        _rule(
            gxe.ExpectColumnValuesToNotMatchRegex(column="text", regex=LEFTOVER_CONTROLS),
            "control-characters",
            "control characters that no known encoding explains in {found}",
        ),
        _rule(gxe.ExpectColumnValueLengthsToBeBetween(column="text", max_value=max_characters), "over-long", too_long),
    ]


def _identified() -> list["Expectation"]:
    from tasks.ingestion import expectation_classes as gxe

    return [_rule(gxe.ExpectColumnValuesToNotBeNull(column="id"), "missing-id", "no id")]


def _between(column: str, rule: TableRule, what: str, low: float | None, high: float | None) -> "Expectation":
    from tasks.ingestion import expectation_classes as gxe

    bounds = [f"at least {low:g}" if low is not None else "", f"at most {high:g}" if high is not None else ""]
    expectation = gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high)
    return _rule(expectation, rule, what, threshold=" and ".join(filter(None, bounds)))


def _rule(expectation: "Expectation", rule: RowRule | TableRule, reason: str, **more: Any) -> "Expectation":
    expectation.meta = {"rule": rule, "reason": reason, **more}
    return expectation


def _suite(name: str, expectations: list["Expectation"]) -> "ExpectationSuite":
    """A suite whose expectations know their rank, for results come in no order."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx

    for rank, expectation in enumerate(expectations):
        expectation.meta = {**(expectation.meta or {}), "rank": rank}
    return gx.ExpectationSuite(name=name, expectations=expectations)

"""A number before a noun is written by `models.wording.counted`: "1 row", never "1 rows"."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOUNS = (
    "row|text|tweet|file|word|pair|question|line|document|column|table|run|model|label|value|epoch|fold|seed|schedule"
    "|sentence|token|member|process|lock|step|cell|option|artifact|folder|entry|record|class|error|example|challenger"
    "|backup|setting|field|message"
)
PLURAL = re.compile(rf" ((?:more|other|new|missed|waiting|quarantined|training|test|word|lost) )?({NOUNS})(e?s)\b")
# What is more than one wherever it is said, or one part of several.
ALLOWED = {
    "flows/cli/evaluate.py": "training rows",  # a learning curve needs many
    "tasks/training/model_card.py": "test tweets",  # a share of a table that passed its contract
    "tasks/doctor/runs.py": "runs",  # of runs or models
    "tasks/sources/labels.py": "classes",  # 2 to 20
    "tasks/sources/columns.py": "classes",  # more than 50
    "flows/own_labels.py": "classes",  # more than two
    "tasks/service/batching.py": "tweets",  # more than a queue holds
    "tasks/evaluation/page.py": "folds",  # two at least
    "tasks/lineage/picture.py": "models",  # beside each other
    "tasks/ingestion/report/tweets.py": "files",  # one has its name
    "models/drill/policies.py": "labels",  # a name
    "models/metrics/slices.py": "words",  # bounds of slices
    "models/frequencies/cooccurrence.py": "words",  # a window of more than 40
    "models/selection/rule.py": "models",  # two at least cannot be told apart
    "flows/cli/render/labels.py": "labels",  # a verb
    "models/splitting/folds.py": "folds",  # two at least
    "models/vectors/evaluation_files.py": "columns",  # one would be certain
    "models/vectors/formats.py": "words",  # a heading, "promises ... words and width"
    "models/vectors/typed_columns.py": "columns",  # one would be no table
}


def plural_counts(source: str) -> Iterator[str]:
    """The plural nouns that stand right behind a number in the f-strings of a module."""
    for node in ast.walk(ast.parse(source)):
        for number, text in pairwise(node.values) if isinstance(node, ast.JoinedStr) else ():
            if not isinstance(number, ast.FormattedValue) or not isinstance(text, ast.Constant):
                continue
            limit = ast.unparse(number.value).split(".")[-1].isupper()
            share = number.format_spec is not None and re.search(r"\.\d+[f%]", ast.unparse(number.format_spec))
            if not limit and not share and (found := PLURAL.match(str(text.value))):
                yield found[0].strip()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (found[0][2:].strip() for found in re.finditer(rf"%[sd]{PLURAL.pattern}", node.value))


def test_the_check_sees_a_number_before_a_plural() -> None:
    assert list(plural_counts('f"{rows:,} rows" + f"{LIMIT} rows"; log("%d more files")')) == ["rows", "more files"]


@pytest.mark.parametrize("room", ["flows", "tasks", "models"])
def test_a_number_and_its_noun_agree(room: str) -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), words)
        for path in (ROOT / room).rglob("*.py")
        for words in plural_counts(path.read_text())
    }
    assert {(path, words) for path, words in found if words not in ALLOWED.get(path, "")} == set()

"""The audit looks at training labels alone, says why, and asks about each group once."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.labels.audit import audit_table, to_questions
from tasks.labels.store import groups_of
from tasks.store import formats

FIRES, GOALS = ["fire", "smoke", "flames", "rescue"], ["goal", "match", "score", "team"]


def letters(number: int) -> str:
    return "q" + "".join("abcdefghij"[int(digit)] for digit in str(number))


@pytest.fixture
def found(home: Path) -> dict[str, Any]:
    """An audit of 80 training rows, of which one and its twin are wrong, and a test row that is wrong too."""
    draw = np.random.default_rng(1)
    texts = [" ".join([*draw.choice(GOALS if row % 2 else FIRES, 3), letters(row)]) for row in range(82)]
    texts[81] = f"{texts[10].upper()}!"
    labels = [1 - row % 2 for row in range(81)] + [1]
    labels[10] = labels[20] = 0
    splits = ["train"] * 82
    splits[20] = "test"
    columns = {
        "id": list(map(str, range(82))),
        "text": texts,
        "keyword": pa.nulls(82, pa.string()),
        "target": pa.array(labels, pa.int8()),
        "source": ["set.csv"] * 82,
        "source_row": list(range(1, 83)),
        "group": groups_of(texts),
        "split": splits,
    }
    return audit_table(formats.write_artifact("tweets", {"tweets.parquet": pa.table(columns)}))


def test_the_wrong_label_comes_first_with_reason_and_twin_and_test_rows_take_no_part(found: dict[str, Any]) -> None:
    worst = found["labels"][0]
    assert (worst["id"], worst["label"], worst["twins"]) == ("10", 0, [{"id": "81", "label": 1}])
    assert worst["reason"].startswith("labelled 0, but by its words 1 is ")
    assert worst["reason"].endswith("; its near-duplicate is labelled 1")
    assert found["rows"] == 81
    assert "20" not in {each["id"] for each in found["labels"]}


def test_each_group_is_asked_about_once_with_the_reason(found: dict[str, Any]) -> None:
    suspects = [found["labels"][0], {**found["labels"][0], "id": "twin"}]
    (question,) = to_questions(suspects)
    assert (question.id, question.asked, question.reason) == ("10", "audit", suspects[0]["reason"])


def test_of_several_classes_the_reason_names_them_and_the_question_offers_them(home: Path) -> None:
    draw, classes = np.random.default_rng(1), ("fires", "sport", "a drill, perhaps")
    words = (FIRES, GOALS, ["exercise", "siren", "test", "noon"])
    texts = [" ".join([*draw.choice(words[row % 3], 3), letters(row)]) for row in range(120)]
    labels = [row % 3 for row in range(120)]
    labels[10] = 2
    columns = {
        "id": list(map(str, range(120))),
        "text": texts,
        "keyword": pa.nulls(120, pa.string()),
        "target": pa.array(labels, pa.int8()),
        "source": ["set.csv"] * 120,
        "source_row": list(range(1, 121)),
        "group": groups_of(texts),
        "split": ["train"] * 120,
    }
    found = audit_table(formats.write_artifact("tweets", {"tweets.parquet": pa.table(columns)}), classes)
    worst = found["labels"][0]
    assert (worst["id"], worst["label"], worst["other"]) == ("10", "a drill, perhaps", "sport")
    assert worst["reason"].startswith("labelled a drill, perhaps, but by its words sport is ")
    assert to_questions([worst])[0].classes == classes

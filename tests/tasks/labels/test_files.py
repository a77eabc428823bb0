"""Labels go out to other tools and come back: with who, when and why, each once."""

import json
from pathlib import Path

import pytest

from models.labels.budget import Budget
from tasks.labels import records
from tasks.labels.annotation_tools import Tool, from_argilla, from_label_studio
from tasks.labels.files import check_name, import_labels, write_labels
from tasks.labels.queue import Question, ask, asked_classes, open_questions
from tasks.labels.store import Answer, groups_of, labels_in_force, record
from tasks.labels.summary import summarise
from tasks.sources import ColumnMap
from tasks.store.outputs import Outputs, RefusedOutput

FORMULA, PLAIN = '=HYPERLINK("http://x","fire")', "Flood, in the\nvalley"
# As Label Studio exports a project.
ANNOTATED = [
    {
        "id": 7,
        "data": {"text": PLAIN, "id": "b"},
        "annotations": [
            {
                "completed_by": {"id": 3, "email": "cy@example.org"},
                "result": [{"type": "choices", "value": {"choices": ["Yes"]}, "from_name": "label", "to_name": "text"}],
                "was_cancelled": False,
                "created_at": "2026-11-01T08:00:00Z",
            },
            {"completed_by": 4, "result": [{"value": {"choices": ["no"]}}], "was_cancelled": True},
        ],
    },
    {"id": 8, "data": {"text": "Nobody has looked"}, "annotations": []},
]
# As Argilla exports a dataset.
RESPONDED = [
    {
        "id": "b",
        "fields": {"text": PLAIN},
        "metadata": {"keyword": "flood"},
        "suggestions": {"label": {"value": "0", "score": 0.6, "agent": "m"}},
        "responses": {"label": [{"value": "1", "user_id": "5b1c"}, {"value": "0", "user_id": "77", "status": "draft"}]},
        "vectors": {},
        "status": "pending",
        "_server_id": "x",
    }
]


def give_labels() -> None:
    record([Answer("=ada", "a", FORMULA, 1, "fire"), Answer("bo", "b", PLAIN, 0), Answer("=ada", "b", PLAIN, 0)])


def facts() -> list[tuple[object, ...]]:
    return sorted(
        (each.annotator, each.id, each.text, each.label, each.keyword, each.asked, each.time)
        for each in labels_in_force()
    )


def take_in(file: Path, columns: ColumnMap | None = None, annotator: str = "") -> dict[str, object]:
    columns = columns or ColumnMap()
    return import_labels(str(file), columns, None, records.LabelReader(columns.labels(), file.name, annotator))


@pytest.mark.parametrize(
    ("name", "tool"),
    [("l.csv", None), ("l.jsonl", None), ("l.parquet", None), ("l.json", "label-studio"), ("l.json", "argilla")],
)
def test_what_goes_out_comes_back_with_everything_and_twice_changes_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, tool: Tool | None
) -> None:
    give_labels()
    before, file = facts(), tmp_path / name
    write_labels(records.label_rows(labels_in_force()), file, tool, Outputs())
    assert take_in(file)["new"] == 0
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "elsewhere"))
    assert (take_in(file)["new"], take_in(file)["known"]) == (3, 3)
    assert facts() == before


def test_csv_holds_no_cell_that_a_spreadsheet_would_run_unless_it_is_asked_for(home: Path, tmp_path: Path) -> None:
    give_labels()
    rows = records.label_rows(labels_in_force())
    write_labels(rows, tmp_path / "safe.csv", None, Outputs())
    write_labels(rows, tmp_path / "raw.csv", None, Outputs(), raw_csv=True)
    assert "\"'=HYPERLINK" in (tmp_path / "safe.csv").read_text()
    assert take_in(tmp_path / "raw.csv")["new"] == 0


def test_label_studio_annotations_name_who_made_them_and_cancelled_ones_do_not_count(
    home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "project.json"
    file.write_text(json.dumps(ANNOTATED))
    assert take_in(file) == {"read": 2, "new": 1, "known": 0, "unusable": 1, "reasons": {"no label": 1}}
    (label,) = labels_in_force()
    assert (label.annotator, label.id, label.text, label.label) == ("cy@example.org", "b", PLAIN, 1)
    assert (label.time, label.origin) == ("2026-11-01T08:00:00Z", "project.json")


def test_argilla_responses_that_were_submitted_are_labels_and_suggestions_are_none(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "records.json"
    file.write_text(json.dumps(RESPONDED))
    assert take_in(file)["new"] == 1
    (label,) = labels_in_force()
    assert (label.annotator, label.id, label.label, label.keyword) == ("5b1c", "b", 1, "flood")


def test_two_choices_for_one_tweet_are_no_label() -> None:
    both = [{"data": {"text": PLAIN}, "annotations": [{"result": [{"value": {"choices": ["1", "0"]}}]}]}]
    assert [row["label"] for row in from_label_studio(both)] == [None]
    assert [row["label"] for row in from_argilla([{"fields": {"text": PLAIN}}])] == [None]


def test_rows_that_cannot_be_used_are_counted_by_reason(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mixed.csv"
    file.write_text("id,text,label\n1,Fire,1\n2,Smoke,perhaps\n3,Rain,\n4,,0\n")
    found = take_in(file, annotator="ada")
    assert (found["read"], found["new"], found["unusable"]) == (4, 1, 3)
    assert found["reasons"] == {"label 'perhaps'": 1, "no label": 1, "no text": 1}


def test_words_that_mean_1_and_0_are_those_that_are_named(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "words.csv"
    file.write_text("text,label\nFire,urgent\nRain,calm\n")
    take_in(file, ColumnMap(positive=("urgent",), negative=("calm",)))
    assert [(each.text, each.label, each.annotator) for each in labels_in_force()] == [
        ("Fire", 1, "unnamed"),
        ("Rain", 0, "unnamed"),
    ]


def test_a_label_of_a_tweet_in_the_queue_keeps_the_queues_reason_whatever_the_file_says(
    home: Path, tmp_path: Path
) -> None:
    (group,) = groups_of([PLAIN])
    ask(Budget(5), lambda *_: [Question("b", PLAIN, "chosen", "uncertain", "crisisflow/3", group)])
    file = tmp_path / "back.csv"
    file.write_text('text,label,asked\n"Flood, in the valley!",1,random\nFire,0,random\n')
    take_in(file)
    assert [(each.asked, each.model) for each in labels_in_force()] == [("chosen", "crisisflow/3"), ("random", "")]
    assert summarise()["open"] == 0


def test_the_open_queue_goes_out_as_tasks_without_annotations(home: Path, tmp_path: Path) -> None:
    ask(Budget(5), lambda *_: [Question("b", PLAIN, "random", "random share", "crisisflow/3", groups_of([PLAIN])[0])])
    file = tmp_path / "tasks.json"
    write_labels(records.question_rows(open_questions("ada")), file, "label-studio", Outputs())
    assert json.loads(file.read_text()) == [
        {"data": {"id": "b", "text": PLAIN, "asked": "random", "model": "crisisflow/3"}, "annotations": []}
    ]


def test_names_say_the_format_and_other_peoples_files_are_not_replaced(home: Path, tmp_path: Path) -> None:
    for name, tool in (("a.csv", "argilla"), ("a.json", None), ("a.txt", None)):
        with pytest.raises(ValueError, match=name):
            check_name(Path(name), tool)  # type: ignore[arg-type]
    (tmp_path / "mine.csv").write_text("precious")
    with pytest.raises(RefusedOutput):
        write_labels([], tmp_path / "mine.csv", None, Outputs())
    assert (tmp_path / "mine.csv").read_text() == "precious"


def test_names_of_classes_go_out_and_come_back_by_what_the_queue_asked_or_by_the_columns(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes = ("no disaster", "Storm", "drill")
    group = groups_of([PLAIN])[0]
    ask(Budget(1), lambda *_: [Question("b", PLAIN, "chosen", "unsure", "m", group, classes=classes)])
    record([Answer("ada", "b", PLAIN, "Storm", asked="chosen")])
    for name, tool in (("l.csv", None), ("l.json", "argilla")):
        write_labels(records.label_rows(labels_in_force()), tmp_path / name, tool, Outputs())
        reader = records.LabelReader(records.label_words(ColumnMap(), asked_classes()), name)
        assert import_labels(str(tmp_path / name), ColumnMap(), None, reader)["known"] == 1
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "elsewhere"))
    (tmp_path / "own.csv").write_text(f'text,class\n"{PLAIN}",1\nsmoke,drill\n')
    columns = ColumnMap(classes=("0=no disaster", "1=Storm", "drill"))
    reader = records.LabelReader(records.label_words(columns), "own.csv", "bo")
    import_labels(str(tmp_path / "own.csv"), columns, None, reader)
    assert [each.label for each in labels_in_force()] == ["Storm", "drill"]

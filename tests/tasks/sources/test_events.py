"""Which event a text is of: by folder, by file, by a column; beside labels of other tasks."""

from pathlib import Path

import pytest

from tasks.sources.events import same_event
from tasks.sources.labels import read_labelled_texts


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Two events in folders, one of which has a text of the other."""
    for name, texts in {"2013_Flood": ("Water rises", "Stay safe"), "2014_Quake": ("It shook", "stay safe")}.items():
        folder = tmp_path / "all" / name
        folder.mkdir(parents=True)
        lines = [f"{text} {number},{'yes' if number % 2 else 'no'},place%20{number % 2}" for number in range(10)
                 for text in texts]  # fmt: skip
        (folder / "tweets.csv").write_text("\n".join(["text,useful,where", *lines]) + "\n")
    return tmp_path / "all"


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ("folders", ["2013_Flood", "2014_Quake"]),
        ("files", ["tweets"]),
        ("where", ["place 0", "place 1"]),
        ("absent", []),
    ],
)
def test_the_event_of_a_text_is_told_by_folder_file_or_column(events: Path, how: str, named: list[str]) -> None:
    (found,) = read_labelled_texts(events, events=how)
    assert sorted(found.events.drop_null().unique().to_pylist()) == named
    assert len(found.events) == len(found.texts) == 40


def test_unasked_no_text_has_an_event(events: Path) -> None:
    (found,) = read_labelled_texts(events)
    assert found.events.null_count == len(found.texts)
    assert not any("event" in name for name in found.labels)


def test_pairs_of_files_name_their_folder(tmp_path: Path) -> None:
    for name in ("joy", "fear"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train_text.txt").write_text("\n".join(f"{name} {n}" for n in range(20)) + "\n")
        (tmp_path / name / "train_labels.txt").write_text("\n".join(str(n % 2) for n in range(20)) + "\n")
    found = read_labelled_texts(tmp_path, events="folders")
    assert {(each.events[0].as_py(), each.texts[0].as_py()[:3]) for each in found} == {("joy", "joy"), ("fear", "fea")}


def test_case_and_underscores_make_no_other_event() -> None:
    assert same_event("2013_West_Texas_Explosion") == same_event("2013 west-texas explosion")

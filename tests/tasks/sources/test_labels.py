"""Labels of other tasks: tables and pairs of files, whatever lies beside them."""

from pathlib import Path

import pytest

from tasks.sources.errors import SourceError
from tasks.sources.labels import read_labelled_texts


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8", newline="")
    return folder


def crisis_table(start: int) -> str:
    rows = [f"'{start + n}',\"text {start + n}\",{('on-topic', 'off-topic')[n % 2]}, place {n}" for n in range(30)]
    return "\r\n".join(["tweet id, tweet, label, where", *rows]) + "\r\n"


def test_tables_of_one_head_are_one_and_a_column_of_few_classes_is_a_task(tmp_path):
    write(tmp_path, {"T6/a/a.csv": crisis_table(0), "T6/b/b.csv": crisis_table(100), "T6/a/about.json": '{"year": 1}'})
    (found,) = read_labelled_texts(tmp_path)
    assert len(found.texts) == 60
    assert list(found.labels) == ["T6/label"]
    assert found.labels["T6/label"].to_pylist()[:2] == ["on-topic", "off-topic"]


def test_pairs_of_files_are_a_task_and_only_a_line_feed_ends_a_text(tmp_path):
    texts = "".join(f"tweet {n}\u2028 goes\x85 on\r here\n" for n in range(40))
    write(
        tmp_path, {"irony/train_text.txt": texts, "irony/train_labels.txt": "0\n1\n" * 20, "irony/mapping.txt": "0 no"}
    )
    (found,) = read_labelled_texts(tmp_path)
    assert (found.name, len(found.texts)) == ("irony", 40)
    assert found.labels["irony"].to_pylist() == ["0", "1"] * 20


def test_a_rare_value_is_no_class(tmp_path):
    labels = ["yes", "no"] * 30 + ["Informativeness"]
    write(tmp_path, {"a.csv": "text,label\n" + "".join(f"t{n},{label}\n" for n, label in enumerate(labels))})
    (found,) = read_labelled_texts(tmp_path)
    assert found.labels["label"].to_pylist() == [*labels[:-1], None]


def test_unequal_files_and_sources_without_labels_are_refused_by_name(tmp_path):
    write(tmp_path / "pair", {"x_text.txt": "a\nb\n", "x_labels.txt": "0\n"})
    with pytest.raises(SourceError, match=r"x_text.txt has 2 lines and its labels 1"):
        read_labelled_texts(tmp_path / "pair")
    write(tmp_path / "plain", {"a.csv": "text,id\n" + "".join(f"t{n},{n}\n" for n in range(50))})
    with pytest.raises(SourceError, match="carries labels"):
        read_labelled_texts(tmp_path / "plain")


def test_the_real_sets_hold_the_tasks_that_their_readmes_name(real_data):
    crisis = {name for each in read_labelled_texts(real_data / "crisislex" / "CrisisLexT26") for name in each.labels}
    assert crisis == {"Information Source", "Information Type", "Informativeness"}
    irony = read_labelled_texts(real_data / "tweeteval" / "irony")
    assert [len(each.texts) for each in irony] == [4601]

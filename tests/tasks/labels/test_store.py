"""What people say of tweets is kept as they said it, once, and can be taken back but not lost."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.labels.database import opened
from tasks.labels.store import Answer, check, history, labels_in_force, record, undo
from tasks.labels.summary import summarise

FIRE, FLOOD = "Forest fire near La Ronge", "Flood in the valley"

WRITER = """
import sys
from tasks.labels.store import Answer, record
for number in range(int(sys.argv[2])):
    record([Answer(sys.argv[1], str(number), f"tweet with the word {'abcdefghij'[number % 10] * 9}", number % 2)])
    print(number, flush=True)
"""


def say(annotator: str, text: str, label: int | None, **more: str) -> list[int]:
    return record([Answer(annotator, "1", text, label, **more)])  # type: ignore[arg-type]


def standing() -> list[tuple[str, str, int | None]]:
    return [(each.annotator, each.text, each.label) for each in labels_in_force()]


def test_the_database_itself_refuses_to_change_or_delete_what_was_said(home: Path) -> None:
    say("ada", FIRE, 1)
    for statement in ("UPDATE events SET label = 0", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="add an undo instead"), opened(writing=True) as database:
            database.execute(statement)
    assert standing() == [("ada", FIRE, 1)]


def test_an_annotators_later_label_counts_and_undo_brings_the_earlier_one_back(home: Path) -> None:
    say("ada", FIRE, 1)
    say("ada", f"{FIRE}!!", 0)
    assert standing() == [("ada", f"{FIRE}!!", 0)]
    assert undo("ada").label == 0
    assert standing() == [("ada", FIRE, 1)]
    assert [each.kind for each in history()] == ["label", "label", "undo"]


def test_undo_takes_back_the_last_answer_of_that_annotator_alone_until_none_is_left(home: Path) -> None:
    say("ada", FIRE, 1)
    say("ada", FLOOD, 1)
    say("bo", FLOOD, 0)
    assert [undo("ada").text, undo("ada").text] == [FLOOD, FIRE]
    with pytest.raises(ValueError, match="ada has no label left to undo"):
        undo("ada")
    assert standing() == [("bo", FLOOD, 0)]


def test_an_answer_that_is_sent_again_is_kept_once_and_so_is_an_undo(home: Path) -> None:
    assert len(say("ada", FIRE, 1, key="k1")) == 1
    assert say("ada", FIRE, 1, key="k1") == []
    say("ada", FLOOD, 1, key="k2")
    assert undo("ada", "u1") == undo("ada", "u1")
    assert standing() == [("ada", FIRE, 1)]


def test_the_same_label_given_twice_by_hand_is_two_events(home: Path) -> None:
    say("ada", FIRE, 1)
    say("ada", FIRE, 1)
    assert (len(history()), len(standing())) == (2, 1)


def test_a_skip_is_no_label(home: Path) -> None:
    say("ada", FIRE, 1)
    say("ada", FIRE, None)
    assert standing() == [("ada", FIRE, 1)]
    assert summarise()["skips"] == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer("ada", "1", FIRE, 2), "a label is 1"),
        (Answer(" ", "1", FIRE, 1), "no name of an annotator"),
        (Answer("a\nb", "1", FIRE, 1), "no name of an annotator"),
        (Answer("ada", "1", "  ", 1), "no text"),
        (Answer("ada", "1", FIRE, 1, asked="mine"), "chosen, random, audit, own"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_kept_is_refused_with_all_that_came_with_it(home: Path, answer: Answer, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check(answer)
    with pytest.raises(ValueError, match=said):
        record([Answer("ada", "2", FLOOD, 0), answer])
    assert history() == []


def test_asking_for_labels_where_there_are_none_makes_no_file(home: Path) -> None:
    assert labels_in_force() == []
    assert not (home / "labels").exists()


def test_conflicts_name_who_says_what(home: Path) -> None:
    say("ada", FIRE, 1)
    say("bo", f"{FIRE} http://t.co/x", 0)
    say("bo", FLOOD, 1)
    found = summarise()
    assert found["conflicts"] == [{"id": "1", "text": FIRE, "labels": {"ada": 1, "bo": 0}}]
    assert (found["labels"], found["tweets"], found["annotators"]) == (3, 2, {"ada": 1, "bo": 2})


def test_two_who_write_at_once_lose_nothing_and_a_kill_leaves_what_was_confirmed(home: Path) -> None:
    write = [sys.executable, "-c", WRITER]
    steady = subprocess.Popen([*write, "ada", "40"], stdout=subprocess.PIPE, env=os.environ, text=True)
    killed = subprocess.Popen([*write, "bo", "100000"], stdout=subprocess.PIPE, env=os.environ, text=True)
    assert killed.stdout is not None
    for _ in range(5):
        killed.stdout.readline()
    killed.send_signal(signal.SIGKILL)
    confirmed = 5 + len(killed.communicate()[0].splitlines())
    assert steady.communicate()[0].splitlines() == [str(number) for number in range(40)]
    by = [each.annotator for each in history()]
    assert by.count("ada") == 40
    assert by.count("bo") - confirmed in (0, 1)  # one more may be kept than could be said


def test_a_texts_group_is_the_one_that_splits_go_by(home: Path) -> None:
    say("ada", f"RT @bbc: {FIRE.upper()} http://t.co/x", 1)
    say("bo", FIRE, 1)
    assert len({each.text_group for each in history()}) == 1


def test_the_name_of_a_class_is_kept_undone_and_counted_beside_labels_of_two(home: Path) -> None:
    record([Answer("ada", "1", FIRE, "storm, flood"), Answer("bo", "1", FIRE, "drill"), Answer("bo", "2", FLOOD, 1)])
    assert [each.label for each in labels_in_force(("drill", "none"))] == ["drill"]
    assert [each.label for each in labels_in_force(())] == [1]
    found = summarise()
    assert (found["labels"], found["positives"], found["classes"]) == (3, 1, {"storm, flood": 1, "drill": 1})
    assert (found["agreement"]["texts"], found["agreement"]["disagree"]) == (1, 1)
    assert undo("ada").label == "storm, flood"
    assert [each.label for each in labels_in_force()] == ["drill", 1]


def test_a_database_of_an_earlier_release_takes_the_name_of_a_class(home: Path) -> None:
    from tasks.labels import database

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "ADDED", ())
        with opened(writing=True) as connection:
            columns = "time, annotator, kind, label, id, text, text_group, asked, model, origin, key"
            connection.execute(
                f"INSERT INTO events ({columns}) VALUES ('t', 'ada', 'label', 1, '1', 'a', 'g', 'own', '', '', 'k')"
            )
    assert [each.label for each in labels_in_force()] == [1]
    record([Answer("bo", "2", FLOOD, "drill")])
    assert [each.label for each in labels_in_force()] == [1, "drill"]


@pytest.mark.parametrize("label", ["", " ", "x" * 61, "a\nb", 2])
def test_what_is_no_label_is_not_kept(label: str | int) -> None:
    with pytest.raises(ValueError, match="or the name of a class"):
        check(Answer("ada", "1", FIRE, label))

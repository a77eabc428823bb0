"""The queue asks about each group once, within its budget, and never lets a model choose its own test rows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models.labels.budget import Budget
from models.metrics.probability_columns import read_probabilities
from models.settings import SplitSettings
from models.splitting.splits import assign_splits, group_digests
from tasks.labels import queue
from tasks.labels.pool import Judge, Pool
from tasks.labels.queue import Question, ask, open_questions
from tasks.labels.scored import read_scores
from tasks.labels.store import Answer, groups_of, record, undo

THINGS = ("fire", "flood", "storm", "match", "song", "goal", "smoke", "rain")
PLACES = ("bridge", "river", "market", "school", "harbour", "station", "hall", "lake")
TEXTS = [f"the {thing} at the {place}" for thing in THINGS for place in PLACES]


def rows(texts: list[str], probabilities: list[float] | None = None, doubt: str | None = None) -> pa.Table:
    probabilities = probabilities or [(number % 10) / 10 for number in range(len(texts))]
    return pa.table(
        {
            "id": [str(number) for number in range(len(texts))],
            "text": texts,
            "keyword": pa.nulls(len(texts), pa.string()),
            "probability": probabilities,
            "doubt": pa.array([doubt] * len(texts), pa.string()),
        }
    )


def pool(texts: list[str], most: int = 20, **judge: object) -> Pool:
    made = Pool(Judge("crisisflow/1", 0.5, SplitSettings(), **judge), most)  # type: ignore[arg-type]
    made.add(rows(texts))
    return made


def question(text: str, asked: str = "chosen") -> Question:
    return Question("1", text, asked, "unsure", "crisisflow/1", groups_of([text])[0])  # type: ignore[arg-type]


def fill(texts: list[str], budget: str = "50/day", asked: str = "chosen", again: bool = False) -> list[str]:
    return [
        each.text for each in ask(Budget.parse(budget), lambda *_: [question(text, asked) for text in texts], again)
    ]


def test_what_the_model_chooses_belongs_to_the_training_split_and_the_random_share_to_any() -> None:
    questions = pool(TEXTS).choose(20, set(), 0.4)
    splits = {
        asked: {split for each, split in _splits(questions) if each.asked == asked} for asked in ("chosen", "random")
    }
    assert splits["chosen"] == {"train"}
    assert len(splits["random"]) > 1
    assert [each.asked for each in questions].count("random") == 8


def _splits(questions: list[Question]) -> list[tuple[Question, str]]:
    groups = pa.array([each.text_group for each in questions])
    return list(zip(questions, assign_splits(groups, SplitSettings()).to_pylist(), strict=True))


def test_the_random_share_does_not_hang_on_the_model_or_on_the_order_of_the_rows() -> None:
    drawn = []
    for texts, probability in ((TEXTS, 0.5), (TEXTS[::-1], 0.01)):
        made = Pool(Judge("m", 0.5, SplitSettings()), 20)
        for start in range(0, len(texts), 7):
            made.add(rows(texts[start : start + 7], [probability] * len(texts[start : start + 7])))
        drawn.append({each.text for each in made.choose(20, set(), 0.25) if each.asked == "random"})
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 5


def test_near_duplicates_known_groups_and_the_models_own_tweets_are_not_asked_about() -> None:
    own, known = TEXTS[0], TEXTS[1]
    made = pool(
        [*TEXTS, *(f"RT @x: {text.upper()}!" for text in TEXTS)], most=200, labelled=group_digests(pa.array([own]))
    )
    questions = made.choose(200, {groups_of([known])[0]}, 0.2)
    groups = [each.text_group for each in questions]
    assert len(groups) == len(set(groups)) == len(TEXTS) - 2
    assert not {*groups_of([own, known])} & set(groups)
    assert made.counts == {"scored": 2 * len(TEXTS), "labelled": 2, "in_doubt": 0}


def test_texts_that_the_model_cannot_judge_are_only_drawn_at_random() -> None:
    made = Pool(Judge("m", 0.5, SplitSettings()), 10)
    made.add(rows(TEXTS, [0.5] * len(TEXTS), "no known word"))
    assert {each.asked for each in made.choose(10, set(), 0.2)} == {"random"}


def test_a_budget_of_a_day_is_spent_by_all_who_fill_the_queue(home: Path) -> None:
    assert fill(TEXTS[:3], "4/day") == TEXTS[:3]
    assert fill(TEXTS[3:6], "4/day") == TEXTS[3:4]
    assert fill(TEXTS[6:9], "4/day") == []
    assert fill(TEXTS[6:9], "2") == TEXTS[6:8]
    assert queue.spent(Budget(4, "day")) == 6


def test_a_new_day_brings_a_new_budget(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(TEXTS[:4], "4/day")

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) + timedelta(days=1)

    monkeypatch.setattr(queue, "datetime", Tomorrow)
    assert fill(TEXTS[4:6], "4/day") == TEXTS[4:6]


def test_a_group_is_asked_about_once_whatever_was_said_of_it(home: Path) -> None:
    fill(TEXTS[:1])
    record([Answer("ada", "2", TEXTS[1], 1)])
    undo("ada")
    assert fill([f"{TEXTS[0]}!", TEXTS[1], TEXTS[2], TEXTS[2].upper()]) == [TEXTS[2]]


def test_the_newest_batch_comes_first_in_its_own_order_and_skipped_tweets_last(home: Path) -> None:
    fill(TEXTS[:2])
    fill(TEXTS[2:4])
    assert [each.text for each in open_questions("ada")] == [TEXTS[2], TEXTS[3], TEXTS[0], TEXTS[1]]
    record([open_questions("ada")[0].answered("ada", None)])
    assert [each.text for each in open_questions("ada")] == [TEXTS[3], TEXTS[0], TEXTS[1], TEXTS[2]]
    assert open_questions("bo")[0].text == TEXTS[2]


def test_a_label_closes_a_question_for_all_but_those_who_are_asked_for_overlap_and_an_undo_opens_it(home: Path) -> None:
    fill(TEXTS[:1])
    record([open_questions("ada")[0].answered("ada", 1)])
    assert (open_questions("ada"), open_questions("bo")) == ([], [])
    assert (open_questions("ada", overlap=True), len(open_questions("bo", overlap=True))) == ([], 1)
    undo("ada")
    assert len(open_questions("bo")) == 1


def test_a_doubtful_label_is_asked_about_although_it_is_known_but_only_once(home: Path) -> None:
    record([Answer("ada", "1", TEXTS[0], 1)])
    assert fill(TEXTS[:1]) == []
    assert fill(TEXTS[:1], asked="audit", again=True) == TEXTS[:1]
    assert [each.text for each in open_questions("ada")] == TEXTS[:1]
    record([open_questions("ada")[0].answered("ada", 0)])
    assert open_questions("ada") == []
    assert fill(TEXTS[:1], asked="audit", again=True) == []


def test_scores_are_read_from_what_score_writes_and_the_threshold_from_its_labels(tmp_path: Path) -> None:
    file = tmp_path / "scored.csv"
    file.write_text(
        '"id","probability","label","model","version","doubt"\n"007",0.2,0,"m","3",\n'
        '"8",0.6,1,"m","3","no known word"\n'
    )
    scores = read_scores(file)
    assert (scores.version, scores.threshold) == ("3", pytest.approx(0.4))
    chunk = pa.table({"id": ["8", "9", "007"], "text": ["a", "b", "c"], "keyword": pa.nulls(3, pa.string())})
    (found,) = scores.of([chunk])
    assert found.select(["id", "text", "probability", "doubt"]).to_pylist() == [
        {"id": "8", "text": "a", "probability": 0.6, "doubt": "no known word"},
        {"id": "007", "text": "c", "probability": 0.2, "doubt": None},
    ]


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "id,label\n1,0\n"), ("a.csv", "id,probability,label\n"), ("a.txt", "x")]
)
def test_files_that_are_no_scoring_are_refused(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=r"a\.(csv|txt)"):
        read_scores(tmp_path / name)


CLASSES = ("no disaster", "1", "drill")  # a class may be called by a number


def test_of_several_classes_those_are_asked_about_whose_two_likeliest_are_as_likely(home: Path) -> None:
    made = Pool(Judge("m", None, SplitSettings(), classes=CLASSES), 4)
    sure = np.array([[0.4, 0.2, 0.4] if number % 8 == 0 else [0.9, 0.05, 0.05] for number in range(len(TEXTS))])
    table = rows(TEXTS, sure.max(axis=1).tolist())
    for number in range(3):
        table = table.append_column(f"probability_{number}", pa.array(sure[:, number]))
    made.add(table)
    questions = ask(Budget(4), lambda count, known: made.choose(count, known, 0.25))
    assert {each.probability for each in questions if each.asked == "chosen"} == {0.4}
    assert {each.classes for each in open_questions("ada")} == {CLASSES}
    assert queue.asked_classes() == CLASSES
    assert queue.find_question(questions[0].id).told()["classes"] == CLASSES
    assert "classes" not in question(TEXTS[0]).told()


def test_scores_of_classes_called_by_numbers_are_those_of_the_version_that_made_them(tmp_path: Path) -> None:
    file = tmp_path / "scored.csv"
    head = "id,probability,label,version,probability_no_disaster,probability_1,probability_drill"
    file.write_text(f"{head}\n7,0.6,1,3,0.3,0.6,0.1\n")
    scores = read_scores(file, lambda version: CLASSES if version == "3" else ())
    assert (scores.threshold, scores.version) == (None, "3")
    chunk = pa.table({"id": ["7"], "text": ["a"], "keyword": pa.nulls(1, pa.string())})
    (found,) = scores.of([chunk])
    assert read_probabilities(found).tolist() == [[0.3, 0.6, 0.1]]
    with pytest.raises(ValueError, match="no probability_storm: it was scored by a model of another label"):
        read_scores(file, lambda _: ("no disaster", "1", "storm"))
    file.write_text(f"{head}\n7,0.6,2,3,0.3,0.6,0.1\n")
    with pytest.raises(ValueError, match="scored by a model of several classes \\('2' is none of two"):
        read_scores(file)

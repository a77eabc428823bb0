"""An evaluation by events: no text of the event is learned from, by whatever source; what is told of each event."""

import json
import random
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from models.settings.events import AdaptationSettings
from tasks import tracking
from tasks.runtime import state_folder
from tasks.store import formats

DRAWS = 2
MODELS = ("logistic/tf-idf", "nb-svm/one-hot", "rnn/scratch")
EVENTS = {"2013_Flood": "flood", "2014_Quake": "quake", "2015_Blaze": "blaze"}
USEFUL = ("crews reach the {}", "water is cut at the {}", "road closed by the {}")
IDLE = ("praying for the {}", "so sad about the {}", "what a day at the {}")
SHARED = "everybody retweets this warning"


def write_event(path: Path, word: str, rows: int = 80) -> None:
    """Tweets of an event, each with a word that no other event has; one of them stands in every event."""
    draw = random.Random(word)
    lines = ["id,text,use,season"]
    for number in range(rows):
        text = draw.choice(USEFUL if number % 2 else IDLE).format(word)
        letters = f"{'abcdefgh'[number % 8]}{chr(97 + number // 8)}"
        lines.append(f"{word}{number},{text} {letters},{('idle', 'useful')[number % 2]},{number % 3}")
    lines.append(f"{word}-shared,{SHARED} http://t.co/{word},useful,0")
    lines.append(f"{word}-dropped,no answer for the {word},unsure,0")
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three events in folders, and texts of two others with labels, one of which is among the three by another case."""
    folder = tmp_path_factory.mktemp("events")
    for event, word in EVENTS.items():
        write_event(folder / "tweets" / event / "tweets.csv", word)
    for event, word in {"2013_flood": "deluge", "2016_Storm": "gale"}.items():
        lines = [f"{word} number {n},{('on', 'off')[n % 2]}" for n in range(40)]
        (folder / "more" / event).mkdir(parents=True)
        (folder / "more" / event / "texts.csv").write_text("\n".join(["text,topic", *lines]) + "\n")
    return {name: folder / name for name in ("tweets", "more")}


@pytest.fixture(scope="module")
def request_of(inputs: dict[str, Any], sources: dict[str, Path]) -> Any:
    from flows.evaluate import EvaluateRequest
    from flows.ingest import TweetSource
    from tasks.sources import ColumnMap

    columns = ColumnMap(label="use", positive=("useful",), negative=("idle",))
    return EvaluateRequest(
        tweets=TweetSource(source=str(sources["tweets"]), columns=columns),
        labelled_texts=(str(sources["more"]),),
        recipe=str(inputs["recipe"]),
        models=MODELS,
        events="folders",
        apart=("*quake*",),
        adapt=(4, 12),
    )


@pytest.fixture(scope="module")
def evaluated(request_of: Any, prefect: None, blank_figures: None) -> dict[str, Any]:
    """The summary of one evaluation, as JSON carries it; labels are drawn twice, not three times."""
    from flows import evaluate as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AdaptationSettings", partial(AdaptationSettings, draws=DRAWS))
        return json.loads(json.dumps(module.evaluate(request_of)))


def outputs(evaluated: dict[str, Any], stage: str) -> list[Path]:
    """What the steps of this name made, in order."""
    runs = [run for run in tracking.descendants(evaluated["run_id"]) if run.data.tags.get("stage") == stage]
    made = sorted(runs, key=lambda run: run.info.start_time)
    return [state_folder.state_home() / "store" / run.data.tags["output"] for run in made]


def test_every_event_is_held_out_once_and_rows_of_no_known_label_are_dropped(evaluated: dict[str, Any]) -> None:
    predictions = pq.read_table(evaluated["predictions"]).to_pandas()
    assert evaluated["folds"] == len(EVENTS)
    assert evaluated["rows"] == 81 * len(EVENTS)
    for _, rows in predictions.groupby("model"):
        assert rows["id"].is_unique
        assert rows.groupby("event")["fold"].nunique().eq(1).all()
        assert rows["fold"].nunique() == len(EVENTS)
        assert not rows["id"].str.contains("dropped").any()


def test_a_copy_under_another_event_is_not_trained_on(evaluated: dict[str, Any]) -> None:
    for table in outputs(evaluated, "event_table"):
        frame = formats.read_tweets(table).to_pandas()
        held = frame[frame["split"] == "test"]
        assert held["event"].nunique() == 1
        learned = frame[frame["split"].isin(["train", "validation"])]
        assert not set(learned["group"]) & set(held["group"])
        assert not learned["id"].str.endswith("-shared").any()
        assert len(learned) == 80 * (len(EVENTS) - 1)


def test_an_event_is_left_out_of_texts_of_other_tasks_by_its_name(evaluated: dict[str, Any]) -> None:
    flood, quake, blaze = (
        {*formats.read_tokens(path).words.to_pylist()} for path in outputs(evaluated, "tokenize_corpus")[1:]
    )
    assert "gale" in flood
    assert "deluge" not in flood
    assert {"gale", "deluge"} <= quake
    assert quake == blaze
    assert evaluated["also_in"] == {"2013_Flood": 40}
    assert "Texts of 1 of the events" in evaluated["unlabelled"]


def test_no_vocabulary_holds_a_word_of_the_held_out_event(evaluated: dict[str, Any]) -> None:
    for word, made in zip(EVENTS.values(), outputs(evaluated, "count_words"), strict=True):
        words = set(pq.read_table(made / "features.parquet")["feature"].to_pylist())
        assert set(EVENTS.values()) - words >= {word}


def test_each_event_and_the_means_with_and_without_those_apart_are_told(evaluated: dict[str, Any]) -> None:
    assert [each["event"] for each in evaluated["events"]] == list(EVENTS)
    assert [each["apart"] for each in evaluated["events"]] == [False, True, False]
    assert all(set(each["scores"]) == set(MODELS) for each in evaluated["events"])
    counted = {(each["model"], each["set"]): each["events"] for each in evaluated["event_means"]}
    assert counted["rnn/scratch", "other events"] == 2
    pairs = {(each["model"], each["baseline"]) for each in evaluated["event_comparisons"]}
    assert pairs == {("nb-svm/one-hot", MODELS[0]), ("rnn/scratch", MODELS[0]), ("rnn/scratch", MODELS[1])}


def test_scores_of_an_event_are_those_of_its_predictions(evaluated: dict[str, Any]) -> None:
    from sklearn.metrics import f1_score

    predictions = pq.read_table(evaluated["predictions"]).to_pandas()
    for each in evaluated["events"]:
        rows = predictions[(predictions["event"] == each["event"]) & (predictions["model"] == MODELS[0])]
        expected = f1_score(rows["target"], rows["label"], average="macro")
        assert each["scores"][MODELS[0]]["macro_f1"] == pytest.approx(expected)
        assert each["rows"] == len(rows)


def test_models_learn_from_labels_of_one_half_and_are_scored_on_the_other(evaluated: dict[str, Any]) -> None:
    tables = [pq.read_table(path / "adapted.parquet").to_pandas() for path in _adapted(evaluated)]
    assert len(tables) == len(EVENTS) * len(MODELS)
    frame = pd.concat(tables)
    for _, rows in frame.groupby("event"):
        tested = rows.groupby(["model", "labels", "draw"])["id"].apply(tuple)
        assert tested.nunique() == 1  # the same half whatever was learned
        assert 10 < len(tested.iloc[0]) < 71
    assert set(zip(frame["labels"], frame["draw"], strict=True)) == {
        (0, 1),
        *((n, d) for n in (4, 12) for d in range(1, DRAWS + 1)),
    }
    points = {(each["model"], each["labels"]) for each in evaluated["adaptation"]}
    assert points == {(model, n) for model in MODELS for n in (0, 4, 12)}


def _adapted(evaluated: dict[str, Any]) -> list[Path]:
    return outputs(evaluated, "adapt_linear") + outputs(evaluated, "adapt_network")


def test_a_models_answers_without_labels_are_those_of_the_fold(evaluated: dict[str, Any]) -> None:
    predictions = pq.read_table(evaluated["predictions"]).to_pandas().set_index(["model", "id"])["probability"]
    for path in _adapted(evaluated):
        rows = pq.read_table(path / "adapted.parquet").to_pandas()
        rows = rows[rows["labels"] == 0].set_index(["model", "id"])["probability"]
        assert rows.to_numpy() == pytest.approx(predictions[rows.index].to_numpy(), abs=1e-6)


def test_the_run_shows_tables_pictures_and_page(evaluated: dict[str, Any], tmp_path: Path) -> None:
    run = tracking.read_run(evaluated["run_id"])
    assert "macro_f1" in " ".join(run.data.metrics)
    assert "| event | rows | positive |" in run.data.tags["mlflow.note.content"]
    page = Path(tracking.client().download_artifacts(evaluated["run_id"], "evaluation.html", str(tmp_path))).read_text()
    for words in (
        "Means over events held out",
        "2014_Quake",
        "After labels of the new event",
        "folds of events (by folders)",
    ):
        assert words in page
    kept = {file.path for file in tracking.client().list_artifacts(evaluated["run_id"], "figures")}
    assert {"figures/events.png", "figures/adaptation.png"} <= kept


def test_a_part_of_the_events_reuses_their_fits(evaluated: dict[str, Any], request_of: Any) -> None:
    from flows.evaluate import evaluate

    again = evaluate(request_of.model_copy(update={"hold_out": ("*blaze*",), "apart": (), "adapt": ()}))
    assert again["steps"]["run"] == 0
    assert [each["event"] for each in again["events"]] == ["2015_Blaze"]
    assert again["events"][0]["scores"] == evaluated["events"][2]["scores"]
    assert again["rows"] == 81


def test_values_of_a_column_are_dealt_out_to_folds(request_of: Any, prefect: None) -> None:
    from flows.evaluate import evaluate

    update = {"events": "season", "folds": 2, "models": MODELS[:1], "apart": (), "adapt": (), "labelled_texts": ()}
    found = evaluate(request_of.model_copy(update=update))
    assert len(found["events"]) == 2
    assert any("(2 events)" in each["event"] for each in found["events"])
    assert found["rows"] == 81 * len(EVENTS)


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ({"events": None}, "needs events to hold out"),
        ({"events": "colour"}, "no labelled row has an event by 'colour'"),
        ({"hold_out": ("*storm*",)}, "--hold-out '\\*storm\\*' names no event: there are 2013_Flood"),
        ({"folds": 2}, "--apart names events, and --folds"),
    ],
)
def test_what_cannot_be_held_out_is_said(request_of: Any, prefect: None, update: dict[str, Any], words: str) -> None:
    from flows.evaluate import evaluate

    with pytest.raises(ValueError, match=words):
        evaluate(request_of.model_copy(update=update))

"""The gate between models of different data: every pair of champion and challenger, and what is unknown of old ones."""

import csv
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.settings import GateSettings, SplitSettings
from models.splitting.splits import assign_splits, group_digests
from models.text import repair_texts
from tasks import registry, tracking
from tasks.evaluation.comparison import ModelRow
from tasks.registry import gate
from tasks.registry.data_sources import SAMPLE, is_sample
from tasks.registry.versions import HIDDEN
from tasks.store import formats

Train = Callable[[Path, str, Mapping[str, float]], ModelRow]
Rows = list[tuple[str, int]]
SETTINGS = GateSettings(resamples=200, max_milliseconds=10_000, calibration_margin=0.99)
SPLIT = SplitSettings(test_share=0.3)
NAMES = ("sample", "whole", "half", "language", "meaning")
RULE_OF = {"sample": "bundled sample"}
SYLLABLES = {"en": ("ba", "do", "fen", "gil", "hap", "jor"), "other": ("uex", "oyq", "iza", "ewk", "avu", "ycz")}


def tweets_of(language: str, count: int) -> Rows:
    """Four words of fillers around one of 216 words, of which every other one means a disaster; all different."""
    random = np.random.default_rng(len(language))
    words = ["".join(each) for each in itertools.product(SYLLABLES[language], repeat=3)]
    rows = []
    for number in range(count):
        word = random.integers(len(words))
        name = "".join(random.choice(list("abcdefghijklmnop"), 9))
        rows.append((f"{words[word]} {['the', 'of'][number % 2]} {language} {name}", int(word % 2)))
    return rows


def sample_rows(count: int) -> Rows:
    with (SAMPLE / "tweets.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["target"] in ("0", "1") and row["text"]]
    texts = repair_texts(pa.array([row["text"] for row in rows[:count]]))[0].to_pylist()
    return list(zip(texts, (int(row["target"]) for row in rows), strict=False))


def store(rows: Rows, split: SplitSettings = SPLIT) -> Path:
    text, target = (pa.array(column) for column in zip(*rows, strict=True))
    groups = group_digests(text)
    columns = {"id": pa.array(map(str, range(len(rows)))), "text": text, "target": target, "group": groups}
    table = pa.table({**columns, "keyword": pa.nulls(len(rows), pa.string()), "split": assign_splits(groups, split)})
    return formats.write_artifact("tweets", {"tweets.parquet": table, "report.json": {"split": split.model_dump()}})


def learn(tweets: Path) -> dict[str, float]:
    """Naive Bayes: the smoothed log-odds of every word of the training rows; the intercept is the model's, -2.5."""
    table = formats.read_tweets(tweets)
    rows = table.take(formats.rows_in(table, "train"))
    counts: dict[str, list[float]] = {}
    for text, label in zip(rows["text"].to_pylist(), rows["target"].to_pylist(), strict=True):
        for word in set(text.lower().split()):
            counts.setdefault(word, [0.0, 0.0])[label] += 1
    return {
        word: float(np.log((on + 0.3) / (off + 0.3))) + (2.5 if word in ("the", "of") else 0)
        for word, (off, on) in counts.items()
        if off + on > 1
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("sources")))
        patch.setattr(gate, "load_model", cache(gate.load_model))
        yield


@pytest.fixture(scope="module")
def tables(home: None) -> dict[str, Path]:
    whole = tweets_of("en", 900)
    rows = {
        "sample": sample_rows(700),
        "whole": whole,
        "half": whole[::2],
        "language": tweets_of("other", 600),
        "meaning": [(text, 1 - label) for text, label in whole],
    }
    return {name: store(rows[name]) for name in NAMES}


@pytest.fixture(scope="module")
def models(tables: dict[str, Path], train: Train) -> dict[str, ModelRow]:
    return {name: train(tables[name], name, learn(tables[name])) for name in NAMES}


def raw_of(name: str) -> tuple[str, ...]:
    return (f"raw/{'whole' if name == 'meaning' else name}",)  # another label column of the same file


@pytest.fixture(scope="module")
def judge(tables: dict[str, Path], models: dict[str, ModelRow]) -> Callable[..., Any]:
    def verdict(champion: str, challenger: str, replace_data: bool = False, **known: Any) -> Any:
        candidate = registry.Candidate.of(models[challenger], tables[challenger].name, SPLIT)
        candidate = replace(candidate, raw=raw_of(challenger))
        facts = {"split": SPLIT, "table": tables[champion].name, "raw": raw_of(champion)} | known
        incumbent = registry.Incumbent("7", models[champion].model_uri, challenges=1, **facts)
        return gate.Challenge(candidate, tables[challenger], SETTINGS, replace_data).judge(incumbent)

    return verdict


def broken(verdict: Any) -> set[str]:
    return {rule.name for rule in verdict.rules if not rule.kept}


PAIRS = [pair for pair in itertools.product(NAMES, repeat=2) if pair[0] != pair[1]]


@pytest.mark.parametrize("name", NAMES)
def test_a_model_of_the_same_tweets_is_compared_as_ever(judge: Callable[..., Any], name: str) -> None:
    verdict = judge(name, name)
    assert (broken(verdict), verdict.relation, verdict.sources) == ({"better"}, "", ())


@pytest.mark.parametrize(("champion", "challenger"), PAIRS)
def test_a_model_of_other_tweets_replaces_only_a_champion_that_it_beats_on_both(
    judge: Callable[..., Any], champion: str, challenger: str
) -> None:
    verdict = judge(champion, challenger)
    assert verdict.relation
    if (champion, challenger) == ("half", "whole"):
        assert verdict.promoted, verdict.reason
    else:
        assert RULE_OF.get(challenger, "champion's rows") in broken(verdict)


@pytest.mark.parametrize(("champion", "challenger"), PAIRS)
def test_data_are_replaced_where_that_is_meant_but_never_by_the_sample(
    judge: Callable[..., Any], champion: str, challenger: str
) -> None:
    verdict = judge(champion, challenger, replace_data=True)
    if challenger == "sample":
        assert broken(verdict) == {"bundled sample"}
    elif (champion, challenger) == ("whole", "half"):  # no better on the tweets of both
        assert "better" in broken(verdict)
    else:
        assert verdict.promoted, verdict.reason
        assert "the change of data is meant" in verdict.rules[-1].finding or challenger == "whole"


def test_only_rows_that_both_held_out_decide(judge: Callable[..., Any], tables: dict[str, Path]) -> None:
    other = SplitSettings(seed=1, test_share=0.3)
    found = judge("whole", "language", split=other).sources
    table = formats.read_tweets(tables["whole"])
    groups = table["group"].take(pa.array(formats.rows_in(table, "test")))
    both = [name == "test" for name in assign_splits(groups, other).to_pylist()]
    assert found[0].rows == sum(both) < len(both)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"table": ""}, "the tweets of version 7 are not recorded on it"),
        ({"table": "0" * 32}, "the tweets of version 7 are no longer in the store"),
        ({"split": SplitSettings(test_share=0.0)}, "no test row is one that version 7 did not learn from"),
    ],
)
def test_a_champion_of_unknown_tweets_is_replaced_only_where_that_is_meant(
    judge: Callable[..., Any], known: dict[str, Any], said: str
) -> None:
    verdict = judge("half", "whole", **known)
    assert not verdict.promoted
    assert said in verdict.reason
    assert broken(judge("half", "sample", True, **known)) == {"bundled sample"}
    if "table" in known:
        assert judge("half", "whole", True, **known).promoted


def test_a_champion_without_recorded_raw_files_has_none_in_common(judge: Callable[..., Any]) -> None:
    verdict = judge("half", "whole", raw=())
    assert verdict.promoted
    assert verdict.relation.startswith("no raw file in common, 100% of the champion's test groups")


def test_a_champion_that_does_not_answer_is_not_replaced_silently_by_other_tweets(
    judge: Callable[..., Any], models: dict[str, ModelRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(models, "whole", replace(models["whole"], model_uri="models:/crisisflow/99"))
        assert "champion does not answer" in judge("whole", "language").reason
        assert judge("whole", "language", replace_data=True).promoted


def test_the_sample_is_known_by_its_tweets_not_by_its_file(tables: dict[str, Path]) -> None:
    table = formats.read_tweets(tables["sample"])
    assert is_sample(table.slice(0, 30))
    assert not any(is_sample(formats.read_tweets(tables[name])) for name in NAMES[1:])


def test_a_refusal_of_the_sample_stands_on_page_and_version_and_leaves_the_champion(
    models: dict[str, ModelRow], tables: dict[str, Path]
) -> None:
    def challenge(name: str, **more: Any) -> tuple[registry.Decision, str]:
        with tracking.tracked_run("retrain", "retrain") as run:
            return gate.challenge(run, models[name], tables[name], SETTINGS, **more), run.run_id

    try:
        assert challenge("whole", source='{"tweets": {}}')[0].promoted
        decision, run_id = challenge("sample", replace_data=True)
        assert "never replaces a model of other tweets" in decision.reason
        page = Path(tracking.client().download_artifacts(run_id, "gate.html")).read_text()
        assert "never replaces a model of other tweets" in page
        assert "Two sources of tweets" in page
        first, second = sorted(registry.versions(), key=lambda each: int(each.version))
        assert second.tags["decision"] == decision.reason
        assert first.tags[HIDDEN + "source"] == '{"tweets": {}}'
        assert str(registry.champion().version) == "1"
    finally:
        tracking.client().delete_registered_model(registry.MODEL_NAME)

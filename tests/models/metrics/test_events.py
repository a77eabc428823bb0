"""Scores over events: macro F1, Student's intervals over events, differences on the same events."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from models.metrics.events import macro_f1, mean_over_events, rows_by_event, summarise_events

EVENTS = {1: "flood", 2: "quake", 3: "séisme"}


def predictions(right: dict[str, tuple[float, ...]], rows: int = 200) -> pa.Table:
    """Out-of-fold predictions of models that are right about these shares of each event's rows."""
    random = np.random.default_rng(1)
    parts = []
    for name, shares in right.items():
        for fold, share in enumerate(shares, 1):
            target = np.arange(rows) % 2
            label = np.where(random.random(rows) < share, target, 1 - target)
            parts.append(
                pa.table({"model": [name] * rows, "fold": np.full(rows, fold), "target": target, "label": label})
            )
    return pa.concat_tables(parts)


def summary(apart: tuple[str, ...] = ()) -> dict[str, Any]:
    table = predictions({"base": (0.7, 0.6, 0.65), "better": (0.9, 0.8, 0.95)})
    return summarise_events(rows_by_event(table, EVENTS), ["base", "better"], ["base"], apart)


def test_macro_f1_is_the_mean_of_both_classes() -> None:
    random = np.random.default_rng(0)
    labels, called = random.integers(0, 2, 90), random.random(90) < 0.3
    assert macro_f1(labels, called) == pytest.approx(f1_score(labels, called, average="macro"))


def test_an_event_of_one_class_has_no_macro_f1_and_does_not_count() -> None:
    assert np.isnan(macro_f1(np.ones(5), np.ones(5, bool)))
    assert mean_over_events([0.5, float("nan"), 0.7]).value == pytest.approx(0.6)


def test_the_interval_is_students_over_events_however_many_rows_they_have() -> None:
    values = [0.02, 0.05, -0.01, 0.04]
    found = mean_over_events(values)
    test = stats.ttest_1samp(values, 0)
    assert found.interval == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert found.p == pytest.approx(test.pvalue)
    assert np.isnan(mean_over_events([0.5]).interval).all()


def test_every_event_and_the_mean_of_each_model_are_told() -> None:
    found = summary()
    assert [(each["event"], each["rows"], each["positives"]) for each in found["events"]] == [
        (name, 200, 100) for name in EVENTS.values()
    ]
    means = {each["model"]: each for each in found["event_means"]}
    by_event = [each["scores"]["better"]["macro_f1"] for each in found["events"]]
    assert means["better"]["macro_f1"] == pytest.approx(np.mean(by_event))
    assert means["better"]["set"] == "all events"
    (difference,) = found["event_comparisons"]
    assert (difference["model"], difference["baseline"], difference["better"]) == ("better", "base", 3)
    assert difference["difference"] == pytest.approx(means["better"]["macro_f1"] - means["base"]["macro_f1"])


def test_events_apart_are_in_no_mean_of_the_others() -> None:
    found = summary(apart=("séisme",))
    counted = {(each["model"], each["set"]): each["events"] for each in found["event_means"]}
    assert counted["base", "other events"] == 2
    assert counted["base", "events apart"] == 1
    assert [each["apart"] for each in found["events"]] == [False, False, True]


def test_macro_f1_of_an_event_is_over_the_classes_that_it_has_or_that_are_called() -> None:
    random = np.random.default_rng(0)
    labels, called = random.integers(0, 3, 90), random.integers(0, 4, 90)
    assert macro_f1(labels, called) == pytest.approx(f1_score(labels, called, average="macro"))
    assert np.isnan(macro_f1(np.full(5, 2), np.arange(5) % 3))


def test_an_event_of_several_classes_has_the_rows_of_each_and_no_f1_of_positives() -> None:
    table = predictions({"base": (0.7, 0.6, 0.65)})
    table = table.set_column(2, "target", pa.array((np.arange(len(table)) % 2 * 2).astype("int64")))
    found = summarise_events(rows_by_event(table, EVENTS), ["base"], [], classes=("none", "drill", "storm"))
    assert found["events"][0]["classes"] == {"none": 100, "drill": 0, "storm": 100}
    assert "positives" not in found["events"][0]
    assert set(found["events"][0]["scores"]["base"]) == {"macro_f1", "accuracy"}

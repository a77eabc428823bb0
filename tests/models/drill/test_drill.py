"""Times of tweets, alerts, and the score card of a drill."""

import math

import numpy as np
import pyarrow as pa
import pytest

from models.drill.alerts import HOUR, TWEETS, watch
from models.drill.policies import POLICIES, compared
from models.drill.score_card import compare, score_event, summarise
from models.drill.sent import DAY, EPOCH, night_of, sent_at
from models.drill.timeline import days_of, right_so_far

MINUTE = 60_000


def identity(milliseconds: int, sequence: int = 0) -> str:
    """The id that a tweet of this time gets."""
    return str((milliseconds - EPOCH << 22) + sequence)


def test_an_id_tells_when_its_tweet_was_sent() -> None:
    times = [1_340_000_000_123, 1_386_547_199_999, 1_386_547_200_000]  # the last two around midnight of 8 December 2013
    ids = pa.array([identity(time, sequence) for sequence, time in enumerate(times)])
    assert sent_at(ids).tolist() == times
    assert night_of(np.array(times)).tolist() == [15509, 16047, 16048]
    assert sent_at(pa.array([], pa.string())).tolist() == []


@pytest.mark.parametrize("odd", ["29000000000", "row 7", "1.2E+18", "-5", ""])
def test_an_id_that_tells_no_time_is_refused_by_name(odd: str) -> None:
    with pytest.raises(ValueError, match=f"the id {odd.replace('+', '.')} tells no time"):
        sent_at(pa.array([identity(1_340_000_000_123), odd]))


def event(minutes: list[int], real: list[int], called: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.array(minutes) * MINUTE, np.array(real), np.array(called, bool)


def test_five_calls_within_an_hour_are_an_alert_and_minutes_run_from_the_first_real_report() -> None:
    times, labels, called = event([0, 10, 20, 30, 40, 50, 65], [0, 1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1, 1])
    found = watch(times, labels, called)
    assert found.minutes == 55  # from minute 10 to minute 65
    assert found.missed == pytest.approx(1 / 6)
    assert found.per_hour == pytest.approx(1 / (65 / 60))
    assert found.wrong == 0


def test_calls_that_are_spread_over_more_than_an_hour_are_no_alert() -> None:
    found = watch(*event([0, 20, 40, 60, 61], [1] * TWEETS, [1] * TWEETS))
    assert found.minutes is None
    assert found.per_hour == 0
    assert math.isnan(found.wrong)
    assert watch(*event([0, 20, 40, 59, 60], [1] * TWEETS, [1] * TWEETS)).minutes == 60


def test_an_alert_of_mostly_wrong_calls_is_wrong_and_stands_for_its_hour() -> None:
    minutes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 70, 71, 72, 73, 74]
    real = [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    found = watch(*event(minutes, real, [1] * 15))
    assert HOUR == 60 * MINUTE
    assert found.minutes == 74 - 3  # the first alert, at minute 4, is wrong: two of five; the rest of its hour is quiet
    assert found.wrong == 0.5


def test_an_event_of_one_class_has_no_macro_f1_and_counts_nowhere() -> None:
    whole = score_event(*event(list(range(10)), [1, 0] * 5, [1, 0] * 5))
    lone = score_event(*event(list(range(10)), [1] * 10, [1] * 10))
    assert whole["macro_f1"] == 1
    assert math.isnan(lone["macro_f1"])
    assert whole["course"] == [1.0] * 5
    both = summarise([whole, lone])
    assert both["macro_f1"] == 1
    assert both["events"] == 2


def test_policies_are_compared_on_the_same_events() -> None:
    rows = [[1, 0] * 5, [1, 1, 0, 0] * 3, [0, 1, 1] * 4]
    right = [score_event(*event(list(range(len(real))), real, real)) for real in rows]
    wrong = [score_event(*event(list(range(len(real))), real, [1 - each for each in real])) for real in rows]
    (found,) = compare({"a": wrong, "b": right}, [("b", "a")])
    assert (found["policy"], found["against"], found["difference"], found["better"]) == ("b", "a", 1.0, 3)


def test_each_policy_is_compared_with_the_first_and_with_those_one_step_away() -> None:
    pairs = compared(list(POLICIES))
    assert ("nightly, chosen labels", "nightly, 3 x random labels") not in pairs  # the later one is named first
    assert ("nightly, 3 x random labels", "nightly, chosen labels") in pairs
    assert ("nightly, random labels, no gate", "nightly, random labels") in pairs
    assert ("nightly, random labels, no gate", "on drift, chosen labels") not in pairs
    assert {name for name, other in pairs if other == "never retrained"} == set(list(POLICIES)[1:])


def test_days_without_tweets_are_left_out_and_shares_run_over_all_tweets_so_far() -> None:
    times = np.array([0, 1, 2 * DAY, 2 * DAY + 5, 2 * DAY + 9])
    labels, called = np.array([1, 0, 1, 1, 0]), np.array([True, True, True, False, False])
    days = days_of(times, labels)
    assert [(each["day"], each["tweets"], each["real"]) for each in days] == [
        ("1970-01-01", 2, 1),
        ("1970-01-03", 3, 2),
    ]
    assert right_so_far(times, labels, called) == [1 / 2, 3 / 5]


def test_of_several_classes_the_tweets_of_each_are_counted_and_there_are_no_alerts() -> None:
    names, labels = ("none", "storm", "drill"), np.array([0, 1, 2, 1, 0, 1])
    times = np.arange(6) * MINUTE
    found = score_event(times, labels, labels, names)
    assert found["classes"] == {"none": 2, "storm": 3, "drill": 1}
    assert found["macro_f1"] == found["right"][0] == 1
    assert not {"minutes", "missed", "positives"} & set(found)
    assert "alerted" not in summarise([found, found])
    wrong = score_event(times, labels, np.zeros(6, int), names)
    assert wrong["macro_f1"] == pytest.approx((0.5 + 0 + 0) / 3)
    (day,) = days_of(times, labels, names)
    assert (day["tweets"], day["classes"]) == (6, {"none": 2, "storm": 3, "drill": 1})

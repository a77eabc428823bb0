"""The promotion gate where the truth is known: by hand, by theory, and by simulation of whole promotions."""

import numpy as np
import pytest
from challengers import held_out_rows, planted_change, seeds_of_one_recipe

from models.classifiers.target import SeveralClasses, target_of
from models.gate import Answers, HeldOut, Service, Verdict, judge, judge_alone, selection_bias
from models.gate.harm import simultaneous_width
from models.gate.paired import one_sided_mid_p
from models.gate.sources import judge_classes, measure_overlap
from models.settings import GateSettings

SERVED = Service(rows=1_000, milliseconds=40)
FAST = GateSettings(resamples=400)
SHARES = (0.5, 0.4, 0.3, 0.3, 0.2, 0.1, 0.1, 0.05)


def random_slices(random: np.random.Generator, rows: HeldOut) -> dict[str, np.ndarray]:
    return {f"slice {number}": random.random(len(rows)) < share for number, share in enumerate(SHARES)}


def decided(
    seed: int, count: int, gain: float, discordance: float = 0.12, harmed: float = 0.0, settings: GateSettings = FAST
) -> Verdict:
    """The verdict on a planted change; where `harmed`, the sixth slice loses as much."""
    random = np.random.default_rng(seed)
    rows = held_out_rows(random, count)
    slices = random_slices(random, rows)
    gains = np.where(slices["slice 5"], -harmed, gain) if harmed else gain
    return judge(rows, *planted_change(random, rows, gains, discordance), slices, SERVED, settings)


@pytest.mark.parametrize(
    ("only_champion", "only_challenger", "p"),
    [(1, 7, 5 / 256), (7, 1, 1 - 5 / 256), (0, 0, 0.5)],  # 8 coins: P(8) = 1/256, P(7) = 8/256
)
def test_mcnemar_counts_coins(only_champion: int, only_challenger: int, p: float) -> None:
    before = np.arange(only_champion + only_challenger) < only_champion
    assert one_sided_mid_p(before, ~before) == pytest.approx(p)


def test_equally_good_seeds_are_seldom_promoted() -> None:
    promoted = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        rows = held_out_rows(random, 500)
        champion, challenger = seeds_of_one_recipe(random, rows, 2)
        promoted += judge(rows, champion, challenger, random_slices(random, rows), SERVED, FAST).promoted
    assert promoted <= 3  # one expected


def test_a_gain_of_two_points_is_promoted_on_5000_rows() -> None:
    assert sum(decided(seed, 5_000, 0.02).promoted for seed in range(10)) >= 8


def test_a_planted_loss_on_a_slice_is_refused_whatever_is_gained_elsewhere() -> None:
    for seed in range(10):
        verdict = decided(seed, 5_000, 0.05, harmed=0.12)
        assert verdict.rules[0].kept
        assert not verdict.promoted
        assert "slice 5" in verdict.reason


def test_slices_seldom_look_harmed_by_chance_however_many_there_are() -> None:
    settings = FAST.model_copy(update={"slice_margin": 0.0})
    harmless = [decided(seed, 1_000, 0.0, settings=settings).rules[2].kept for seed in range(40)]
    assert harmless.count(False) <= 5  # two expected of 40; 13 if each of eight slices were judged by itself


def test_the_bound_of_every_slice_widens_with_their_number() -> None:
    drawn = np.random.default_rng(0).normal(size=(4_000, 20))
    one, all_of_them = (
        simultaneous_width(drawn, np.zeros(20), np.ones(20), np.arange(20) < judged, 0.05) for judged in (1, 20)
    )
    assert one == pytest.approx(1.645, abs=0.05)
    assert all_of_them == pytest.approx(2.80, abs=0.1)  # 0.95 ** (1 / 20) of a normal distribution


def test_a_slice_of_few_rows_is_shown_and_has_no_say() -> None:
    random = np.random.default_rng(0)
    rows = held_out_rows(random, 2_000)
    few = np.arange(len(rows)) < 30
    champion, challenger = planted_change(random, rows, np.where(few, -0.8, 0.08), 0.12)
    verdict = judge(rows, champion, challenger, {"few": few, "empty": np.zeros(len(rows), bool)}, SERVED, FAST)
    (few_rows,) = verdict.slices
    assert (few_rows.judged, few_rows.harmed, verdict.promoted) == (False, False, True)
    assert few_rows.gain < -0.5


def test_copies_of_rows_are_no_further_evidence() -> None:
    random = np.random.default_rng(2)
    rows = HeldOut(random.integers(0, 2, 400), np.arange(400))
    pair = planted_change(random, rows, 0.04, 0.12)
    copied = HeldOut(np.tile(rows.labels, 5), np.tile(rows.groups, 5))
    tiled = [Answers(np.tile(each.probabilities, 5), np.tile(each.called, 5)) for each in pair]
    once, often = judge(rows, *pair, {}, SERVED, FAST).gain, judge(copied, *tiled, {}, SERVED, FAST).gain
    assert once is not None
    assert often is not None
    assert (often.value, often.error, often.p_bootstrap) == pytest.approx((once.value, once.error, once.p_bootstrap))
    assert often.p_mcnemar < 0.01 < often.p  # a test of rows alone is taken in


def test_the_smallest_detectable_gain_is_that_of_the_normal_approximation() -> None:
    random = np.random.default_rng(0)
    rows = HeldOut(random.integers(0, 2, 5_000), np.arange(5_000))
    gain = judge(rows, *planted_change(random, rows, 0.0, 0.12), {}, SERVED, GateSettings()).gain
    assert gain is not None
    assert gain.detectable == pytest.approx((1.960 + 1.282) * np.sqrt(0.12 / 5_000), rel=0.05)


@pytest.mark.parametrize("count", [1, 2, 20, 60])
def test_figures_that_no_model_could_reach_are_not_given(count: int) -> None:
    """Of few rows no possible gain would show, nor a loss on a slice: that is said instead."""
    for seed in range(5):
        verdict = decided(seed, count, 0.0)
        gain = verdict.gain
        assert gain is not None
        room = 1 - verdict.scores["accuracy"][0]
        assert gain.detectable is None or gain.detectable <= room
        assert ("too few rows to tell" in verdict.rules[0].finding) == (gain.detectable is None)
        assert verdict.figures().get("detectable_gain") == gain.detectable
        assert all(each.detectable is None or each.detectable <= each.champion for each in verdict.slices)
    assert count > 2 or gain.detectable is None


def test_a_model_is_not_better_than_itself() -> None:
    random = np.random.default_rng(0)
    rows = held_out_rows(random, 300)
    champion, _ = planted_change(random, rows, 0.0, 0.1)
    verdict = judge(rows, champion, champion, random_slices(random, rows), SERVED, FAST)
    assert [rule.name for rule in verdict.rules if not rule.kept] == ["better"]


def test_an_equal_is_promoted_where_it_need_only_be_no_worse_and_one_that_is_worse_by_the_margin_is_not() -> None:
    settings = GateSettings(resamples=400, promote_if="not worse", margin=0.02)
    equal = [decided(seed, 5_000, 0.0, settings=settings).rules[0] for seed in range(10)]
    assert sum(rule.kept for rule in equal) >= 8
    assert "at worst, within 2 points of loss" in next(rule.finding for rule in equal if rule.kept)
    worse = [decided(seed, 5_000, -0.02, settings=settings).rules[0] for seed in range(40)]
    assert sum(rule.kept for rule in worse) <= 3  # one expected
    assert {rule.name for rule in (*equal, *worse)} == {"not worse"}


def test_a_few_rows_cannot_show_that_a_model_is_no_worse() -> None:
    verdict = decided(0, 60, 0.0, settings=GateSettings(resamples=400, promote_if="not worse"))
    assert not verdict.promoted
    assert "past 2 points of loss" in verdict.reason


def test_copies_that_never_differ_do_not_show_that_a_model_is_no_worse() -> None:
    settings = GateSettings(resamples=400, promote_if="not worse")
    labels, called = np.arange(1_000) % 2, np.arange(1_000) % 3 == 0
    same = Answers(called.astype(float), called)
    for groups, kept in ((4, False), (150, False), (400, True)):
        verdict = judge(HeldOut(labels, np.arange(1_000) % groups), same, same, {}, SERVED, settings)
        assert verdict.rules[0].kept == kept


def test_four_rows_of_a_class_do_not_show_that_a_model_is_no_worse_at_it() -> None:
    settings = GateSettings(resamples=400, promote_if="not worse")
    for rare, kept in ((4, False), (100, True)):
        labels = np.repeat([0, 1, 2], [200, 200, rare])
        rows = HeldOut(labels, np.arange(len(labels)), SeveralClasses(("drill", "flood", "storm")))
        same = Answers(np.eye(3)[labels], labels)
        verdict = judge(rows, same, same, {}, SERVED, settings)
        assert verdict.rules[0].kept == kept


def better_pair(random: np.random.Generator) -> tuple[HeldOut, Answers, Answers]:
    rows = held_out_rows(random, 2_000)
    return rows, *planted_change(random, rows, 0.05, 0.12)


@pytest.mark.parametrize(
    ("service", "broken"),
    [
        (Service(1_000, difference=2e-6, milliseconds=40), "served as trained"),
        (Service(1_000, other_labels=1, milliseconds=40), "served as trained"),
        (Service(failure="no such file"), "served as trained"),
        (Service(1_000, milliseconds=251), "latency"),
    ],
)
def test_a_better_model_that_serves_badly_is_refused(service: Service, broken: str) -> None:
    for verdict in (judge(*better_pair(np.random.default_rng(0)), {}, service, FAST), judge_alone(service, FAST)):
        assert [rule.name for rule in verdict.rules if not rule.kept] == [broken]


def test_a_better_model_that_is_sure_of_everything_is_refused() -> None:
    rows, champion, challenger = better_pair(np.random.default_rng(0))
    sure = Answers(challenger.called.astype(float), challenger.called)
    verdict = judge(rows, champion, sure, {}, SERVED, FAST)
    assert [rule.name for rule in verdict.rules if not rule.kept] == ["calibration"]


def test_a_better_accuracy_bought_with_f1_is_refused() -> None:
    """A quarter of the rows are disasters: who calls none of them is right more often than who guesses."""
    labels = np.arange(2_000) % 4 == 0
    guess = np.random.default_rng(0).random(2_000) < 0.4
    rows = HeldOut(labels.astype(int), np.arange(2_000))
    champion = Answers(np.where(guess, 0.6, 0.4), guess)
    challenger = Answers(np.full(2_000, 0.25), np.zeros(2_000, bool))
    verdict = judge(rows, champion, challenger, {}, SERVED, FAST)
    assert [rule.name for rule in verdict.rules if not rule.kept] == ["F1"]
    assert "F1 0.000" in verdict.reason


def test_the_score_of_a_champion_among_equals_flatters_it_by_less_than_the_bound() -> None:
    random, excess = np.random.default_rng(0), []
    for _ in range(200):
        excess.append(max(0.0, *random.normal(0, 0.01, 50)))
    assert 0.5 * selection_bias(0.01, 50) < np.mean(excess) < selection_bias(0.01, 50)
    assert selection_bias(0.01, 0) == 0


def three_classes(right: tuple[float, float, float], seed: int = 0, count: int = 4_000) -> tuple[HeldOut, Answers]:
    """Rows of a common class and two rarer ones, each called rightly as often as this, else at random."""
    random = np.random.default_rng(seed)
    labels = random.choice(3, count, p=(0.7, 0.2, 0.1))
    called = np.where(random.random(count) < np.array(right)[labels], labels, random.integers(0, 3, count))
    rows = HeldOut(labels, np.arange(count), target_of(("none", "storm", "drill")))
    return rows, Answers(np.eye(3)[called] * 0.7 + 0.1, called)


def test_of_several_classes_macro_f1_decides_where_accuracy_hardly_moves() -> None:
    rows, champion = three_classes((0.8, 0.5, 0.3))
    _, challenger = three_classes((0.8, 0.5, 0.8))
    verdict = judge(rows, champion, challenger, {}, SERVED, FAST)
    assert verdict.promoted
    assert verdict.gain is not None
    assert (verdict.gain.score, verdict.gain.p) == ("macro F1", verdict.gain.p_bootstrap)
    assert verdict.reason.startswith("macro F1 ")
    assert verdict.gain.value == pytest.approx(verdict.scores["f1"][1] - verdict.scores["f1"][0])


def test_a_gain_in_rare_classes_that_costs_accuracy_is_refused() -> None:
    rows, champion = three_classes((0.8, 0.5, 0.3))
    _, challenger = three_classes((0.57, 0.85, 0.95))
    verdict = judge(rows, champion, challenger, {}, SERVED, FAST)
    assert verdict.rules[0].kept
    assert not verdict.promoted
    assert verdict.reason.startswith("accuracy ")


def test_equals_of_several_classes_are_seldom_promoted() -> None:
    promoted = 0
    for seed in range(40):
        rows, _ = three_classes((0.8, 0.5, 0.5), seed, 500)
        other = np.random.default_rng(seed + 1_000)
        again = np.where(other.random(500) < 0.7, rows.labels, other.integers(0, 3, 500))
        once = np.where(other.random(500) < 0.7, rows.labels, other.integers(0, 3, 500))
        pair = [Answers(np.eye(3)[called] * 0.7 + 0.1, called) for called in (once, again)]
        promoted += judge(rows, *pair, {}, SERVED, FAST).promoted
    assert promoted <= 3  # one expected


def test_models_of_other_classes_are_compared_only_where_the_change_is_meant() -> None:
    refused = judge_classes((), ("none", "storm", "drill"), meant=False)
    assert not refused.kept
    assert "disaster and no disaster, the challenger's none, storm, drill" in refused.finding
    assert judge_classes((), ("none", "storm", "drill"), meant=True).kept


def test_the_label_of_most_rows_stands_for_a_group_of_several_classes() -> None:
    test = (np.array(["a", "a", "b"]), np.array([2, 2, 0]))
    assert measure_overlap(1, test, (np.array(["a", "b"]), np.array([2, 1]))).labels == 0.5

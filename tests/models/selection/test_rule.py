"""The choice among models: the simplest of those that the rows cannot tell apart, by rows that calibrated nothing."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.classifiers.calibration import apply_temperature, fit_temperature
from models.metrics.scores import row_losses
from models.selection import Contender, choose_model, cross_fitted, rank_of
from models.selection.rule import EVEN, SIMPLEST_FIRST
from models.settings import Kind

KINDS = st.sampled_from(SIMPLEST_FIRST)
ROWS = 12
LOSSES = st.lists(st.floats(0, 10), min_size=ROWS, max_size=ROWS).map(np.array)
CONTENDERS = st.lists(st.tuples(KINDS, LOSSES), min_size=1, max_size=6)
GROUPS = st.lists(st.integers(0, 8), min_size=ROWS, max_size=ROWS).map(lambda numbers: np.array(numbers, dtype=str))


def named(drawn: list[tuple[Kind, np.ndarray]]) -> list[Contender]:
    return [Contender(f"{kind}/{place}", kind, losses) for place, (kind, losses) in enumerate(drawn)]


def alone(count: int) -> np.ndarray:
    """Every row in a group of its own."""
    return np.arange(count).astype(str)


def noisy(excess: float, deviation: float, rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Losses of two models on the same hard and easy rows, of which the first loses `excess` more on average."""
    random = np.random.default_rng(seed)
    hard, between = random.exponential(0.5, rows), random.normal(0, deviation, rows)
    return 1 + hard + excess + between - between.mean(), 1 + hard


def test_a_difference_that_is_next_to_nothing_goes_to_the_simpler_model() -> None:
    simple, network = noisy(0.0009, 0.4)  # an error of .02
    choice = choose_model([Contender("lstm", "lstm", network), Contender("nb", "nb-svm", simple)], alone(400))
    assert (choice.name, choice.standings[choice.lowest].name) == ("nb", "lstm")
    assert choice.standings[1].error == pytest.approx(0.4 / np.sqrt(400), rel=0.05)
    assert choice.words == (
        f"these 2 cannot be told apart on 400 validation rows: lstm (log loss {network.mean():.3f}), "
        f"nb (+0.001 ± {choice.standings[1].error:.3f}); nb is simpler than lstm and as good as equal to it"
    )


def test_a_difference_that_may_be_noise_goes_to_the_lower_loss_and_is_called_unsure() -> None:
    simple, network = noisy(0.02, 0.4)
    choice = choose_model([Contender("nb", "nb-svm", simple), Contender("lstm", "lstm", network)], alone(400))
    assert (choice.name, [each.name for each in choice.tied]) == ("lstm", ["lstm", "nb"])
    assert choice.words.startswith("these 2 cannot be told apart on 400 validation rows")
    assert choice.words.endswith("; lstm has the lowest log loss")


def test_a_difference_far_beyond_its_error_is_sure() -> None:
    simple, network = noisy(0.05, 0.4)
    choice = choose_model([Contender("nb", "nb-svm", simple), Contender("lstm", "lstm", network)], alone(400))
    assert (choice.name, [each.name for each in choice.tied]) == ("lstm", ["lstm"])
    assert choice.words == (
        f"its log loss on 400 validation rows, {network.mean():.3f}, is surely the lowest: that of the next, nb, is "
        f"higher by 0.050 ± {choice.standings[0].error:.3f}"
    )


def test_what_is_hard_for_both_models_is_no_part_of_the_error() -> None:
    simple, network = noisy(0.02, 0.1)
    easier = 1 + (simple - network), np.ones(400)
    errors = [
        choose_model([Contender("a", "logistic", a), Contender("b", "lstm", b)], alone(400)).standings[0].error
        for a, b in ((simple, network), easier)
    ]
    assert errors[0] == pytest.approx(errors[1])


def test_copies_of_a_row_make_nothing_surer() -> None:
    simple, network = noisy(0.03, 0.4)
    once = [Contender("a", "logistic", simple), Contender("b", "lstm", network)]
    copied = [each._replace(losses=np.repeat(each.losses, 5)) for each in once]
    first, second = choose_model(once, alone(400)), choose_model(copied, np.repeat(alone(400), 5))
    assert second.standings[0].error == pytest.approx(first.standings[0].error)
    assert choose_model(copied, alone(2_000)).standings[0].error < 0.5 * first.standings[0].error


def test_among_models_of_one_kind_the_lower_loss_decides() -> None:
    close = [
        Contender("worse", "logistic", np.array([0.3, 0.5])),
        Contender("better", "logistic", np.array([0.4, 0.3])),
    ]
    assert choose_model(close, alone(2)).name == "better"


def test_models_that_answer_alike_are_equal_and_the_simplest_is_taken() -> None:
    losses = np.array([0.2, 0.7, 0.4])
    contenders = [Contender(kind, kind, losses) for kind in reversed(SIMPLEST_FIRST)]
    assert choose_model(contenders, alone(3)).name == "logistic"


def test_a_single_group_says_nothing_of_others() -> None:
    contenders = [Contender("a", "lstm", np.array([0.1, 0.1])), Contender("b", "logistic", np.array([0.9, 0.9]))]
    choice = choose_model(contenders, np.array(["x", "x"]))
    assert (choice.name, choice.standings[1].error) == ("a", float("inf"))
    assert len(choice.tied) == 2
    assert choice.words == "2 validation rows cannot tell the 2 models apart, a is chosen by chance"


@given(CONTENDERS, GROUPS, st.randoms())
def test_the_order_of_rows_does_not_matter(drawn: list, groups: np.ndarray, random: object) -> None:
    order = np.array(random.sample(range(ROWS), ROWS))  # type: ignore[attr-defined]
    whole = [(kind, np.round(losses * 8) / 8) for kind, losses in drawn]  # sums of these are exact
    first = choose_model(named(whole), groups)
    second = choose_model(named([(kind, losses[order]) for kind, losses in whole]), groups[order])
    assert first.lowest == second.lowest
    errors = [[each.error for each in choice.standings] for choice in (first, second)]
    assert errors[0] == pytest.approx(errors[1])


@given(CONTENDERS, GROUPS)
def test_what_is_chosen_is_even_with_the_lowest_and_no_even_one_is_simpler(drawn: list, groups: np.ndarray) -> None:
    contenders = named(drawn)
    choice = choose_model(contenders, groups)
    assert choice.standings[choice.chosen].tied
    assert choice.standings[choice.lowest].difference == choice.standings[choice.lowest].error == 0
    even = [each.difference <= EVEN for each in choice.standings]
    ranks = [rank_of(each.kind) for each in contenders]
    assert ranks[choice.chosen] == min(rank for rank, near in zip(ranks, even, strict=True) if near)
    assert choice.name in choice.words or len(choice.tied) == 1


@given(CONTENDERS, GROUPS, st.floats(0, 1))
def test_simplicity_never_costs_more_than_it_is_worth(drawn: list, groups: np.ndarray, even: float) -> None:
    choice = choose_model(named(drawn), groups, even)
    assert choice.standings[choice.chosen].difference <= even


@given(CONTENDERS, GROUPS)
def test_without_any_tolerance_the_lowest_loss_wins(drawn: list, groups: np.ndarray) -> None:
    choice = choose_model(named(drawn), groups, even=0)
    assert choice.standings[choice.chosen].loss == min(each.loss for each in choice.standings)


@given(CONTENDERS, GROUPS)
def test_more_tolerance_never_takes_a_less_simple_model(drawn: list, groups: np.ndarray) -> None:
    contenders = named(drawn)
    chosen = [choose_model(contenders, groups, even).chosen for even in (0.0, 0.001, 0.1, 1.0)]
    ranks = [rank_of(contenders[place].kind) for place in chosen]
    assert ranks == sorted(ranks, reverse=True)


def test_every_kind_of_model_has_its_place() -> None:
    assert set(SIMPLEST_FIRST) == set(get_args(Kind))


@pytest.mark.parametrize(
    ("losses", "said"),
    [([], "nothing to choose by"), ([[1.0]], r"has losses of \(1,\)"), ([[1.0, np.nan]], "not finite")],
)
def test_losses_that_cannot_be_compared_are_refused(losses: list[list[float]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        choose_model([Contender("a", "lstm", np.array(each)) for each in losses], alone(2))


def test_no_row_is_calibrated_by_itself_or_its_copies() -> None:
    groups = np.repeat(alone(30), 2)
    seen: list[set[str]] = []

    def calibrate(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
        assert not set(groups[known]) & set(groups[asked])
        seen.append(set(groups[asked]))
        return asked / 100

    np.testing.assert_array_equal(cross_fitted(groups, calibrate), np.arange(60) / 100)
    assert len(seen) == 10
    assert set.union(*seen) == set(groups)


def test_a_temperature_flatters_on_the_rows_that_fitted_it() -> None:
    random, gains = np.random.default_rng(0), []
    for _ in range(40):
        labels, said = random.integers(0, 2, 60), np.clip(random.normal(0.5, 0.2, 60), 0.01, 0.99)
        own = apply_temperature(said, fit_temperature(labels, said))

        def calibrate(known: np.ndarray, asked: np.ndarray, labels=labels, said=said) -> np.ndarray:
            return apply_temperature(said[asked], fit_temperature(labels[known], said[known]))

        crossed = cross_fitted(alone(60), calibrate)
        gains.append(row_losses(labels, crossed).mean() - row_losses(labels, own).mean())
    assert np.mean(gains) > 0.002


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_groups_make_few_folds(rows: int) -> None:
    known_rows: list[int] = []

    def calibrate(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
        known_rows.append(len(known))
        return np.full(len(asked), 0.5)

    assert len(cross_fitted(alone(rows), calibrate)) == rows
    assert known_rows == [rows - 1] * rows

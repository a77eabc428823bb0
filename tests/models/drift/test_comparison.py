"""Two sets of texts of one kind are told apart no more often than the level says; of two kinds, always."""

import numpy as np
import pyarrow as pa
import pytest

from models.drift.comparison import Comparison
from models.drift.estimated_accuracy import Judged, density_ratios, estimate, expected_scores
from models.drift.familiarity import Familiarity
from models.drift.label_shift import estimate_label_shift
from models.drift.sample import Sample
from models.drift.two_sample import compare_distributions, compare_ranks, compare_shares, detectable_effect
from models.drift.verdict import judge, overall
from models.settings import TextSettings
from models.text import tokenize_texts

FIRES = ["fire", "flood", "storm", "smoke", "rescue", "homes", "river", "people"]
PARTIES = ["party", "music", "dance", "tonight", "tickets", "friends", "river", "people"]
FAMILIARITY = Familiarity.of({"Latin": 99}, pa.array([*FIRES, "near", "the"]))


def texts(random: np.random.Generator, words: list[str], rows: int) -> list[str]:
    return [" ".join(random.choice([*words, "near", "the"], random.integers(4, 9))) for _ in range(rows)]


def sample(random: np.random.Generator, written: list[str], mean: float = 0.5) -> Sample:
    column = pa.array(written, pa.string())
    probabilities = random.beta(4 * mean, 4 * (1 - mean), len(written))
    return Sample(column, tokenize_texts(column, TextSettings()), probabilities, probabilities >= 0.5, FAMILIARITY)


def compare(seed: int, words: list[str], rows: int = 300, mean: float = 0.5) -> Comparison:
    random = np.random.default_rng(seed)
    reference = sample(random, texts(random, FIRES, 400))
    labels = (random.random(400) < reference.probabilities).astype(int)
    return Comparison(reference, sample(random, texts(random, words, rows), mean), labels)


def verdict(comparison: Comparison, window: int = 1) -> str:
    return overall(judge(comparison.shifts, (len(comparison.reference), len(comparison.window)), window))


def test_texts_of_one_kind_are_the_same() -> None:
    assert {verdict(compare(seed, FIRES)) for seed in range(15)} == {"same"}


def test_the_vocabulary_test_keeps_its_level() -> None:
    p_values = [compare(seed, FIRES, 120).vocabulary.shift.p for seed in range(60)]
    assert np.mean(np.array(p_values) < 0.1) < 0.25
    assert abs(np.mean([compare(seed, FIRES, 120).vocabulary.shift.effect for seed in range(60)])) < 0.05


def test_texts_of_another_kind_are_found_and_their_words_and_texts_named() -> None:
    comparison = compare(1, PARTIES)
    found = {each.name: each for each in judge(comparison.shifts, (400, 300), 1)}
    assert verdict(comparison) == "shifted"
    assert found["vocabulary"].verdict == found["unknown_words"].verdict == "shifted"
    assert found["hashtags"].verdict == "same"
    assert set(comparison.tokens("vocabulary")[:6]) == set(PARTIES) - {"river", "people"}
    assert set(comparison.tokens("unknown_words")) <= set(PARTIES) - {"river", "people"}
    assert all(set(tweet.split()) & set(PARTIES) for tweet in comparison.tweets("vocabulary"))


def test_few_rows_cannot_tell_unless_the_shift_is_plain() -> None:
    assert verdict(compare(2, FIRES, 40)) == "cannot tell"
    assert verdict(compare(2, PARTIES, 40)) == "shifted"


def test_texts_that_were_learned_from_count_for_what_they_are_and_not_for_their_scores() -> None:
    random = np.random.default_rng(0)
    reference, window = sample(random, texts(random, FIRES, 400)), sample(random, texts(random, FIRES, 400))
    learned = np.arange(400) < 200
    window = Sample(
        window.texts, window.tokens, np.where(learned, 0.99, window.probabilities), window.called | learned, FAMILIARITY
    )
    labels = np.arange(400) % 2
    assert verdict(Comparison(reference, window, labels)) == "shifted"
    assert verdict(Comparison(reference, window, labels, ~learned)) == "same"


def test_p_is_corrected_for_measures_and_windows() -> None:
    comparison = compare(3, FIRES)
    first, tenth = (judge(comparison.shifts, (400, 300), window)[0] for window in (1, 10))
    assert first.p_corrected == pytest.approx(min(1, first.p * len(comparison.shifts) * 2))
    assert tenth.p_corrected == pytest.approx(min(1, tenth.p * len(comparison.shifts) * 110))


@pytest.mark.parametrize("rows", [300, 3_000])
def test_effects_do_not_depend_on_the_number_of_rows(rows: int) -> None:
    random = np.random.default_rng(rows)
    first, second = random.normal(0, 1, rows), random.normal(0.5, 1, rows)
    assert compare_ranks(first, second).effect == pytest.approx(0.5, abs=0.2)
    assert compare_distributions(first, second).effect == pytest.approx(0.5, abs=0.2)
    assert compare_shares(first > 0, first > 0).effect == 0
    mixed = np.concatenate([texts(random, FIRES, rows - rows // 3), texts(random, PARTIES, rows // 3)]).tolist()
    reference = sample(random, texts(random, FIRES, 400))
    shift = Comparison(reference, sample(random, mixed), np.zeros(400)).vocabulary.shift
    assert shift.effect == pytest.approx(0.34, abs=0.08)


def test_a_change_of_spread_alone_is_a_change_of_scores() -> None:
    random = np.random.default_rng(0)
    shift = compare_distributions(random.normal(0, 1, 500), random.normal(0, 3, 500))
    assert shift.p < 1e-6
    assert shift.effect > 0.3


def test_values_that_never_vary_are_the_same() -> None:
    zeros = np.zeros(50)
    assert compare_ranks(zeros, zeros).p == compare_distributions(zeros, zeros).p == 1.0
    assert compare_shares(zeros > 0, zeros > 0).p == 1.0


def test_the_share_of_positives_is_estimated_from_calls_that_are_often_wrong() -> None:
    random = np.random.default_rng(0)

    def called(labels: np.ndarray) -> np.ndarray:
        return random.random(len(labels)) < np.where(labels == 1, 0.8, 0.1)

    labels, now = (random.random(2_000) < share for share in (0.4, 0.1))
    found = estimate_label_shift(labels.astype(int), called(labels), called(now))
    assert found.now == pytest.approx(0.1, abs=0.03)
    assert found.interval is not None
    assert found.interval[0] <= 0.1 <= found.interval[1]
    assert found.shift.p < 1e-6
    guessing = random.random(2_000) < 0.5
    assert estimate_label_shift(labels.astype(int), guessing, guessing).now is None


def test_accuracy_is_estimated_without_labels_within_its_interval() -> None:
    inside, errors = 0, []
    for seed in range(12):
        random = np.random.default_rng(seed)
        chances = [random.beta(0.7, 0.7, rows) for rows in (1_000, 1_500)]
        labels = [random.random(len(each)) < each for each in chances]
        bold = [each**0.5 for each in chances]  # the model says too much: calibration has to mend it
        reference, window = (Judged(each, each >= 0.7) for each in bold)
        found = estimate(reference, labels[0].astype(int), window)
        truth = expected_scores(labels[1].astype(float), window.called)
        assert found.accuracy is not None and found.accuracy_interval is not None  # noqa: PT018
        errors.append(abs(found.accuracy - truth[0]))
        inside += found.accuracy_interval[0] <= truth[0] <= found.accuracy_interval[1]
    assert np.mean(errors) < 0.02
    assert inside >= 10


def test_the_interval_widens_under_drift_and_at_last_nobody_can_say() -> None:
    random = np.random.default_rng(0)
    labels = (random.random(1_000) < 0.5).astype(int)
    judged = Judged(np.clip(labels * 0.4 + random.random(1_000) * 0.6, 0, 1), labels == 1)
    weights = density_ratios(random.normal(0, 1, 1_000), random.normal(1, 1, 1_000))
    widths = [np.ptp(estimate(judged, labels, judged, each).accuracy_interval or ()) for each in (None, weights)]
    assert widths[1] > widths[0]
    far = density_ratios(random.normal(0, 1, 1_000), random.normal(4, 1, 1_000))
    assert "too few labelled texts look like these" in estimate(judged, labels, judged, far).why_not
    assert "script or language" in estimate(judged, labels, judged, foreign=0.3).why_not
    few = Judged(judged.probabilities[:20], judged.called[:20])
    assert estimate(judged, labels, few).accuracy is None


def test_a_detectable_effect_falls_with_the_root_of_the_rows() -> None:
    assert detectable_effect(400, 400, 0.05) == pytest.approx(detectable_effect(100, 100, 0.05) / 2)
    assert detectable_effect(0, 100, 0.05) == np.inf

"""Probabilities of kinds out of a network's logits, their temperature, and the mean of an ensemble."""

import numpy as np
import pytest

from models.classifiers.text_kinds import TextKind, class_probabilities, fit_class_temperature, read_kinds, split_logits

SOURCE, SUBJECT = TextKind("source", ("eyewitness", "media")), TextKind("subject", ("damage", "donations", "warning"))


def test_the_logits_of_the_kinds_stand_behind_the_log_odds_in_their_order() -> None:
    logits = np.arange(12, dtype=float).reshape(2, 6)
    first, second = split_logits(logits, [SOURCE, SUBJECT])
    np.testing.assert_array_equal(first, [[1, 2], [7, 8]])
    np.testing.assert_array_equal(second, [[3, 4, 5], [9, 10, 11]])


def test_probabilities_of_each_kind_sum_to_one_and_a_higher_temperature_makes_them_more_alike() -> None:
    logits = np.random.default_rng(0).normal(size=(20, 6))
    plain = class_probabilities(logits, [SOURCE, SUBJECT])
    modest = class_probabilities(logits, [SOURCE._replace(temperature=4.0), SUBJECT])
    assert all(np.allclose(each.sum(axis=1), 1) for each in plain)
    assert (modest[0].max(axis=1) < plain[0].max(axis=1)).all()
    np.testing.assert_array_equal(modest[0].argmax(axis=1), plain[0].argmax(axis=1))
    np.testing.assert_array_equal(modest[1], plain[1])


def test_the_temperature_is_that_by_which_logits_were_blown_up() -> None:
    random = np.random.default_rng(1)
    true = random.normal(size=(20_000, 3))
    shares = np.exp(true) / np.exp(true).sum(axis=1, keepdims=True)
    labels = (random.random(len(true))[:, None] > shares.cumsum(axis=1)).sum(axis=1)
    assert fit_class_temperature(labels, 2.5 * true) == pytest.approx(2.5, rel=0.05)
    assert fit_class_temperature(labels[:10], 2.5 * true[:10]) == 1.0  # too few to fit by


def test_a_description_without_kinds_has_none_and_one_with_them_gives_them_back() -> None:
    kinds = (SOURCE._replace(temperature=1.5), SUBJECT)
    assert read_kinds({"kinds": [kind.described() for kind in kinds]}) == kinds
    assert read_kinds({"name": "logistic/tf-idf"}) == ()

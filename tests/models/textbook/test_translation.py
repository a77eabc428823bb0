"""The encoder-decoder: it translates numbers that it has never seen, and stops writing where the target ends."""

import numpy as np
import pytest

from models.textbook.translation.network import (
    BEGIN,
    END,
    PADDING,
    Symbols,
    build_translator,
    train_translator,
    translate,
)
from models.textbook.translation.numbers import number_in_digits, number_in_words

WORDS = Symbols.of([number_in_words(number) for number in range(1000)])
DIGITS = Symbols(tuple("0123456789"))


def test_it_translates_numbers_that_it_has_never_seen() -> None:
    numbers = np.random.default_rng(0).permutation(1000)
    learned, unseen = numbers[:800], numbers[800:]
    model = build_translator(len(WORDS), len(DIGITS), 32, seed=1)
    source = WORDS.encode([number_in_words(number) for number in learned])
    target = DIGITS.encode([number_in_digits(number) for number in learned], begin=True)
    losses = train_translator(model, source, target, epochs=10, seed=1)
    assert losses[-1] < 0.1 * losses[0]
    asked = WORDS.encode([number_in_words(number) for number in unseen])
    written = ["".join(DIGITS.decode(ids)) for ids in translate(model, asked, max_length=5)]
    assert np.mean([text == str(number) for text, number in zip(written, unseen, strict=True)]) > 0.95
    assert {len(text) for text in written} == {len(str(number)) for number in unseen}


def test_decoding_stops_at_the_end_mark_or_the_greatest_length_and_writes_no_other_mark() -> None:
    model = build_translator(len(WORDS), len(DIGITS), 2, seed=1)
    scores = model.get_layer("scores")
    asked = WORDS.encode([["one"], ["two", "hundred"]])
    for likeliest, expected in ((END, []), (3, [3] * 6), (PADDING, [4] * 6), (BEGIN, [4] * 6)):
        bias = np.zeros(len(DIGITS))
        bias[4], bias[likeliest] = 1, 2  # whatever is read, this symbol, and the 4 after it
        scores.set_weights([np.zeros(scores.kernel.shape), bias])
        assert translate(model, asked, max_length=6) == [expected, expected]


def test_padding_changes_no_score() -> None:
    model = build_translator(len(WORDS), len(DIGITS), 4, seed=1)
    source, target = WORDS.encode([["two", "hundred"]]), DIGITS.encode([["2", "0"]], begin=True)
    padded = np.pad(source, ((0, 0), (0, 3))), np.pad(target, ((0, 0), (0, 2)))
    plain = model.predict_on_batch([source, target])
    np.testing.assert_allclose(model.predict_on_batch(list(padded))[:, :4], plain, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("number", [-1, 1_000_000])
def test_a_number_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="number must be"):
        number_in_words(number)

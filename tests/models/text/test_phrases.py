"""Learned phrases: the scores of gensim on a real text, and joining as it is read from the left."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings import PhraseSettings
from models.text import Tokens
from models.text.phrases import Phrases, fit_phrases, join_phrases, learn_phrases
from models.text.pieces import MappedPieces


def pairs_of(*pairs: tuple[str, str]) -> Phrases:
    first, second = zip(*pairs, strict=True)
    return Phrases(pa.array(first), pa.array(second), np.ones(len(pairs), np.int64), np.ones(len(pairs)))


def joined(documents: list[list[str]], *pairs: tuple[str, str]) -> list[list[str]]:
    return join_phrases(Tokens.from_lists(documents), pairs_of(*pairs)).to_lists()


def real_sentences() -> list[list[str]]:
    """The abstracts that gensim's package carries, lower-cased."""
    from gensim.test.utils import datapath

    text = Path(datapath("lee_background.cor")).read_text(encoding="utf-8")
    return [line.lower().split() for line in text.splitlines()]


@pytest.mark.parametrize(
    ("score", "threshold"), [("ratio", 10.0), ("ratio", 1.0), ("npmi", 0.5)], ids=["ratio", "low ratio", "npmi"]
)
def test_phrases_and_scores_of_a_real_text_are_those_of_gensim(score: str, threshold: float) -> None:
    from gensim.models.phrases import Phrases as GensimPhrases

    sentences = [[word for word in line if any(map(str.isalnum, word))] for line in real_sentences()]
    scoring = {"ratio": "default", "npmi": "npmi"}[score]
    theirs = GensimPhrases(sentences, min_count=5, threshold=threshold, scoring=scoring)
    ours = fit_phrases([Tokens.from_lists(sentences)], PhraseSettings(score=score, threshold=threshold))
    expected = theirs.export_phrases()
    assert len(expected) > 100
    assert dict(zip(ours.joined.to_pylist(), ours.scores.tolist(), strict=True)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("threshold", [10.0, 0.5], ids=["few phrases", "many that overlap"])
def test_two_passes_cut_a_real_text_as_gensim_does(threshold: float) -> None:
    from gensim.models.phrases import Phrases as GensimPhrases

    sentences = [[word for word in line if any(map(str.isalnum, word))] for line in real_sentences()]
    (tokens,), passes = learn_phrases([Tokens.from_lists(sentences)], PhraseSettings(passes=2, threshold=threshold))
    for _ in range(2):
        sentences = list(GensimPhrases(sentences, min_count=5, threshold=threshold)[sentences])
    assert len(passes) == 2
    assert tokens.to_lists() == sentences
    assert any(word.count("_") >= 2 for word in tokens.words.to_pylist())


def test_a_text_in_pieces_that_are_read_anew_has_the_phrases_of_the_whole() -> None:
    sentences = real_sentences()
    parts = [Tokens.from_lists(sentences[:100]), Tokens.from_lists(sentences[100:])]
    settings = PhraseSettings(passes=2, threshold=1.0)
    (whole,), passes = learn_phrases([Tokens.from_lists(sentences)], settings)
    pieces, found = learn_phrases(MappedPieces(parts, lambda piece: piece), settings)
    for _ in range(2):
        assert [line for piece in pieces for line in piece.to_lists()] == whole.to_lists()
    assert [sorted(each.joined.to_pylist()) for each in found] == [sorted(each.joined.to_pylist()) for each in passes]


def test_the_phrase_that_starts_first_is_joined() -> None:
    assert joined([["new", "york", "city"]], ("york", "city"), ("new", "york")) == [["new_york", "city"]]
    assert joined([["a", "a", "a", "a", "a"]], ("a", "a")) == [["a_a", "a_a", "a"]]


def test_a_phrase_never_crosses_the_border_of_a_document() -> None:
    assert joined([["in", "new"], [], ["york"]], ("new", "york")) == [["in", "new"], [], ["york"]]


def test_a_joined_word_that_the_text_holds_already_is_one_word() -> None:
    tokens = join_phrases(Tokens.from_lists([["new_york", "new", "york"]]), pairs_of(("new", "york")))
    assert tokens.to_lists() == [["new_york", "new_york"]]
    assert len(tokens.words) == len(set(tokens.words.to_pylist()))


def test_masks_and_punctuation_are_no_part_of_phrases() -> None:
    tokens = Tokens.from_lists([["<url>", "<url>", "!", "!", "la", "ronge"]] * 9 + [[f"w{n}"] for n in range(99)])
    found = fit_phrases([tokens], PhraseSettings(passes=1, threshold=1))
    assert found.joined.to_pylist() == ["la_ronge"]


def test_phrases_kept_as_a_table_join_as_before() -> None:
    found = fit_phrases([Tokens.from_lists([["la", "ronge"]] * 9)], PhraseSettings(threshold=0.1))
    again = Phrases.from_table(found.to_table())
    assert join_phrases(Tokens.from_lists([["in", "la", "ronge"]]), again).to_lists() == [["in", "la_ronge"]]


def test_no_pass_and_no_text_change_nothing() -> None:
    tokens = Tokens.from_lists([["new", "york"]] * 9)
    assert learn_phrases([tokens], PhraseSettings()) == ([tokens], [])
    assert learn_phrases([Tokens.from_lists([])], PhraseSettings(passes=3))[1] == []


def test_one_pair_over_and_over_scores_one() -> None:
    tokens = Tokens.from_lists([["la", "ronge"]] * 9)
    scores = fit_phrases([tokens], PhraseSettings(score="npmi")).scores
    assert scores.tolist() == pytest.approx([1])


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=8), max_size=6), st.sampled_from(["ab", "aa", "bc"]))
def test_joining_keeps_every_word_in_its_order(documents: list[list[str]], pair: str) -> None:
    cut = joined(documents, (pair[0], pair[1]), ("c", "a"))
    assert [[part for word in document for part in word.split("_")] for document in cut] == documents

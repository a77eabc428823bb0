"""Bags of words: the numbers of scikit-learn on the same tokens, and what becomes of new documents."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from models.frequencies import FeatureSpace, count_matrix, fit_features, one_hot_matrix, tf_idf_matrix
from models.settings import FrequencySettings
from models.text import Tokens

EVERY = FrequencySettings(max_ngram=1, min_document_frequency=1)
TRAIN = [["fire", "fire", "storm"], ["storm", "fire"], ["flood"], ["the", "fire", "storm", "é!"], []]
NEW = [["fire", "unseen", "storm"], ["storm", "fire", "storm", "fire"], ["unseen"], []]
WORDS = ["a", "ab", "b", "é", "!", "<url>", "n't", "#a", "🔥"]
DOCUMENTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=8), min_size=1, max_size=8)
CHOICES = st.builds(
    FrequencySettings,
    max_ngram=st.integers(1, 3),
    min_document_frequency=st.integers(1, 3),
    max_document_share=st.sampled_from([0.4, 0.9, 1.0]),
    sublinear=st.booleans(),
    smooth=st.booleans(),
)


def rival(kind: type, choice: FrequencySettings, **options: object) -> CountVectorizer:
    """scikit-learn's vectorizer with these settings, fed with tokens."""
    return kind(
        tokenizer=list,
        preprocessor=list,
        token_pattern=None,
        ngram_range=(1, choice.max_ngram),
        min_df=choice.min_document_frequency,
        max_df=choice.max_document_share,
        **options,
    )


@given(documents=DOCUMENTS, new=DOCUMENTS, choice=CHOICES)
@settings(deadline=None)
def test_features_and_numbers_are_those_of_scikit_learn(
    documents: list[list[str]], new: list[list[str]], choice: FrequencySettings
) -> None:
    counter = rival(CountVectorizer, choice)
    weigher = rival(TfidfVectorizer, choice, sublinear_tf=choice.sublinear, smooth_idf=choice.smooth)
    try:
        counter.fit(documents)
    except ValueError:
        with pytest.raises(ValueError, match="no n-gram is in at least"):
            fit_features(Tokens.from_lists(documents), choice)
        return
    weigher.fit(documents)
    space = fit_features(Tokens.from_lists(documents), choice)
    assert space.features.to_pylist() == counter.get_feature_names_out().tolist()
    assert np.array_equal(space.idf, weigher.idf_)
    for rows in (documents, new):
        tokens, counts = Tokens.from_lists(rows), counter.transform(rows).toarray()
        assert np.array_equal(count_matrix(tokens, space).toarray(), counts)
        assert np.array_equal(one_hot_matrix(tokens, space).toarray(), counts > 0)
        assert np.allclose(tf_idf_matrix(tokens, space).toarray(), weigher.transform(rows).toarray(), rtol=1e-14)


def test_a_document_counts_each_feature_as_often_as_it_holds_it() -> None:
    space = fit_features(Tokens.from_lists(TRAIN), EVERY)
    assert space.features.to_pylist() == ["fire", "flood", "storm", "the", "é!"]
    assert count_matrix(Tokens.from_lists(NEW), space).toarray().tolist() == [
        [1, 0, 1, 0, 0],
        [2, 0, 2, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_an_unseen_word_breaks_an_ngram() -> None:
    space = fit_features(Tokens.from_lists(TRAIN), FrequencySettings(max_ngram=2, min_document_frequency=2))
    assert space.features.to_pylist() == ["fire", "fire storm", "storm"]
    assert count_matrix(Tokens.from_lists(NEW), space).toarray().tolist() == [
        [1, 0, 1],
        [2, 1, 2],
        [0, 0, 0],
        [0, 0, 0],
    ]


def test_no_ngram_crosses_the_border_of_documents() -> None:
    space = fit_features(Tokens.from_lists([["a", "b"], ["c"]]), FrequencySettings(min_document_frequency=1))
    assert "b c" not in space.features.to_pylist()


def test_rows_of_tf_idf_have_length_one_or_zero() -> None:
    space = fit_features(Tokens.from_lists(TRAIN), EVERY)
    lengths = np.linalg.norm(tf_idf_matrix(Tokens.from_lists(NEW), space).toarray(), axis=1)
    assert np.allclose(lengths, [1, 1, 0, 0])


def test_matrices_are_the_same_whatever_the_dictionary_of_the_tokens() -> None:
    space = fit_features(Tokens.from_lists(TRAIN), EVERY)
    alone = [count_matrix(Tokens.from_lists([row]), space).toarray()[0].tolist() for row in NEW]
    assert count_matrix(Tokens.from_lists(NEW), space).toarray().tolist() == alone


def test_the_features_stay_sorted_when_fitted_on_a_part_of_the_documents() -> None:
    space = fit_features(Tokens.from_lists(TRAIN).take(np.array([3, 0])), FrequencySettings(min_document_frequency=1))
    names = space.features.to_pylist()
    assert all(first < second for first, second in pairwise(names))
    assert "flood" not in names


def test_a_feature_space_comes_back_from_its_table(tmp_path: Path) -> None:
    space = fit_features(Tokens.from_lists(TRAIN), FrequencySettings(max_ngram=3, min_document_frequency=1))
    pq.write_table(space.to_table(), tmp_path / "features.parquet")
    again = FeatureSpace.from_table(pq.read_table(tmp_path / "features.parquet"))
    tokens = Tokens.from_lists(NEW)
    assert (again.settings, again.documents) == (space.settings, space.documents)
    assert (tf_idf_matrix(tokens, again) != tf_idf_matrix(tokens, space)).nnz == 0


def test_a_table_without_metadata_is_refused() -> None:
    with pytest.raises(ValueError, match="carries documents and settings as metadata"):
        FeatureSpace.from_table(pa.table({"feature": ["a"], "document_count": [1]}))


def test_limits_that_leave_no_feature_are_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match="lower min_document_frequency or raise max_document_share"):
        fit_features(Tokens.from_lists([["a"], ["b"]]), FrequencySettings(min_document_frequency=2))


def test_words_with_blanks_are_refused() -> None:
    with pytest.raises(ValueError, match="words must hold no blank"):
        fit_features(Tokens.from_lists([["New York"]]), EVERY)

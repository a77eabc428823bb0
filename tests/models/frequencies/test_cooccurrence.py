"""Co-occurrence: counted as by hand, however the documents are cut; PPMI and SVD against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, random_array
from threadpoolctl import threadpool_limits

import models.frequencies.cooccurrence
from models.frequencies import CooccurrenceCounter, cooccurrence_vectors, ppmi
from models.settings import CooccurrenceSettings
from models.text import Tokens

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcde"), max_size=12), max_size=5).filter(any)
CHOICES = st.builds(
    CooccurrenceSettings,
    window=st.integers(1, 4),
    weighting=st.sampled_from(["harmonic", "flat"]),
    directed=st.booleans(),
    min_count=st.just(1),
    max_vocabulary=st.sampled_from([2, 9]),
)


def count_by_hand(documents: list[list[str]], words: list[str], choice: CooccurrenceSettings) -> np.ndarray:
    """Every pair of positions, one after the other."""
    matrix = np.zeros((len(words), len(words)))
    for document in documents:
        for here, word in enumerate(document):
            for there in range(here + 1, min(here + choice.window + 1, len(document))):
                if word in words and document[there] in words:
                    pair = words.index(word), words.index(document[there])
                    weight = 1 / (there - here) if choice.weighting == "harmonic" else 1
                    matrix[pair] += weight
                    if not choice.directed:
                        matrix[pair[::-1]] += weight
    return matrix


@given(documents=DOCUMENTS, choice=CHOICES)
def test_pairs_are_counted_as_by_hand(documents: list[list[str]], choice: CooccurrenceSettings) -> None:
    counter = CooccurrenceCounter.over([Tokens.from_lists(documents)], choice)
    assert np.allclose(counter.matrix().toarray(), count_by_hand(documents, counter.words.to_pylist(), choice))


@given(documents=DOCUMENTS, choice=CHOICES, at_once=st.integers(1, 9))
def test_however_the_documents_are_cut_the_sums_are_the_same_to_the_bit(
    documents: list[list[str]], choice: CooccurrenceSettings, at_once: int
) -> None:
    whole = CooccurrenceCounter.over([Tokens.from_lists(documents)], choice)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.frequencies.cooccurrence, "TOKENS_AT_ONCE", at_once)
        pieces = CooccurrenceCounter(whole.words, choice)
        for document in reversed(documents):
            pieces.add(Tokens.from_lists([document]))
        assert np.array_equal(pieces.matrix().toarray(), whole.matrix().toarray())


@pytest.mark.parametrize("directed", [False, True])
def test_keys_of_32_and_of_64_bits_give_the_same_counts(directed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = CooccurrenceSettings(min_count=1, directed=directed)
    tokens = Tokens.from_lists([list("abcabbcad"), list("dcab")])
    narrow = CooccurrenceCounter.over([tokens], settings)
    assert narrow._key_type is np.uint32
    monkeypatch.setattr(CooccurrenceCounter, "_key_type", np.uint64)
    assert np.array_equal(CooccurrenceCounter.over([tokens], settings).matrix().toarray(), narrow.matrix().toarray())


def test_only_frequent_words_are_rows() -> None:
    tokens = Tokens.from_lists([["fire", "in", "fire", "town"], ["in", "fire"]])
    counter = CooccurrenceCounter.over([tokens], CooccurrenceSettings(min_count=2))
    assert counter.words.to_pylist() == ["fire", "in"]


def test_text_without_frequent_words_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match="no word occurs 5 times: lower min_count"):
        CooccurrenceCounter.over([Tokens.from_lists([["fire", "in", "town"]])], CooccurrenceSettings())


def test_mutual_information_is_that_of_the_definition() -> None:
    counts = np.array([[0, 4, 1], [4, 2, 0], [1, 0, 0]], float)
    joint = counts / counts.sum()
    with np.errstate(divide="ignore"):
        expected = np.maximum(np.log(joint / np.outer(joint.sum(axis=1), joint.sum(axis=0))), 0)
    assert np.allclose(ppmi(csr_matrix(counts)).toarray(), expected)


def test_smoothing_lowers_the_information_of_rare_contexts() -> None:
    counts = csr_matrix(np.array([[50, 1], [50, 0], [50, 0]], float))
    assert ppmi(counts, smoothing=0.75)[0, 1] < ppmi(counts)[0, 1]


def test_a_shift_keeps_only_pairs_that_are_so_many_times_likelier_than_chance() -> None:
    counts = csr_matrix(np.random.default_rng(0).integers(0, 9, (6, 6)).astype(float))
    plain, shifted = ppmi(counts).toarray(), ppmi(counts, shift=1.5).toarray()
    assert np.allclose(shifted, np.maximum(plain - np.log(1.5), 0))
    assert 0 < np.count_nonzero(shifted) < np.count_nonzero(plain)
    with pytest.raises(ValueError, match=r"shift must be at least 1, which means no shift, got 0\.5"):
        ppmi(counts, shift=0.5)


def test_mutual_information_is_no_less_sparse_than_the_counts() -> None:
    information = ppmi(csr_matrix(np.array([[9.0, 1], [1, 9]])))
    assert information.nnz == 2


@pytest.mark.parametrize("smoothing", [0, 1.5])
def test_a_smoothing_that_makes_no_sense_is_refused(smoothing: float) -> None:
    with pytest.raises(ValueError, match="smoothing must be above 0 and at most 1"):
        ppmi(csr_matrix((1, 1)), smoothing)


@pytest.mark.parametrize("rows", [40, 400], ids=["dense", "sparse"])
def test_vectors_are_the_leading_singular_vectors(rows: int) -> None:
    matrix = random_array((rows, rows), density=0.1, rng=np.random.default_rng(0), format="csr")
    left, singular, _ = np.linalg.svd(matrix.toarray())
    vectors = cooccurrence_vectors(matrix, 6, seed=1)
    assert vectors.shape == (rows, 6)
    assert np.allclose(np.abs(vectors), np.abs(left[:, :6]) * np.sqrt(singular[:6]), atol=1e-5)


@pytest.mark.parametrize("rows", [40, 400], ids=["dense", "sparse"])
def test_the_bytes_do_not_depend_on_the_threads_of_blas(rows: int) -> None:
    matrix = random_array((rows, rows), density=0.1, rng=np.random.default_rng(0), format="csr")
    made = set()
    for threads in (1, 2):
        with threadpool_limits(threads):
            made.add(cooccurrence_vectors(matrix, 6, seed=1).tobytes())
    assert len(made) == 1


@pytest.mark.parametrize("rows", [40, 400], ids=["dense", "sparse"])
def test_signs_do_not_depend_on_the_seed_and_the_bytes_repeat(rows: int) -> None:
    matrix = random_array((rows, rows), density=0.1, rng=np.random.default_rng(0), format="csr")
    vectors = cooccurrence_vectors(matrix, 6, seed=1)
    assert vectors.tobytes() == cooccurrence_vectors(matrix, 6, seed=1).tobytes()
    assert np.allclose(vectors, cooccurrence_vectors(matrix, 6, seed=2), atol=1e-5)


def test_dimensions_that_the_matrix_lacks_are_zero() -> None:
    vectors = cooccurrence_vectors(csr_matrix(np.array([[0, 2.0], [2, 0]])), 5, seed=1)
    assert vectors.shape == (2, 5)
    assert not vectors[:, 2:].any()


def test_words_of_one_topic_are_nearer_to_each_other_than_to_another_topic() -> None:
    rng = np.random.default_rng(0)
    topics = [["fire", "smoke", "burn", "flame"], ["goal", "match", "team", "score"]]
    documents = [rng.choice(topics[number % 2], size=8).tolist() for number in range(200)]
    counter = CooccurrenceCounter.over([Tokens.from_lists(documents)], CooccurrenceSettings(window=3))
    vectors = cooccurrence_vectors(ppmi(counter.matrix()), 2, seed=1)
    near = dict(zip(counter.words.to_pylist(), vectors / np.linalg.norm(vectors, axis=1, keepdims=True), strict=True))
    assert near["fire"] @ near["smoke"] > 0.9
    assert abs(near["fire"] @ near["goal"]) < 0.1


def test_counters_hold_their_memory_when_blocks_keep_coming() -> None:
    counter = CooccurrenceCounter.over([Tokens.from_lists([list("abcab") * 3])], CooccurrenceSettings(min_count=1))
    for _ in range(100):
        counter.add(Tokens.from_lists([list("abcab") * 3]))
    assert len(counter._sums) <= 2

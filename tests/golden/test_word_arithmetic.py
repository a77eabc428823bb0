"""King - man + woman = queen: the teaching text's sum, worked out by hand and learned from text."""

import numpy as np
import pyarrow as pa
import pytest

from models.settings import EmbeddingSettings
from models.vectors import WordVectors

# Royalty, sex, and what words of their kind have in common.
WORDS = {
    "king": (2.0, 1.0, 0.1),
    "queen": (2.0, -1.0, 0.1),
    "man": (0.2, 1.0, 0.5),
    "woman": (0.2, -1.0, 0.5),
    "crown": (2.0, 0.0, -0.3),
    "bread": (-0.5, 0.1, 2.0),
}


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    return WordVectors(pa.array(list(WORDS)), np.array(list(WORDS.values()), np.float32))


def unit(word: str) -> np.ndarray:
    return np.array(WORDS[word]) / np.linalg.norm(WORDS[word])


def test_the_sum_is_the_cosine_with_king_minus_man_plus_woman(vectors: WordVectors) -> None:
    target = unit("king") - unit("man") + unit("woman")
    expected = {word: unit(word) @ target / np.linalg.norm(target) for word in ("queen", "crown", "bread")}
    assert dict(vectors.analogy("man", "king", "woman")) == pytest.approx(expected, abs=1e-6)
    assert max(expected, key=lambda word: expected[word]) == "queen"


def test_the_product_is_that_of_levy_and_goldberg(vectors: WordVectors) -> None:
    def near(one: str, other: str) -> float:
        return (1 + unit(one) @ unit(other)) / 2

    expected = {
        word: near(word, "king") * near(word, "woman") / (near(word, "man") + 0.001)
        for word in ("queen", "crown", "bread")
    }
    assert dict(vectors.analogy("man", "king", "woman", method="multiply")) == pytest.approx(expected, abs=1e-6)


def royal_text(sentences: int = 4000) -> list[list[str]]:
    """Sentences in which royalty and sex each have words of their own, and the four words have both in common."""
    random = np.random.default_rng(0)
    signs = {
        "royal": [f"royal{n}" for n in range(6)],
        "plain": [f"plain{n}" for n in range(6)],
        "male": [f"male{n}" for n in range(6)],
        "female": [f"female{n}" for n in range(6)],
    }
    kinds = {
        "king": ("royal", "male"),
        "queen": ("royal", "female"),
        "man": ("plain", "male"),
        "woman": ("plain", "female"),
    }
    texts = []
    for number in range(sentences):
        word = list(kinds)[number % 4]
        first, second = kinds[word]
        around = [*random.choice(signs[first], 2), *random.choice(signs[second], 2)]
        texts.append([str(each) for each in [*random.permutation(around)[:2], word, *random.permutation(around)[2:]]])
    return texts


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_vectors_learned_from_text_answer_queen_by_either_method(architecture: str) -> None:
    from models.word2vec import train_vectors

    documents = royal_text()
    words = ["<pad>", "<unk>", *dict.fromkeys(word for document in documents for word in document)]
    ids = np.array([words.index(word) for document in documents for word in document], np.int32)
    settings = EmbeddingSettings(
        architecture=architecture, dimensions=16, window=4, min_count=1, subsample=0, epochs=5, step_tokens=256
    )
    vectors, _ = train_vectors(ids, np.arange(0, len(ids) + 1, 5), pa.array(words), settings, seed=1)
    methods = ("add", "multiply")
    answers = [vectors.analogy("man", "king", "woman", count=1, method=method)[0][0] for method in methods]
    assert answers == ["queen", "queen"]

"""How good word vectors are: rank correlation with human similarity scores, and analogies answered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models.vectors.evaluation_files import Analogy, Similarity
from models.vectors.word_vectors import AnalogyMethod, WordVectors, cosine_product

QUESTIONS_AT_A_TIME = 256  # 256 x 30,000 scores are 30 MB


@dataclass(frozen=True)
class SimilarityScore:
    """Spearman's rank correlation with the human scores over the covered pairs; coverage is covered / pairs."""

    spearman: float
    pairs: int
    covered: int

    @property
    def coverage(self) -> float:
        """Share of the pairs whose words both have a vector."""
        return self.covered / self.pairs

    def summary(self) -> dict[str, float | int | None]:
        """The figures as JSON holds them: no correlation, over fewer than three pairs, is null."""
        spearman = None if np.isnan(self.spearman) else self.spearman
        return {"spearman": spearman, "covered": self.covered, "pairs": self.pairs, "coverage": self.coverage}


@dataclass(frozen=True)
class AnalogyScore:
    """Answers right among the questions covered; a question is covered when its four words are in the vocabulary."""

    correct: int
    covered: int
    questions: int

    @property
    def accuracy(self) -> float:
        """Share of the covered questions answered right; NaN when none is covered."""
        return self.correct / self.covered if self.covered else float("nan")

    @property
    def coverage(self) -> float:
        """Share of the questions that could be asked."""
        return self.covered / self.questions if self.questions else float("nan")

    def summary(self) -> dict[str, float | int | None]:
        """The figures as JSON holds them: no accuracy, where nothing could be asked, is null."""
        return {
            "accuracy": self.accuracy if self.covered else None,
            "correct": self.correct,
            "covered": self.covered,
            "questions": self.questions,
            "coverage": self.coverage if self.questions else None,
        }


def evaluate_similarities(vectors: WordVectors, pairs: Sequence[Similarity]) -> SimilarityScore:
    """Spearman's correlation of cosines with human scores. Words are looked up as written, else in lower case."""
    from scipy.stats import spearmanr

    words = sorted({word for one, other, _ in pairs for word in (one, other)})
    spellings = {word: word if word in vectors else word.lower() for word in words}
    _, found = vectors.rows_for(pa.array(spellings.values(), pa.string()))
    known = dict(zip(words, found, strict=True))
    covered = [(one, other, score) for one, other, score in pairs if known[one] and known[other]]
    if len(covered) < 3:
        return SimilarityScore(float("nan"), len(pairs), len(covered))
    ones, others, scores = zip(*covered, strict=True)
    sides = [vectors.directions_of([spellings[word] for word in side]) for side in (ones, others)]
    cosines = (sides[0] * sides[1]).sum(axis=1)
    return SimilarityScore(float(spearmanr(cosines, scores).statistic), len(pairs), len(covered))


def evaluate_analogies(
    vectors: WordVectors,
    sections: dict[str, list[Analogy]],
    restrict_vocabulary: int = 30_000,
    method: AnalogyMethod = "add",
) -> dict[str, AnalogyScore]:
    """Scores by section, and "total" over all, among the `restrict_vocabulary` most frequent words.

    As gensim's evaluate_word_analogies counts: a question with a word outside is not asked, and the three words asked
    with are not answers.
    """
    limit = min(restrict_vocabulary, len(vectors))
    asked = [(name, question) for name, questions in sections.items() for question in questions]
    rows = [[find_row(vectors, word, limit) for word in question] for _, question in asked]
    covered = np.array([None not in question for question in rows], bool)
    right = np.zeros(len(asked), bool)
    if covered.any():
        questions = np.array([question for question in rows if None not in question], np.int64)
        right[covered] = answer(vectors, questions[:, :3], limit, method) == questions[:, 3]
    names = np.array([name for name, _ in asked])
    parts = {name: names == name for name in sections} | {"total": np.ones(len(asked), bool)}
    return {
        name: AnalogyScore(int(right[part].sum()), int(covered[part].sum()), int(part.sum()))
        for name, part in parts.items()
    }


def answer(vectors: WordVectors, questions: np.ndarray, limit: int, method: AnalogyMethod) -> np.ndarray:
    """The best row among the first `limit` for questions (questions, 3) of rows: int64 (questions,)."""
    words, places = np.unique(questions, return_inverse=True)
    cosines = vectors.directions[words] @ vectors.directions[:limit].T  # every word asked about with every answer
    places = places.reshape(questions.shape)
    answers = np.empty(len(questions), np.int64)
    for start in range(0, len(questions), QUESTIONS_AT_A_TIME):
        part = slice(start, start + QUESTIONS_AT_A_TIME)
        one, other, third = (cosines[places[part, i]] for i in range(3))
        scores = other - one + third if method == "add" else cosine_product(one, other, third)
        np.put_along_axis(scores, questions[part], -np.inf, axis=1)
        answers[part] = scores.argmax(axis=1)
    return answers


def find_row(vectors: WordVectors, word: str, limit: int | None = None) -> int | None:
    """The row of a word as written, else of its lower case; None when neither is among the first `limit` rows."""
    for spelling in (word, word.lower()):
        row = vectors.rows.get(spelling)
        if row is not None and (limit is None or row < limit):
            return row
    return None

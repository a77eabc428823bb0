"""What people judged of words, read from files, and how far word vectors agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.vectors.evaluation import AnalogyScore, SimilarityScore, evaluate_analogies, evaluate_similarities
from models.vectors.evaluation_files import (
    Analogy,
    Similarity,
    SimilarityColumns,
    parse_analogies,
    parse_similarities,
)
from tasks.sources import read_text

if TYPE_CHECKING:
    from models.vectors import WordVectors

EVALUATION_WORDS = 30_000  # the usual vocabulary limit of the analogy test


@dataclass(frozen=True)
class Judgements:
    """Pairs of words with human scores, and analogies by section; either may be missing."""

    pairs: list[Similarity] | None
    questions: Mapping[str, list[Analogy]] | None

    @classmethod
    def read(
        cls, similarities: Path | str | None, analogies: Path | str | None, columns: SimilarityColumns | None = None
    ) -> "Judgements":
        """Those of these files or addresses, whichever is given; `columns` are those of the similarity file."""
        pairs = None if similarities is None else parse_similarities(read_text(similarities), columns)
        return cls(pairs, None if analogies is None else parse_analogies(read_text(analogies)))

    def understood(self) -> dict[str, int]:
        """How many pairs and questions were understood, of those that were given."""
        pairs = {} if self.pairs is None else {"pairs": len(self.pairs)}
        questions = None if self.questions is None else sum(map(len, self.questions.values()))
        return pairs if questions is None else {**pairs, "questions": questions}

    def __bool__(self) -> bool:
        """Whether there is anything to score on."""
        return self.pairs is not None or self.questions is not None

    def similarity(self, vectors: "WordVectors") -> SimilarityScore | None:
        """The agreement with the pairs; None without pairs."""
        return None if self.pairs is None else evaluate_similarities(vectors, self.pairs)

    def analogies(self, vectors: "WordVectors", vocabulary: int = EVALUATION_WORDS) -> dict[str, AnalogyScore] | None:
        """Answers among so many of the most frequent words, by section and in "total"; None without questions."""
        return None if self.questions is None else evaluate_analogies(vectors, dict(self.questions), vocabulary)

    def scores(self, vectors: "WordVectors") -> dict[str, float]:
        """Scores and coverage under the names that all runs give them."""
        found: dict[str, float] = {}
        if similarity := self.similarity(vectors):
            found |= {"similarity/wordsim353": similarity.spearman, "similarity/coverage": similarity.coverage}
        if sections := self.analogies(vectors):
            found |= {"analogy/total": sections["total"].accuracy, "analogy/coverage": sections["total"].coverage}
        return found

    def summary(self, vectors: "WordVectors", vocabulary: int) -> dict[str, Any]:
        """Every score with its counts, as plain values."""
        scores: dict[str, Any] = {}
        if similarity := self.similarity(vectors):
            scores["similarity"] = similarity.summary()
        if sections := self.analogies(vectors, vocabulary):
            scores["analogy"] = {name: score.summary() for name, score in sections.items()}
        return scores

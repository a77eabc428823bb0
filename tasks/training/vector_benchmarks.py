"""What people judged of words, read from files, and how far word vectors agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.vectors.evaluation import evaluate_analogies, evaluate_similarities
from models.vectors.evaluation_files import Analogy, Similarity, parse_analogies, parse_similarities
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
    def read(cls, similarities: Path | None, analogies: Path | None) -> "Judgements":
        """Those of these snapshots, whichever is given."""
        pairs = None if similarities is None else parse_similarities(read_text(similarities))
        return cls(pairs, None if analogies is None else parse_analogies(read_text(analogies)))

    def __bool__(self) -> bool:
        """Whether there is anything to score on."""
        return self.pairs is not None or self.questions is not None

    def scores(self, vectors: "WordVectors") -> dict[str, float]:
        """Scores and coverage under the names that all runs give them."""
        found: dict[str, float] = {}
        if self.pairs is not None:
            similarity = evaluate_similarities(vectors, self.pairs)
            found |= {"similarity/wordsim353": similarity.spearman, "similarity/coverage": similarity.coverage}
        if self.questions is not None:
            total = evaluate_analogies(vectors, dict(self.questions), EVALUATION_WORDS)["total"]
            found |= {"analogy/total": total.accuracy, "analogy/coverage": total.coverage}
        return found

"""A window of texts against reference texts: every measure of drift, and the tokens and texts that show it most."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from models.classifiers.calibration import of_called
from models.drift.class_shift import ClassShift, estimate_class_shift
from models.drift.label_shift import LabelShift, estimate_label_shift
from models.drift.sample import HASHTAG, URL, Sample
from models.drift.two_sample import Shift, compare_distributions, compare_ranks, compare_shares
from models.drift.vocabulary import VocabularyShift, compare_vocabularies, weigh_words
from models.text import concat
from models.text.log_odds_words import weighted_log_odds

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_SHOWN = 10
# What a model makes of texts that it learned from says nothing of new ones. Of what the texts are, those are part: left
# out, a window would lack what is often retweeted, and differ from any reference.
BY_MODEL = ("unknown_words", "language", "labels", "scores")
SURE = 2.0  # standard deviations by which a token must be more frequent to be named
TELLING = 90  # percentile of the reference from which on a text of the window counts as showing a shift


@dataclass(frozen=True)
class Comparison:
    """Reference and window; `labels` 0/1 (reference rows,), `new` bool (window rows,): not learned from; None: all.

    Of several classes labels are their numbers.
    """

    reference: Sample
    window: Sample
    labels: np.ndarray
    new: np.ndarray | None = None

    @cached_property
    def vocabulary(self) -> VocabularyShift:
        """The shift of what the texts speak of."""
        return compare_vocabularies(*weigh_words(self._present[1], [len(self.reference), len(self.window)]))

    @property
    def unlearned(self) -> np.ndarray:
        """Whether the model has not learned from each text of the window, bool (rows,)."""
        return np.ones(len(self.window), bool) if self.new is None else self.new

    @cached_property
    def label_shift(self) -> LabelShift:
        """The share of positives before and, estimated, now."""
        return estimate_label_shift(self.labels, self.reference.called, self.window.called[self.unlearned])

    @cached_property
    def class_shift(self) -> ClassShift:
        """The share of each of several classes before and, estimated, now."""
        classes = self.reference.probabilities.shape[1]
        return estimate_class_shift(self.labels, self.reference.called, self.window.called[self.unlearned], classes)

    @property
    def _labels(self) -> tuple[Shift, tuple[np.ndarray, np.ndarray]]:
        """The shift of labels, and which texts are called positive, or called the class that has moved most."""
        called = self.reference.called, self.window.called
        if self.reference.probabilities.ndim == 1:
            return self.label_shift.shift, called
        moved = self.class_shift.moved
        return self.class_shift.shift, (called[0] == moved, called[1] == moved)

    @cached_property
    def values(self) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
        """For each measure its value of every text of the reference and of the window."""
        pair = self.reference, self.window
        usual = Counter(self.reference.scripts).most_common(1)[0][0] if len(self.reference) else None
        scripts = [np.array([script not in (usual, None) for script in each.scripts], bool) for each in pair]
        return {
            "vocabulary": self.vocabulary.affinities,
            "unknown_words": (pair[0].unknown_shares, pair[1].unknown_shares),
            "length": (pair[0].lengths, pair[1].lengths),
            "urls": (pair[0].holds(URL), pair[1].holds(URL)),
            "hashtags": (pair[0].holds(HASHTAG), pair[1].holds(HASHTAG)),
            "language": (pair[0].foreign, pair[1].foreign),
            "script": (scripts[0], scripts[1]),
            "labels": self._labels[1],
            "scores": (of_called(pair[0].probabilities), of_called(pair[1].probabilities)),
        }

    @cached_property
    def shifts(self) -> dict[str, Shift]:
        """The shift of every measure."""
        found = {}
        for name, (before, every) in self.values.items():
            now = every[self.unlearned] if name in BY_MODEL else every
            if name == "vocabulary":
                found[name] = self.vocabulary.shift
            elif name == "labels":
                found[name] = self._labels[0]
            elif name == "scores":
                found[name] = compare_distributions(before, now)
            else:
                found[name] = (compare_shares if before.dtype == bool else compare_ranks)(before, now)
        return found

    def shows(self, name: str) -> np.ndarray:
        """How much each text of the window shows the shift of this measure, float (rows,); ties go by vocabulary."""
        _, now = self._towards(name)
        spread = float(np.ptp(now)) or 1.0
        affinity = self.vocabulary.affinities[1]
        return now / spread + 1e-6 * affinity / (float(np.abs(affinity).max(initial=0.0)) or 1.0)

    def _towards(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The values of this measure in reference and window, so signed that the window's mean is the larger one."""
        before, now = (each.astype(float) for each in self.values[name])
        sign = 1.0 if name == "vocabulary" or _mean(now) >= _mean(before) else -1.0
        return sign * before, sign * now

    def tweets(self, name: str) -> list[str]:
        """The texts of the window that show the shift of this measure most."""
        order = np.argsort(-self.shows(name), kind="stable")[:MOST_SHOWN]
        return [str(self.window.texts[int(row)]) for row in order]

    def tokens(self, name: str) -> list[str]:
        """The tokens that are most frequent in the texts that show it, compared with all of the reference.

        Of unknown words, those that the model does not know.
        """
        before, now = self._towards(name)
        telling = now > np.percentile(before, TELLING) if len(before) else now > 0
        if not telling.any():
            telling = now >= now.max(initial=-np.inf)
        words, counts_before, counts_now = self._counts(telling)
        scores = weighted_log_odds(counts_now, counts_before)
        if name in ("unknown_words", "language") and self.window.familiarity.words is not None:
            scores[self.window.familiarity.knows(words)] = -np.inf
        order = np.argsort(-scores, kind="stable")[:MOST_SHOWN]
        return [str(words[int(each)]) for each in order if scores[each] > SURE]

    @cached_property
    def _present(self) -> "tuple[pa.StringArray, csr_matrix]":
        """The distinct words of both, and whether each text holds each: sparse (rows, words)."""
        together = concat([self.reference.tokens, self.window.tokens])
        return together.words, together.occurrences().astype(float)

    def _counts(self, telling: np.ndarray) -> tuple[pa.StringArray, np.ndarray, np.ndarray]:
        words, present = self._present
        start = len(self.reference)
        rows = np.flatnonzero(telling) + start
        before, now = (np.asarray(part.sum(axis=0)).ravel() for part in (present[:start], present[rows]))
        return words, before, now


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0

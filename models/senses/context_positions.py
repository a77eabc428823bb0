"""What words at one distance tell of the senses: skip-gram with the full softmax, fitted by Newton's method."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from models.senses.contexts import ABSENT, ZONES, WordSpace, columns, word_weights

RIDGE = 10.0  # holds tilts near zero, where senses do not differ: as if ten more occurrences said so


@dataclass(eq=False)
class Zone:
    """One part of all contexts, and what its words tell of the senses.

    places int32 (occurrences, places) into the words seen here; weights float64 alike, 0 where no word stands; outputs
    (seen, width) rows of the hidden-output matrix; log_base (seen, 1) logarithms of their shares here; tilts (senses,
    width) a variable.
    """

    places: tf.Tensor
    weights: tf.Tensor
    outputs: tf.Tensor
    log_base: tf.Tensor
    tilts: tf.Variable

    @classmethod
    def over(cls, contexts: np.ndarray, place: int, space: WordSpace, senses: int) -> "Zone":
        """The zone of this place in ZONES, its tilts zero: all senses alike."""
        distances, factor = ZONES[place]
        rows = contexts[:, columns(distances)]
        seen, places = np.unique(rows, return_inverse=True)
        # Right beside the word, frequent words are what tells: "the capital of" and "north sea".
        counted = word_weights(space)[rows] if len(distances) > 1 else np.ones(rows.shape)
        weights = np.where(rows == ABSENT, 0, factor * counted)
        base = np.bincount(places.reshape(-1), weights.reshape(-1), len(seen)) + 1e-9
        return cls(
            tf.constant(places.reshape(rows.shape).astype(np.int32)),
            tf.constant(weights),
            tf.constant(np.where(seen[:, None] == ABSENT, 0, space.outputs[seen]).astype(np.float64)),
            tf.constant(np.log(base / base.sum())[:, None]),
            tf.Variable(np.zeros((senses, space.outputs.shape[1]))),
        )

    def learn(self, beliefs: np.ndarray) -> np.ndarray:
        """Fit the tilts to the beliefs (occurrences, senses); return what each occurrence then says, alike."""
        senses = beliefs.shape[1]
        shared = tf.reshape(self.weights[:, :, None] * beliefs[:, None, :], [-1, senses])
        counts = tf.math.unsorted_segment_sum(shared, tf.reshape(self.places, [-1]), len(self.outputs))
        for _ in range(2):
            self.newton_step(counts)
        evidence = self.outputs @ tf.transpose(self.tilts) - self.normalizers()
        return tf.reduce_sum(self.weights[:, :, None] * tf.gather(evidence, self.places), axis=1).numpy()

    def newton_step(self, counts: tf.Tensor) -> None:
        """Climb the likelihood, concave in the tilts, for counts (seen, senses) of the words in contexts of each sense.

        The gradient is what was counted less what is expected; the curvature is the covariance of the output rows.
        """
        probabilities = tf.nn.softmax(self.log_base + self.outputs @ tf.transpose(self.tilts), axis=0)
        totals = tf.reduce_sum(counts, axis=0)
        gradient = tf.matmul(counts - totals * probabilities, self.outputs, transpose_a=True) - RIDGE * self.tilts
        mean = tf.matmul(probabilities, self.outputs, transpose_a=True)
        weighted = tf.transpose(probabilities)[:, :, None] * self.outputs
        covariance = tf.matmul(weighted, self.outputs, transpose_a=True) - mean[:, :, None] * mean[:, None, :]
        curvature = totals[:, None, None] * covariance + RIDGE * tf.eye(self.outputs.shape[1], dtype=tf.float64)
        self.tilts.assign_add(tf.linalg.solve(curvature, gradient[:, :, None])[:, :, 0])

    def normalizers(self) -> np.ndarray:
        """Logarithms of the constants that make probabilities, float64 (senses,)."""
        return tf.reduce_logsumexp(self.log_base + self.outputs @ tf.transpose(self.tilts), axis=0).numpy()

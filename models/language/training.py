"""Training a language model: pieces of equal length together, sampled softmax, sparse steps; same seed, same bytes."""

import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from models.language.documents import Documents, frame_documents
from models.language.loss import Places, next_word_loss, sampled_loss
from models.language.network import noise_probabilities, state_reader
from models.language.settings import LanguageSettings
from models.recurrent.backends.lazy_adam import LazyAdam, sum_repeated_rows
from models.recurrent.state import TrainingState
from models.recurrent.training import mean_loss
from models.recurrent.watch import NetworkWatch
from models.seeds import generator
from models.text.batching import epoch_batches, length_batches, pad_documents
from models.training.checkpoints import NO_HOOKS, Epoch, TrainingHooks

GRADIENT_NORM = 1.0
LAST_RATE = 0.05  # of the first
CHECKPOINT_BATCHES = 200
PIECES_AT_ONCE = 64  # in evaluation: scores of all words are large


def train_language_model(
    model: keras.Model,
    train: Documents,
    validation: Documents,
    settings: LanguageSettings,
    seed: int,
    hooks: TrainingHooks = NO_HOOKS,
) -> list[Epoch]:
    """Fit the model's weights to encoded documents and return the scores of every epoch.

    Stops after `settings.patience` epochs without a lower validation loss and leaves the weights of the best one.
    A token is a word, or the end of a document, that was predicted, once for each direction. `validation/log_loss` is
    the mean of -ln P(token) under the full softmax, unknown words counted as the one unknown word;
    `validation/perplexity` is its exponential. `hooks.on_progress` hears how many tokens have been trained on; from a
    checkpoint the same bits come out.
    Raises ValueError when there is nothing to learn from or to be judged by.
    """
    tf.config.experimental.enable_op_determinism()
    trainer = Trainer(model, train, settings, seed)
    pieces = frame_documents(Documents(*validation), trainer.mark, settings.max_length)
    if not len(trainer.lengths) or len(pieces.offsets) < 2:
        raise ValueError("a language model needs documents to learn from and others to be judged by: give more text")
    state = trainer.state
    if hooks.start is not None:
        state.restore(hooks.start)
    evaluate = _evaluator(model)
    while len(state.history) < settings.epochs and state.epochs_since_best < settings.patience:
        scores = trainer.train_epoch(hooks)
        loss = evaluate(pieces, settings.max_length)
        scores |= {"validation/log_loss": loss, "validation/perplexity": float(np.exp(loss))}
        state.end_epoch(scores, model.get_weights())
        hooks.end_epoch(len(state.history) - 1, scores, state.to_checkpoint)
    model.set_weights(state.best_weights)
    return state.history


def evaluate_language_model(model: keras.Model, documents: Documents, max_length: int) -> float:
    """Mean -ln P(token) of documents under the full softmax, over all directions of the model."""
    mark = model.get_layer("next_word").vocabulary - 1
    return _evaluator(model)(frame_documents(Documents(*documents), mark, max_length), max_length)


class Trainer:
    """The compiled step over a model's weights, the pieces that it reads, and how far it has come."""

    def __init__(self, model: keras.Model, train: Documents, settings: LanguageSettings, seed: int) -> None:
        self.mark = model.get_layer("next_word").vocabulary - 1
        self.settings, self.seed = settings, seed
        train = Documents(*train)
        pieces = frame_documents(train, self.mark, settings.max_length)
        self.padded, self.lengths = pad_documents(*pieces, settings.max_length + 1)
        self.tokens = int((self.lengths - 1).sum()) * len(settings.directions)
        counts = np.bincount(train.ids, minlength=self.mark)
        self.noise = np.cumsum(noise_probabilities(counts))
        self.samples = settings.samples_for(self.mark + 1)
        self.optimizer = LazyAdam(settings.learning_rate)
        self.optimizer.build(model.trainable_variables)
        self.state = TrainingState([*model.variables, *self.optimizer.variables], model.get_weights())
        self.watch = NetworkWatch(model, "a language model", float(np.log(self.mark + 1)), settings.learning_rate)
        self.step = _training_step(model, self.optimizer, counts, sampled=self.samples > 0)

    def train_epoch(self, hooks: TrainingHooks) -> Epoch:
        """Train the rest of an epoch from the batch where the state is; mean loss and speed."""
        state, epoch = self.state, len(self.state.history)
        start = time.perf_counter() - state.seconds
        batches = epoch_batches(self.lengths, self.settings.batch_size, self.seed, epoch)
        for number in range(len(state.losses), len(batches)):
            share = (epoch + number / len(batches)) / self.settings.epochs
            state.losses.append(self.train_batch(batches[number], f"epoch-{epoch}/batch-{number}", share))
            if hooks.on_progress is not None:
                hooks.on_progress((epoch + (number + 1) / len(batches)) * self.tokens)
            if len(state.losses) % CHECKPOINT_BATCHES == 0:
                state.seconds = time.perf_counter() - start
                self.check(batches[: number + 1], number + 1)
                hooks.offer(state.to_checkpoint)
        loss, norm = self.check(batches)
        seconds = time.perf_counter() - start
        return {
            "train/loss": loss,
            "train/largest_norm": norm,
            "seconds": seconds,
            "tokens_per_second": self.tokens / seconds,
        }

    def check(self, done: list[np.ndarray], batch: int | None = None) -> tuple[float, float]:
        """Mean loss of the batches of this epoch that are done, and the longest row. Raises DivergenceError."""
        tokens = sum(int((self.lengths[rows] - 1).sum()) for rows in done) * len(self.settings.directions)
        loss = mean_loss(self.state.losses, tokens)
        return loss, self.watch.check(self.state.epoch, loss, batch)

    def train_batch(self, rows: np.ndarray, name: str, share: float) -> tf.Tensor:
        """One step over these pieces, when this share of the training is behind; the sum of its tokens' losses."""
        rate = self.settings.learning_rate * (1 - (1 - LAST_RATE) * share)
        return self.step(*self.batch(rows, name), np.float32(rate))

    def batch(self, rows: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
        """What a step reads: pieces int32 (batch, length), and the words int32 (samples,) drawn for it by this name."""
        draws = generator(self.seed, f"language/noise/{name}").random(self.samples)
        drawn = np.minimum(np.searchsorted(self.noise, draws), self.mark).astype(np.int32)
        return self.padded[rows, : self.lengths[rows].max()], drawn


def _places(reader: keras.Model, pieces: tf.Tensor, training: bool) -> Places:
    """All places of the pieces, all directions in a row."""
    lengths = tf.math.count_nonzero(pieces, axis=1)
    turned = {"forward": pieces, "backward": tf.reverse_sequence(pieces, lengths, seq_axis=1)}
    read = [turned[ids.name] for ids in reader.inputs]
    states = tf.nest.flatten(reader([each[:, :-1] for each in read], training=training))
    width = states[0].shape[-1]
    flat = tf.concat([tf.reshape(each, (-1, width)) for each in states], axis=0)
    targets = tf.concat([tf.reshape(each[:, 1:], [-1]) for each in read], axis=0)
    return Places(flat, targets, tf.cast(targets > 0, tf.float32))


def _training_step(
    model: keras.Model, optimizer: LazyAdam, counts: np.ndarray, sampled: bool
) -> Callable[..., tf.Tensor]:
    """One optimizer step over (pieces, words drawn, learning rate), traced once; the sum of the tokens' losses."""
    reader, output, weights = state_reader(model), model.get_layer("next_word"), model.trainable_variables
    noise = tf.constant(noise_probabilities(counts), tf.float32)
    frequency = tf.constant(noise_probabilities(counts, power=1.0), tf.float32)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((None,), tf.int32),
            tf.TensorSpec((), tf.float32),
        ]
    )
    def step(pieces: tf.Tensor, drawn: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            half = tf.shape(pieces)[0] // 2  # each half's recurrence keeps a processor of its own busy
            parts = [_places(reader, part, training=True) for part in (pieces[:half], pieces[half:])]
            table, bias = output.table.value, output.bias.value
            if sampled:
                loss = sampled_loss(parts, table, bias, drawn, noise, frequency)
            else:
                loss = next_word_loss(parts, table, bias)
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        gradients, _ = tf.clip_by_global_norm([sum_repeated_rows(g) for g in gradients], GRADIENT_NORM)
        optimizer.learning_rate.assign(rate)
        optimizer.apply(gradients, weights)
        return loss * tf.add_n([tf.reduce_sum(part.weights) for part in parts])

    return step


def _evaluator(model: keras.Model) -> Callable[[Documents, int], float]:
    """A function (pieces, longest) -> mean loss of their tokens under the full softmax."""
    reader, output = state_reader(model), model.get_layer("next_word")

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def loss_of(pieces: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        places = _places(reader, pieces, training=False)
        return next_word_loss([places], output.table.value, output.bias.value), tf.reduce_sum(places.weights)

    def evaluate(pieces: Documents, longest: int) -> float:
        padded, lengths = pad_documents(*pieces, longest + 1)
        batches = length_batches(lengths, PIECES_AT_ONCE)
        sums = np.array([loss_of(padded[rows, : lengths[rows].max()]) for rows in batches], np.float64)
        return float(np.average(sums[:, 0], weights=sums[:, 1]))

    return evaluate

"""The same recurrent classifier as tutorials write it in Keras and as PyTorch users do, to be timed beside ours.

Embedding (trained), dropout, one LSTM, its last state, dropout, a dense output; Adam; the same rows cut at the same
length. Each function returns one that trains an epoch; the rows are ids, offsets and labels.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from models.settings import ClassifierSettings
from models.text.batching import epoch_batches, pad_documents

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]
Epoch = Callable[[], None]


class Torch(NamedTuple):
    """A network of PyTorch: `train` makes an epoch, `predict` gives probabilities of rows."""

    train: Epoch
    predict: Callable[[Rows], np.ndarray]


def tutorial_epoch(rows: Rows, settings: ClassifierSettings, vocabulary: int) -> Epoch:
    """Every tweet padded to the longest length, `mask_zero`, plain `fit`."""
    import keras

    keras.utils.set_random_seed(1)
    padded, _ = pad_documents(rows[0], rows[1], settings.max_length)
    layers = [
        keras.layers.Embedding(vocabulary, settings.dimensions, mask_zero=True),
        keras.layers.Dropout(settings.dropout),
        keras.layers.LSTM(settings.units),
        keras.layers.Dropout(settings.dropout),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
    if settings.bidirectional:
        layers[2] = keras.layers.Bidirectional(layers[2])
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(settings.learning_rate), "binary_crossentropy")
    return lambda: model.fit(padded, rows[2], settings.batch_size, verbose=0)


def torch_rival(rows: Rows, settings: ClassifierSettings, vocabulary: int, how: str, seed: int = 1) -> Torch:
    """nn.LSTM over batches that are `padded` to the longest length of all, `bucketed` by our own length buckets and cut
    to their longest, or those `packed`; `sparse` is bucketed with SparseAdam on the embedding.
    """
    import torch

    torch.manual_seed(seed)
    padded, lengths = pad_documents(rows[0], rows[1], settings.max_length)
    targets = rows[2] * (1 - settings.label_smoothing) + settings.label_smoothing / 2
    targets = torch.from_numpy(targets.astype(np.float32))
    table = torch.nn.Embedding(vocabulary, settings.dimensions, padding_idx=0, sparse=how == "sparse")
    lstm = torch.nn.LSTM(settings.dimensions, settings.units, batch_first=True, bidirectional=settings.bidirectional)
    head = torch.nn.Linear((1 + settings.bidirectional) * settings.units, 1)
    drop = torch.nn.Dropout(settings.dropout)
    dense = [*lstm.parameters(), *head.parameters()]
    optimizers: list[Any] = [torch.optim.Adam(dense, settings.learning_rate)]
    kind = torch.optim.SparseAdam if how == "sparse" else torch.optim.Adam
    optimizers.append(kind(list(table.parameters()), settings.learning_rate))
    epochs = iter(range(1_000_000))

    def batches() -> Iterator[np.ndarray]:
        if how == "padded":
            yield from np.array_split(np.random.permutation(len(padded)), -(-len(padded) // settings.batch_size))
        else:
            yield from epoch_batches(lengths, settings.batch_size, seed, next(epochs))

    def logits(ids: np.ndarray, sizes: np.ndarray) -> Any:
        sizes = np.maximum(sizes, 1)
        states = drop(table(torch.from_numpy(ids[:, : padded.shape[1] if how == "padded" else sizes.max()]).long()))
        if how == "padded":
            _, (last, _) = lstm(states)
        else:  # packed, so that the last state of each tweet is that of its last word
            packed = torch.nn.utils.rnn.pack_padded_sequence(states, sizes, batch_first=True, enforce_sorted=False)
            _, (last, _) = lstm(packed)
        return head(drop(torch.cat(list(last), dim=1))).squeeze(1)

    def bucketed(ids: np.ndarray, sizes: np.ndarray) -> Any:
        """The state at each tweet's last word out of all states of a batch padded to its longest."""
        sizes = np.maximum(sizes, 1)
        every, (last, _) = lstm(drop(table(torch.from_numpy(ids[:, : sizes.max()]).long())))
        if settings.bidirectional:  # nearly equal lengths: the few steps of padding are read, as PyTorch users accept
            return head(drop(torch.cat(list(last), dim=1))).squeeze(1)
        return head(drop(every[torch.arange(len(ids)), torch.from_numpy(sizes - 1)])).squeeze(1)

    answer = bucketed if how in ("bucketed", "sparse") else logits

    def train() -> None:
        drop.train()
        for batch in batches():
            for optimizer in optimizers:
                optimizer.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                answer(padded[batch], lengths[batch]), targets[batch]
            )
            loss.backward()
            # As ours; a sparse gradient's norm is its values'.
            if how != "sparse":
                torch.nn.utils.clip_grad_norm_([*dense, *table.parameters()], 1.0)
            for optimizer in optimizers:
                optimizer.step()

    def predict(others: Rows) -> np.ndarray:
        drop.eval()
        ids, sizes = pad_documents(others[0], others[1], settings.max_length)
        with torch.no_grad():
            return torch.sigmoid(answer(ids, sizes)).numpy()

    return Torch(train, predict)

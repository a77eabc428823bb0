"""Training speed of a language model: ours and PyTorch's nn.LSTM, tokens per second.

    python tests/benchmarks/bench_language.py --documents 3000 --rounds 3 --softmax sampled

Same network, same batches of documents of like length, same words drawn for the sampled softmax, same dropout and
clipping, Adam on both sides; ours with deterministic operations. PyTorch is shown with Adam over all of the two tables
of vectors, and with gradients and Adam that touch only the rows in use, as ours does. Rounds alternate and the best of
each is shown, beside the processor time of that round: other work on the machine slows all of them.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator

import numpy as np

from models.language.documents import Documents
from models.language.network import build_language_model, noise_probabilities
from models.language.settings import LanguageSettings
from models.language.training import GRADIENT_NORM, Trainer
from models.text.batching import epoch_batches

Batch = tuple[np.ndarray, np.ndarray]  # pieces (batch, length), words drawn (samples,)


def documents(count: int, vocabulary: int) -> Documents:
    """Documents with the lengths of real tweets (mean 16.7, 90 % up to 25) and Zipf's frequencies."""
    random = np.random.default_rng(0)
    lengths = np.clip(np.round(random.normal(16.7, 6, count)), 2, 37).astype(int)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    chance = 1 / np.arange(2, vocabulary)
    return Documents(random.choice(np.arange(2, vocabulary), offsets[-1], p=chance / chance.sum()), offsets)


def batches_of(trainer: Trainer) -> list[Batch]:
    """What an epoch of ours reads."""
    chosen = epoch_batches(trainer.lengths, trainer.settings.batch_size, 1, 0)
    return [trainer.batch(rows, f"epoch-0/batch-{number}") for number, rows in enumerate(chosen)]


def our_epoch(trainer: Trainer, batches: list[Batch]) -> Callable[[], float]:
    """One epoch of ours; returns its loss."""

    def epoch() -> float:
        rate = np.float32(trainer.settings.learning_rate)
        return sum(float(trainer.step(*batch, rate)) for batch in batches) / trainer.tokens

    return epoch


def torch_epoch(trainer: Trainer, batches: list[Batch], counts: np.ndarray, sparse: bool) -> Callable[[], float]:
    """One epoch of the same network in PyTorch; returns its loss."""
    import torch

    settings, rows = trainer.settings, trainer.mark + 1
    table = torch.nn.Embedding(rows, settings.dimensions, sparse=sparse)
    lstm = torch.nn.LSTM(settings.dimensions, settings.units, settings.layers, batch_first=True)
    vectors = torch.nn.Embedding(rows, settings.units, sparse=sparse and trainer.samples > 0)
    bias = torch.nn.Embedding(rows, 1, sparse=sparse and trainer.samples > 0)
    with torch.no_grad():
        bias.weight.copy_(torch.from_numpy(np.log(noise_probabilities(counts, 1.0)))[:, None])
        table.weight.uniform_(-0.1, 0.1)
        vectors.weight.uniform_(-(settings.units**-0.5), settings.units**-0.5)
    noise, frequency = (torch.from_numpy(noise_probabilities(counts, power)).float() for power in (0.75, 1.0))
    everything = [*table.parameters(), *lstm.parameters(), *vectors.parameters(), *bias.parameters()]
    some = {id(module.weight) for module in (table, vectors, bias) if module.sparse}
    optimizers = [torch.optim.Adam([each for each in everything if id(each) not in some], settings.learning_rate)]
    if some:
        optimizers.append(torch.optim.SparseAdam([e for e in everything if id(e) in some], settings.learning_rate))

    def drop(values: torch.Tensor) -> torch.Tensor:
        keep = 1 - settings.dropout
        return values * (torch.bernoulli(torch.full((len(values), 1, values.shape[2]), keep)) / keep)

    def loss_of(states: torch.Tensor, targets: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        if not trainer.samples:
            scores = torch.addmm(bias.weight[:, 0], states, vectors.weight.T)
            return torch.nn.functional.cross_entropy(scores, targets)
        candidates, places = torch.unique(torch.cat([targets, drawn]), return_inverse=True)
        missed = len(drawn) * torch.log1p(-noise[candidates]) + len(targets) * torch.log1p(-frequency[candidates])
        shift = bias(candidates)[:, 0] - torch.log(-torch.expm1(missed))
        scores = torch.addmm(shift, states, vectors(candidates).T)
        return torch.nn.functional.cross_entropy(scores, places[: len(targets)])

    def clip() -> None:
        gradients = [each.grad.coalesce().values() if each.grad.is_sparse else each.grad for each in everything]
        norm = torch.sqrt(sum(each.square().sum() for each in gradients))
        for each in everything:
            each.grad.mul_(GRADIENT_NORM / torch.clamp(norm, min=GRADIENT_NORM))

    def step(pieces: torch.Tensor, drawn: torch.Tensor) -> float:
        for optimizer in optimizers:
            optimizer.zero_grad()
        states, _ = lstm(drop(table(pieces[:, :-1])))
        targets = pieces[:, 1:].reshape(-1)
        places = torch.nonzero(targets)[:, 0]
        loss = loss_of(drop(states).reshape(-1, settings.units)[places], targets[places], drawn)
        loss.backward()
        clip()
        for optimizer in optimizers:
            optimizer.step()
        return loss.item() * len(places)

    tensors = [(torch.from_numpy(pieces).long(), torch.from_numpy(drawn).long()) for pieces, drawn in batches]
    return lambda: sum(step(*batch) for batch in tensors) / trainer.tokens


def rivals(given: argparse.Namespace, settings: LanguageSettings) -> Iterator[tuple[str, Callable[[], float], int]]:
    """Name, epoch to time and tokens of each."""
    read = documents(given.documents, given.vocabulary)
    counts = np.bincount(read.ids, minlength=given.vocabulary)
    trainer = Trainer(build_language_model(settings, counts, 1), read, settings, 1)
    batches = batches_of(trainer)
    yield "ours", our_epoch(trainer, batches), trainer.tokens
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: its rows are left out")
        return
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    yield "PyTorch, Adam", torch_epoch(trainer, batches, counts, sparse=False), trainer.tokens
    yield "PyTorch, SparseAdam", torch_epoch(trainer, batches, counts, sparse=True), trainer.tokens


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=3_000)
    parser.add_argument("--vocabulary", type=int, default=16_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--softmax", choices=("full", "sampled"), default="sampled")
    for name in ("dimensions", "units", "layers", "batch-size", "samples"):
        default = LanguageSettings.model_fields[name.replace("-", "_")].default
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    names = ("softmax", "dimensions", "units", "layers", "batch_size", "samples")
    settings = LanguageSettings(**{name: getattr(given, name) for name in names})
    timed = list(rivals(given, settings))
    best = {name: (np.inf, 0.0, 0.0) for name, _, _ in timed}
    for number in range(given.rounds + 1):
        for name, epoch, _ in timed:
            start, processor = time.perf_counter(), time.process_time()
            loss = epoch()
            round_of = (time.perf_counter() - start, time.process_time() - processor, loss)
            if number:  # the first round traces and warms
                best[name] = min(best[name], round_of)
    tokens = timed[0][2]
    print(f"{settings}\n{tokens:,} tokens, vocabulary {given.vocabulary:,}, load {os.getloadavg()[0]:.1f}")
    print(f"{'training':20} {'tokens/s':>10} {'ours / it':>10} {'processor s':>12} {'loss':>6}")
    for name, (seconds, processor, loss) in best.items():
        ratio = seconds / best["ours"][0]
        print(f"{name:20} {tokens / seconds:10,.0f} {ratio:10.2f} {processor:12.1f} {loss:6.2f}")


if __name__ == "__main__":
    main()

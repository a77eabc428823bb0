"""How well a network tells kinds of information that it learns beside the label, on texts of held-out groups or events.

    python tests/benchmarks/bench_kinds.py fit --tweets train.csv --kinds CrisisLexT26 --pretrain-on tweeteval --keep D
    python tests/benchmarks/bench_kinds.py report --keep D

With `--events folders` each fold holds out whole events and every copy of their texts, else groups of near-duplicates.
The network is the last of the recipe that starts from word vectors; it learns the training tweets and the texts of the
other folds together. The rival is one-vs-rest TF-IDF + logistic regression on the same texts. `--pretrain-on` and
`--corpus` give texts for word vectors alone: without those of the kinds no text of a held-out event is read unlabelled.
`fit` keeps the answers of each fold; folds that are there are not fitted again.
"""

import argparse
import time
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from bench_choice import Fixed, keep, prepared
from fit_and_report import parsers, run

from models.classifiers.text_kinds import NO_LABEL
from models.settings import Recipe

VALIDATION = 0.1


class Texts(NamedTuple):
    """Texts with labels int32 (texts, kinds), the classes of each kind, groups and events."""

    tokens: Any
    labels: np.ndarray
    classes: dict[str, list[str]]
    groups: pa.Array
    events: pa.Array


def read_texts(source: str, recipe: Recipe) -> Texts:
    """The texts of the first table that carries labels, each once."""
    from models.splitting.splits import raw_groups
    from models.text import repair_texts, tokenize_texts
    from tasks.sources.labels import read_labelled_texts

    found = read_labelled_texts(source, events="folders")[0]
    repaired = repair_texts(found.texts.combine_chunks())[0]
    table = pa.table({"text": repaired, "event": found.events.combine_chunks(), **found.labels})
    first = np.sort(np.unique(repaired.to_numpy(zero_copy_only=False).astype(str), return_index=True)[1])
    table = table.take(pa.array(first))
    classes = {name: sorted(pc.unique(table[name].drop_null()).to_pylist()) for name in found.labels}
    labels = [
        pc.fill_null(pc.index_in(table[name], pa.array(of_kind)), NO_LABEL).to_numpy()
        for name, of_kind in classes.items()
    ]
    texts = table["text"].combine_chunks()
    tokens = tokenize_texts(texts, recipe.text)
    events = pc.fill_null(table["event"].combine_chunks(), "")
    return Texts(tokens, np.column_stack(labels).astype(np.int32), classes, raw_groups(texts), events)


def splits_of(texts: Texts, given: argparse.Namespace, number: int) -> dict[str, np.ndarray]:
    """Row numbers of train, validation and test in this fold."""
    from models.splitting.folds import assign_folds, in_share

    folds = assign_folds(texts.events if given.events else texts.groups, given.folds, given.seed)
    held = folds == number
    shared = pc.is_in(texts.groups, pc.unique(texts.groups.filter(pa.array(held)))).to_numpy(zero_copy_only=False)
    chosen = in_share(texts.groups, VALIDATION, given.seed)
    return {
        "train": np.flatnonzero(~shared & ~chosen),
        "validation": np.flatnonzero(~shared & chosen),
        "test": np.flatnonzero(held),
    }


def tell(data: Fixed, texts: Texts, rows: dict[str, np.ndarray], recipe: Recipe, seed: int) -> list[np.ndarray]:
    """The class that the network calls each test row, by kind."""
    from models.classifiers.text_kinds import TextKind, split_logits
    from models.recurrent import build_classifier, frozen_logits, train_classifier
    from models.settings import VocabularySettings
    from models.splitting.splits import assign_splits
    from models.text.vocabulary import RESERVED, fit_vocabulary
    from tasks.training.kinds import KindTexts
    from tasks.training.network import with_kinds

    settings = [each for each in recipe.classifiers if each.features in data.vectors][-1]
    held = pc.is_in(data.table["group"].combine_chunks(), texts.groups.take(pa.array(rows["test"])))
    tweets = np.flatnonzero(~held.to_numpy(zero_copy_only=False))
    splits = np.array(assign_splits(data.table["group"], recipe.split).to_pylist())
    tweets = tweets[splits[tweets] == "train"]
    words = fit_vocabulary(data.tokens.take(tweets), recipe.vocabulary)
    often = fit_vocabulary(texts.tokens.take(rows["train"]), VocabularySettings(min_count=5))
    words = words.extended(often.tokens.slice(len(RESERVED))).extended(data.vectors[settings.features].tokens)
    split = np.full(len(texts.labels), "", object)
    for name, numbers in rows.items():
        split[numbers] = name
    table = pa.table({"group": texts.groups, "split": pa.array(split.tolist())})
    kinds = KindTexts(table, texts.tokens, texts.classes, texts.labels)
    vectors = data.vectors[settings.features].rows_for(words.tokens)[0]
    network = build_classifier(settings, len(words), vectors, seed, kinds.sizes)
    labelled = (*words.encode(data.tokens.take(tweets)), data.table["target"].to_numpy()[tweets])
    nothing = (np.empty(0, np.int32), np.zeros(1, np.int64), np.empty(0, np.int64))
    train_classifier(network, with_kinds(labelled, kinds, words, "train"), nothing, settings, seed)
    logits = frozen_logits(network)(*words.encode(texts.tokens.take(rows["test"])))
    named = [TextKind(name, tuple(of_kind)) for name, of_kind in texts.classes.items()]
    return [part.argmax(axis=1) for part in split_logits(logits, named)]


def rival(texts: Texts, rows: dict[str, np.ndarray], place: int, recipe: Recipe) -> np.ndarray:
    """The class that one-vs-rest TF-IDF + logistic regression calls each test row."""
    from models.classifiers.one_vs_rest import fit_one_vs_rest
    from models.frequencies import fit_features, tf_idf_matrix

    labels = texts.labels[:, place]
    train, validation = (rows[name][labels[rows[name]] != NO_LABEL] for name in ("train", "validation"))
    space = fit_features(texts.tokens.take(train), recipe.frequency)
    known, chosen, asked = (tf_idf_matrix(texts.tokens.take(each), space) for each in (train, validation, rows["test"]))
    return fit_one_vs_rest(known, labels[train], chosen, labels[validation], asked, recipe.logistic)


def fit(given: argparse.Namespace) -> None:
    """Fit the folds that are missing, and keep what was called."""
    recipe, data = prepared(given)
    texts = read_texts(given.kinds, recipe)
    for number in range(1, given.folds + 1):
        path = given.keep / f"{'events' if given.events else 'groups'}-{given.seed}-{number:02}.npz"
        if path.exists():
            continue
        began, rows = time.monotonic(), splits_of(texts, given, number)
        said = tell(data, texts, rows, recipe, given.seed)
        kept: dict[str, np.ndarray] = {
            "groups": texts.groups.take(pa.array(rows["test"])).to_numpy(zero_copy_only=False).astype(str),
            "events": texts.events.take(pa.array(rows["test"])).to_numpy(zero_copy_only=False).astype(str),
        }
        for place, (name, of_kind) in enumerate(texts.classes.items()):
            kept |= {
                f"labels:{name}": texts.labels[rows["test"], place],
                f"network:{name}": said[place],
                f"rival:{name}": rival(texts, rows, place, recipe),
                f"classes:{name}": np.array(of_kind),
            }
        keep(path, kept)
        print(f"{path.stem}: {len(rows['train']):,} texts, {time.monotonic() - began:.0f} s", flush=True)


def report(given: argparse.Namespace) -> None:
    """Macro F1 of network and rival over all held-out texts, the paired interval over groups or events."""
    from models.metrics.classes import compare_macro_f1

    for unit in ("groups", "events"):
        folds = [dict(np.load(path, allow_pickle=False)) for path in sorted(given.keep.glob(f"{unit}-*.npz"))]
        for name in (key.removeprefix("labels:") for key in (folds[0] if folds else ()) if key.startswith("labels:")):
            labels, network, other, drawn = (
                np.concatenate([each[key] for each in folds])
                for key in (f"labels:{name}", f"network:{name}", f"rival:{name}", unit)
            )
            there = labels != NO_LABEL
            size = len(folds[0][f"classes:{name}"])
            found = compare_macro_f1(labels[there], network[there], other[there], drawn[there], size)
            low, high = found.difference.interval
            print(
                f"held-out {unit}, {len(folds)} folds, {name}: {there.sum():,} texts, {size} classes, macro F1 "
                f"{found.first:.4f}, TF-IDF {found.second:.4f}, {found.difference.value:+.4f} "
                f"({low:+.4f} to {high:+.4f})"
            )


def main() -> None:
    """Fit, or report."""
    whole, fitting, _ = parsers(__doc__, fit, report)
    fitting.add_argument("--kinds", required=True)
    fitting.add_argument("--folds", type=int, default=5)
    fitting.add_argument("--seed", type=int, default=1)
    fitting.add_argument("--events", choices=["folders"], help="Hold out events, told by folders, instead of groups.")
    run(whole)


if __name__ == "__main__":
    main()

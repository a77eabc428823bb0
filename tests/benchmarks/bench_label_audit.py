"""How well the audit finds wrong labels that were planted, against cleanlab on the same probabilities.

    python tests/benchmarks/bench_label_audit.py DATA [--draws 3] [--hits 50] [--relabel]

DATA holds disaster_tweets/train.csv. A tenth of its labels is flipped, drawn anew each time. The file's own wrong
labels count as false finds: `hits` shows so many that were not planted, to read. Prints one JSON object. Without
cleanlab (`pip install cleanlab`, which is no dependency) its column is left out, aloud. Two minutes a draw.

With --relabel also what it brings to mend the labels that the audit suspects: on each of five outer folds the audit
sees the other rows alone, people look at a tenth of them and give the label of the file, TF-IDF + logistic regression
learns, and the rows of the fold judge, by the labels of the file. Ten minutes a draw.
"""

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score

from models.classifiers.pipeline import tokenize_rows
from models.frequencies import fit_features, tf_idf_matrix
from models.labels.confident_learning import audit_labels
from models.labels.out_of_fold import out_of_fold
from models.settings import FrequencySettings, TextSettings
from models.splitting.splits import group_digests
from models.text import Tokens, repair_keywords, repair_texts

FLIPPED = 0.1
FOLDS, STRENGTH = 5, 3.0  # outer folds; C of the logistic regression


def rankings(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """How wrong each label looks, float64 (rows,), by our ranking and by cleanlab's."""
    found = {"crisisflow": -audit_labels(probabilities, labels).quality}
    try:
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        sys.stderr.write("cleanlab is not installed: its rankings are left out\n")
        return found
    both = np.stack([1 - probabilities, probabilities], axis=1)
    for method in ("self_confidence", "normalized_margin"):
        found[f"cleanlab {method}"] = -get_label_quality_scores(labels, both, method=method)
        if method == "normalized_margin":
            scores = get_label_quality_scores(labels, both, method=method, adjust_pred_probs=True)
            found[f"cleanlab {method}, adjusted"] = -scores
    return found


def measure(scores: np.ndarray, flipped: np.ndarray) -> dict[str, float]:
    """Average precision, and the share of flipped labels among as many of the worst as a tenth of all."""
    worst = np.argsort(-scores, kind="stable")[: round(len(scores) * FLIPPED)]
    return {
        "average_precision": float(average_precision_score(flipped, scores)),
        "recall_in_top_tenth": float(flipped[worst].sum() / flipped.sum()),
    }


def relabelling(
    tokens: Tokens, labels: np.ndarray, given: np.ndarray, groups: pa.StringArray, draw: int
) -> dict[str, dict[str, float]]:
    """Mean accuracy and F1 of the outer folds, after training on each state of the labels."""
    draws = np.random.default_rng(draw)
    names, members = np.unique(groups.to_numpy(zero_copy_only=False), return_inverse=True)
    folds = draws.permutation(len(names))[members] % FOLDS
    found: dict[str, list[tuple[float, float]]] = {}
    for fold in range(FOLDS):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        seen = tokens.take(train)
        probabilities = out_of_fold(seen, given[train], groups.take(pa.array(train)))
        suspects = np.argsort(audit_labels(probabilities, given[train]).quality, kind="stable")
        looked_at = round(len(train) * FLIPPED)
        states = {
            "as they are": np.empty(0, np.int64),
            "a random tenth mended": draws.permutation(len(train))[:looked_at],
            "the audit's tenth mended": suspects[:looked_at],
            "all mended": np.arange(len(train)),
        }
        space = fit_features(seen, FrequencySettings())
        rows, asked = tf_idf_matrix(seen, space), tf_idf_matrix(tokens.take(test), space)
        for name, mended in states.items():
            learned = given[train].copy()
            learned[mended] = labels[train][mended]
            called = LogisticRegression(C=STRENGTH, max_iter=1_000).fit(rows, learned).predict(asked)
            scores = float(np.mean(called == labels[test])), float(f1_score(labels[test], called))
            found.setdefault(name, []).append(scores)
    means = {name: np.mean(each, axis=0).tolist() for name, each in found.items()}
    return {name: {"accuracy": accuracy, "f1": f1} for name, (accuracy, f1) in means.items()}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--draws", type=int, default=3)
    arguments.add_argument("--hits", type=int, default=50)
    arguments.add_argument("--relabel", action="store_true", help="also what mending suspected labels brings")
    asked = arguments.parse_args()
    with (asked.data / "disaster_tweets" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = repair_texts(pa.array([row["text"] for row in rows]))[0]
    keywords = repair_keywords(pa.array([row["keyword"] or None for row in rows], pa.string()))[0]
    tokens, groups = tokenize_rows(texts, keywords, TextSettings()), group_digests(texts)
    labels = np.array([int(row["target"]) for row in rows])
    results: list[dict[str, Any]] = []
    mended: list[dict[str, dict[str, float]]] = []
    for draw in range(asked.draws):
        flipped = np.zeros(len(labels), bool)
        flipped[np.random.default_rng(draw).choice(len(labels), round(len(labels) * FLIPPED), replace=False)] = True
        given = np.where(flipped, 1 - labels, labels)
        scores = rankings(out_of_fold(tokens, given, groups), given)
        results.append({name: measure(each, flipped) for name, each in scores.items()})
        sys.stderr.write(f"draw {draw}: {json.dumps(results[-1])}\n")
        if asked.relabel:
            mended.append(relabelling(tokens, labels, given, groups, draw))
            sys.stderr.write(f"draw {draw}, relabelled: {json.dumps(mended[-1])}\n")
    worst = [row for row in np.argsort(-scores["crisisflow"]).tolist() if not flipped[row]][: asked.hits]
    hits = [{"id": rows[row]["id"], "label": int(labels[row]), "text": rows[row]["text"]} for row in worst]
    means = {
        name: {figure: float(np.mean([each[name][figure] for each in results])) for figure in results[0][name]}
        for name in results[0]
    }
    sys.stdout.write(
        json.dumps({"draws": asked.draws, "means": means, "relabelled": mended, "not_planted": hits}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()

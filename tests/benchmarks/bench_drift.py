"""False alarms, found shifts and the error of estimated accuracy, on real tweets with a linear model.

    python tests/benchmarks/bench_drift.py DATA [--windows 2000]

DATA holds disaster_tweets/train.csv, tweeteval/ and crisislex/. A part of the Kaggle tweets trains a TF-IDF logistic
regression; reference and windows are drawn from the rest, anew each time. Prints one JSON object. A quarter of an hour.
"""

import argparse
import csv
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from models.drift.comparison import Comparison
from models.drift.estimated_accuracy import Judged, density_ratios, estimate
from models.drift.familiarity import Familiarity
from models.drift.sample import Sample
from models.drift.verdict import judge, overall
from models.settings import TextSettings
from models.splitting.splits import group_digests
from models.text import repair_texts, tokenize_texts

LEARNED, REFERENCE, WINDOW, LONG_WINDOW = 3_500, 1_100, 500, 1_500
REPEATS = 100
EVENTS = ("2013_Alberta_floods", "2013_Australia_bushfire", "2013_Boston_bombings", "2013_Queensland_floods")
NEW_EVENT = "2013_West_Texas_explosion"
NIGHTS, NIGHTLY, MIXED_WINDOW = 12, 0.05, 500


class Model:
    """A TF-IDF logistic regression, and what drift needs to know of it."""

    def __init__(self, texts: np.ndarray, labels: np.ndarray) -> None:
        self.features = TfidfVectorizer(min_df=2)
        self.head = LogisticRegression(C=3).fit(self.features.fit_transform(texts), labels)
        tokens = tokenize_texts(pa.array(texts.tolist(), pa.string()), TextSettings())
        known = tokens.words.filter(pa.array(tokens.counts() >= 2))
        self.familiarity = Familiarity.of({"Latin": len(texts)}, known)

    def sample(self, texts: np.ndarray) -> Sample:
        """What it makes of these texts."""
        column = pa.array(texts.tolist(), pa.string())
        probabilities = self.head.predict_proba(self.features.transform(texts))[:, 1]
        tokens = tokenize_texts(column, TextSettings())
        return Sample(column, tokens, probabilities, probabilities >= 0.5, self.familiarity)


def take(sample: Sample, rows: np.ndarray) -> Sample:
    """These rows of a sample."""
    texts, tokens = sample.texts.take(pa.array(rows)), sample.tokens.take(rows)
    return Sample(texts, tokens, sample.probabilities[rows], sample.called[rows], sample.familiarity)


def distinct(texts: list[str], labels: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Repaired texts of different groups with their labels, shuffled."""
    repaired = repair_texts(pa.array(texts, pa.string()))[0]
    first = np.unique(np.array(group_digests(repaired).to_pylist()), return_index=True)[1]
    order = np.random.default_rng(0).permutation(np.sort(first))
    return np.array(repaired.to_pylist(), object)[order], np.array(labels)[order]


def read_kaggle(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """The Kaggle training tweets."""
    with (data / "disaster_tweets" / "train.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return distinct([row["text"] for row in rows], [int(row["target"]) for row in rows])


def read_event(data: Path, event: str) -> tuple[np.ndarray, np.ndarray]:
    """The tweets of an event of CrisisLexT26, labelled by whether they are related and informative."""
    file = data / "crisislex" / "CrisisLexT26" / event / f"{event}-tweets_labeled.csv"
    with file.open(encoding="utf-8", errors="replace") as lines:
        rows = [{name.strip(): value for name, value in row.items() if name} for row in csv.DictReader(lines)]
    informative = [int(row["Informativeness"].strip() == "Related and informative") for row in rows]
    return distinct([row["Tweet Text"] for row in rows], informative)


def verdict(comparison: Comparison, window: int = 1) -> str:
    """The verdict on a comparison."""
    return overall(judge(comparison.shifts, (len(comparison.reference), len(comparison.window)), window))


def false_alarms(full: Sample, labels: np.ndarray, windows: int) -> dict[str, Any]:
    """How often windows of one kind with the reference raise an alarm."""
    found = []
    for number in range(windows):
        rows = np.random.default_rng(number).permutation(len(full))
        reference, window = rows[:REFERENCE], rows[REFERENCE : REFERENCE + WINDOW]
        found.append(verdict(Comparison(take(full, reference), take(full, window), labels[reference])))
    return {"windows": windows, **{each: found.count(each) for each in ("same", "shifted", "cannot tell")}}


def found_domains(full: Sample, labels: np.ndarray, model: Model, data: Path) -> dict[str, Any]:
    """How often windows of another domain are found, by their rows."""
    result: dict[str, Any] = {}
    for domain in ("emoji", "irony"):
        text = (data / "tweeteval" / domain / "train_text.txt").read_text(encoding="utf-8").splitlines()[:20_000]
        other = model.sample(distinct(text, [0] * len(text))[0])
        for rows in (50, 100, 500):
            found = 0
            for number in range(REPEATS):
                random = np.random.default_rng(number)
                reference = random.permutation(len(full))[:REFERENCE]
                window = take(other, random.permutation(len(other))[:rows])
                found += verdict(Comparison(take(full, reference), window, labels[reference])) == "shifted"
            result[f"{domain}/{rows}"] = found / REPEATS
    return result


def estimated_accuracy(full: Sample, labels: np.ndarray) -> dict[str, float]:
    """The error of the estimate on windows of one kind with the reference, and how often its interval holds."""
    errors, inside, f1_errors, f1_inside = [], [], [], []
    for number in range(REPEATS):
        rows = np.random.default_rng(10_000 + number).permutation(len(full))
        reference, window = rows[:REFERENCE], rows[REFERENCE : REFERENCE + LONG_WINDOW]
        judged = [Judged(full.probabilities[each], full.called[each]) for each in (reference, window)]
        found = estimate(judged[0], labels[reference], judged[1])
        if found.accuracy is None or found.accuracy_interval is None or found.f1 is None or found.f1_interval is None:
            continue
        truth = float(np.mean(judged[1].called == (labels[window] == 1)))
        f1 = f1_score(labels[window], judged[1].called)
        errors.append(abs(found.accuracy - truth))
        inside.append(found.accuracy_interval[0] <= truth <= found.accuracy_interval[1])
        f1_errors.append(abs(found.f1 - f1))
        f1_inside.append(found.f1_interval[0] <= f1 <= found.f1_interval[1])
    means = map(float, map(np.mean, (errors, inside, f1_errors, f1_inside)))
    return dict(zip(("error", "coverage", "f1_error", "f1_coverage"), means, strict=True))


def slow_mixture(data: Path) -> dict[str, Any]:
    """Four events in use, a fifth coming in with 5 % more a night: when it is found, and macro F1 on the way."""
    parts = [read_event(data, event) for event in EVENTS]
    texts, labels = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    order = np.random.default_rng(0).permutation(len(texts))
    texts, labels = texts[order], labels[order]
    half = len(texts) // 2
    model = Model(texts[:half], labels[:half])
    reference = model.sample(texts[half : half + REFERENCE])
    rest, rest_labels = texts[half + REFERENCE :], labels[half + REFERENCE :]
    new, new_labels = read_event(data, NEW_EVENT)
    nights: list[dict[str, Any]] = []
    for night in range(NIGHTS + 1):
        random, share = np.random.default_rng(night), NIGHTLY * night
        fresh = random.choice(len(new), round(MIXED_WINDOW * share), replace=False)
        old = random.choice(len(rest), MIXED_WINDOW - len(fresh), replace=False)
        window = model.sample(np.concatenate([rest[old], new[fresh]]))
        truth = np.concatenate([rest_labels[old], new_labels[fresh]])
        comparison = Comparison(reference, window, labels[half : half + REFERENCE])
        nights.append(
            {
                "share": round(share, 2),
                "verdict": verdict(comparison, night + 1),
                "effect": round(comparison.vocabulary.shift.effect, 3),
                "macro_f1": round(float(f1_score(truth, window.called, average="macro")), 3),
            }
        )
    found = next((each["share"] for each in nights if each["verdict"] == "shifted"), None)
    return {"found_at_share": found, "nights": nights}


def drifted_estimates(full: Sample, labels: np.ndarray, model: Model, data: Path) -> dict[str, Any]:
    """The estimate on tweets of other events, which are nearly all disasters, and the truth."""
    result = {}
    for event in (*EVENTS, NEW_EVENT):
        texts, truth = read_event(data, event)
        window = model.sample(texts)
        comparison = Comparison(take(full, np.arange(REFERENCE)), window, labels[:REFERENCE])
        weights = density_ratios(*comparison.vocabulary.affinities)
        judged = [Judged(each.probabilities, each.called) for each in (comparison.reference, window)]
        found = estimate(judged[0], labels[:REFERENCE], judged[1], weights, float(window.foreign.mean()))
        right = round(float(np.mean(window.called == (truth == 1))), 3)
        result[event] = {"accuracy": found.accuracy, "interval": found.accuracy_interval, "true": right,
                         "why_not": found.why_not}  # fmt: skip
    return result


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--windows", type=int, default=2_000)
    asked = parser.parse_args()
    texts, labels = read_kaggle(asked.data)
    model = Model(texts[:LEARNED], labels[:LEARNED])
    full, held = model.sample(texts[LEARNED:]), labels[LEARNED:]
    measures = {
        "estimated_accuracy": lambda: estimated_accuracy(full, held),
        "found_domains": lambda: found_domains(full, held, model, asked.data),
        "slow_mixture": lambda: slow_mixture(asked.data),
        "drifted_estimates": lambda: drifted_estimates(full, held, model, asked.data),
        "false_alarms": lambda: false_alarms(full, held, asked.windows),
    }
    result: dict[str, Any] = {}
    for name, measure in measures.items():
        start = time.perf_counter()
        result[name] = measure()
        result[f"{name}_seconds"] = round(time.perf_counter() - start, 1)
        print(json.dumps({name: result[name], "seconds": result[f"{name}_seconds"]}), flush=True)


if __name__ == "__main__":
    main()

"""Learning a held-out event from a few of its labels: a trained model goes on from where it is."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from models.classifiers.calibration import call_classes
from models.metrics.probability_columns import probability_columns
from models.seeds import derive_seed
from models.settings import ClassifierSettings
from models.settings.events import AdaptationSettings
from models.splitting.events import Adaptation, adaptation_rows
from tasks.runtime import environment
from tasks.runtime.progress import progress
from tasks.steps import step
from tasks.store import formats
from tasks.tracking import Run
from tasks.training.labelled_tweets import Labelled, LabelledInputs
from tasks.training.network import encode_rows

Adapt = Callable[[np.ndarray, np.ndarray, int], np.ndarray]  # rows learned from, rows asked, draw -> probabilities


@step("adapt {name}", hardware=True)
def adapt_linear(
    run: Run,
    labelled: LabelledInputs,
    model: Path,
    features: Path,
    name: str,
    settings: AdaptationSettings,
    seed: int,
) -> Path:
    """What a linear model says of half of the held-out rows after labels of the other half (see `_answers`)."""
    from models.classifiers.adaptation import adapt_weights
    from models.classifiers.logistic import read_linear

    data, parts = Labelled.read(labelled), formats.read_parts(model / "classifier")
    matrix = formats.read_document_vectors(features, name.partition("/")[2], data.tokens)
    head = read_linear(parts["logistic.npz"])

    def adapt(learned: np.ndarray, asked: np.ndarray, draw: int) -> np.ndarray:
        changed = head
        if len(learned):
            changed = adapt_weights(head, matrix[learned], data.labels[learned], settings.inverse_strength)
        return changed.predict_probabilities(matrix[asked])

    return _record(run, data, name, parts["classifier.json"], adapt, settings, seed)


@step("adapt {network.name}", hardware=True)
def adapt_network(
    run: Run,
    labelled: LabelledInputs,
    model: Path,
    network: ClassifierSettings,
    settings: AdaptationSettings,
    seed: int,
) -> Path:
    """The same of a network: all of its weights go on being trained, on the new labels alone."""
    run.tag(device=environment.load_tensorflow())
    from models.classifiers.calibration import apply_temperature
    from models.recurrent import train_classifier
    from models.recurrent.prediction import predict_probabilities
    from models.vectors.open_vocabulary import OpenVocabulary

    data, parts = Labelled.read(labelled), formats.read_parts(model / "classifier")
    trained, about = parts["network.keras"], parts["classifier.json"]
    words, weights = OpenVocabulary.from_tables(parts), trained.get_weights()
    passes = settings.model_dump(include={"epochs", "learning_rate", "batch_size"})
    training = network.model_copy(update={**passes, "schedule": "one-cycle"})

    def adapt(learned: np.ndarray, asked: np.ndarray, draw: int) -> np.ndarray:
        trained.set_weights(weights)
        if len(learned):
            documents, nothing = (encode_rows(data, words, rows) for rows in (learned, learned[:0]))
            again = derive_seed(seed, f"adapt/{draw}")
            train_classifier(trained, documents, nothing, training, again, target=data.target)
        said = predict_probabilities(trained, *words.encode(data.tokens.take(asked)))
        return apply_temperature(said, about.get("temperature", 1.0))

    return _record(run, data, network.name, about, adapt, settings, seed)


def _record(
    run: Run,
    data: Labelled,
    name: str,
    about: Mapping[str, Any],
    adapt: Adapt,
    settings: AdaptationSettings,
    seed: int,
) -> Path:
    """Adapt the model for every number of labels and every draw; keep what it says of the test half.

    Columns id, group, target, event, labels, draw, model, probability, label; of several classes the probability of
    each. Without labels there is one draw. Numbers of labels that the event has not are left out.
    """
    held = np.zeros(len(data.tweets), bool)
    held[data.rows("test")] = True
    kept = data.tweets["kept"].to_numpy()
    rows = adaptation_rows(data.tweets["group"], held, kept, settings.draws, seed)
    tables = []
    wanted = _planned(rows, settings)
    with progress(f"adapt {name}", total=len(wanted), unit="adaptations") as report:
        for done, (count, draw) in enumerate(wanted, start=1):
            said = adapt(rows.draws[draw - 1][:count], rows.test, draw)
            tables.append(_answers(data, rows.test, said, {"labels": count, "draw": draw, "model": name}, about))
            report(done)
    run.log_metrics({"rows/test": len(rows.test), "rows/to_learn": len(rows.draws[0])})
    return formats.write_artifact("adapted", {formats.ADAPTED: pa.concat_tables(tables)})


def _planned(rows: Adaptation, settings: AdaptationSettings) -> list[tuple[int, int]]:
    """Each number of labels with each draw, none first."""
    numbers = [count for count in sorted(settings.labels) if count <= len(rows.draws[0])]
    return [(0, 1), *((count, draw) for count in numbers for draw in range(1, settings.draws + 1))]


def _answers(
    data: Labelled, rows: np.ndarray, said: np.ndarray, facts: Mapping[str, Any], about: Mapping[str, Any]
) -> pa.Table:
    table = data.tweets.take(pa.array(rows)).select(["id", "group", "target", "event"])
    constant = {name: pa.array([value] * len(rows)) for name, value in facts.items()}
    label = call_classes(said, about["threshold"]).astype(np.int8)
    columns = {name: table[name] for name in table.column_names}
    return pa.table({**columns, **constant, **probability_columns(said), "label": label})

"""A network as the model of a drill: trained again from shared word vectors at each retraining."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.classifiers.calibration import apply_temperature
from models.classifiers.target import TWO, Target
from models.seeds import derive_seed
from models.settings import ClassifierSettings
from models.settings.drill import DrillSettings
from models.text import Tokens
from tasks.drill.classifier import Fitted, Rows
from tasks.runtime import environment
from tasks.store import formats

if TYPE_CHECKING:
    import keras

    from models.text.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class NetworkReader:
    """A trained network, the words that it knows, and the temperature of its probabilities."""

    words: "Vocabulary"
    network: "keras.Model"
    temperature: float

    def predict(self, tokens: Tokens) -> np.ndarray:
        """P(target = 1) of these texts."""
        from models.recurrent import predict_probabilities

        return apply_temperature(predict_probabilities(self.network, *self.words.encode(tokens)), self.temperature)


def fit_network(
    parts: Mapping[str, Rows],
    network: ClassifierSettings,
    settings: DrillSettings,
    vectors: Path | None,
    target: Target = TWO,
) -> Fitted:
    """A network of the training rows, its temperature fitted on the validation rows.

    It starts from the word vectors in `vectors`, if given, whose words it knows too.
    """
    environment.load_tensorflow()
    from models.recurrent import build_classifier, predict_probabilities, train_classifier
    from models.text.vocabulary import fit_vocabulary

    words, rows = fit_vocabulary(parts["train"].tokens, settings.vocabulary), None
    if vectors is not None:
        known = formats.read_vectors(vectors)
        words = words.extended(known.tokens)
        rows = known.rows_for(words.tokens)[0]
    seed = derive_seed(settings.seed, network.name)
    model = build_classifier(network, len(words), rows, seed, label_classes=target.size)
    train, validation = ((*words.encode(each.tokens), each.labels) for each in parts.values())
    train_classifier(model, train, validation, network, seed, target=target)
    said = predict_probabilities(model, *validation[:2])
    temperature = target.fit_temperature(parts["validation"].labels, said)
    return Fitted(NetworkReader(words, model, temperature), words.tokens, apply_temperature(said, temperature))

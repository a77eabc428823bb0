"""The model as MLflow keeps it: this file, the classifier's parts, and the package that predicts with them.

MLflow runs this file by itself wherever the model is loaded: it imports nothing from the checkout. The package comes
under a name that holds its digest, so two models logged by two versions of the code live in one process.
"""

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import mlflow.models
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.pyfunc.model import PythonModel

# The classifiers of a version that was promoted, by what each is for: `served` answers, `judged` is asked by the gate.
# Other models hold one, `classifier`, which is both.
SERVED, JUDGED, ONLY = "served", "judged", "classifier"
# As in training, so that bits do not depend on how many threads a machine has. TensorFlow reads them when it starts.
ARITHMETIC = {"TF_ENABLE_ONEDNN_OPTS": "1", "TF_NUM_INTRAOP_THREADS": "1"}


def read_parts(folder: Path, package: str) -> dict[str, Any]:
    """All files of a classifier's folder, by name, each read by its suffix; a folder inside is parts of its own.

    Nothing is unpickled.
    """
    return {path.name: _read(path, package) for path in sorted(folder.iterdir())}


def _read(path: Path, package: str) -> Any:
    if path.is_dir():
        return read_parts(path, package)
    if path.suffix == ".parquet":
        return pq.read_table(path)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    if path.suffix == ".keras":
        import keras

        with keras.saving.custom_object_scope(_layers_of(package)):
            return keras.saving.load_model(path, compile=False)
    return json.loads(path.read_text())


def _layers_of(package: str) -> dict[str, type]:
    """The package's own layers by their registered names.

    Another version of the code may have registered its layers under the same names: Keras' registry is left as it was.
    """
    import keras

    registry = keras.saving.get_custom_objects()
    before = dict(registry)
    defined = vars(importlib.import_module(f"{package}.recurrent.layers")).values()
    registry.clear()
    registry.update(before)
    layers = [each for each in defined if isinstance(each, type) and issubclass(each, keras.layers.Layer)]
    return {keras.saving.get_registered_name(layer): layer for layer in layers}


def import_package(folder: Path) -> str:
    """Import the package in this folder under the folder's own name; return the name.

    The name holds the digest of the code: a package of that name from another folder is the same, but that folder may
    be gone, so what is still to be imported, of its inner packages too, comes from this one.
    """
    name = folder.name
    if name in sys.modules:
        for module, known in list(sys.modules.items()):
            top, *inner = module.split(".")
            if top == name and hasattr(known, "__path__"):
                known.__path__ = [str(folder.joinpath(*inner))]
        return name
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} holds no package: the logged model is incomplete")
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    return name


def text_column(values: Any) -> pa.Array:
    """Any column as strings: what is missing stays missing, what is not a string is written out as one."""
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    r"""The value as text that UTF-8 can hold: half a surrogate pair, which JSON can bring, becomes a question mark.

    >>> [_text(value) for value in ("fire", None, float("nan"), 7, b"smoke", ["a"], "\ud83d!")]
    ['fire', None, None, '7', 'smoke', "['a']", '?!']
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    elif not isinstance(value, str) and pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class LoggedClassifier(PythonModel):
    """Raw tweets in (text, and keyword where there is one), probability and label out."""

    def load_context(self, context: Any) -> None:
        """Put the classifier together from the model's artifacts."""
        for variable, value in ARITHMETIC.items():
            os.environ.setdefault(variable, value)
        package = import_package(Path(context.artifacts["package"]))
        pipeline = importlib.import_module(f"{package}.classifiers.pipeline")
        asked = (context.model_config or {}).get("part", SERVED)
        if asked not in (SERVED, JUDGED):
            raise ValueError(f"part must be {SERVED} or {JUDGED}, got {asked!r}")
        self.part, self.groups = asked if asked in context.artifacts else ONLY, context.artifacts.get("groups")
        self.classifier = pipeline.assemble(read_parts(Path(context.artifacts[self.part]), package))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """A row for each row: probability (of a real disaster) and label (1 from the model's threshold on).

        Of a label of several classes the name of the likeliest, its probability, and that of each class in a column of
        its own. Of every kind that the model knows, in a column of its name, the likeliest class, and its probability.
        """
        texts = text_column(model_input["text"])
        keywords = text_column(model_input["keyword"]) if "keyword" in model_input else None
        probabilities, kinds = self.classifier.answers(texts, keywords)
        columns = self._label(probabilities)
        for kind, of_classes in zip(self.classifier.kinds, kinds, strict=True):
            columns[kind.name] = np.array(kind.classes, object)[of_classes.argmax(axis=1)]
            columns[f"{kind.name}_probability"] = of_classes.max(axis=1)
        return pd.DataFrame(columns, index=model_input.index)

    def _label(self, probabilities: np.ndarray) -> dict[str, np.ndarray]:
        """The columns of the label."""
        called = self.classifier.call(probabilities)
        if not self.classifier.classes:
            return {"probability": probabilities, "label": called}
        names = np.array(self.classifier.classes, object)
        columns = {"probability": probabilities.max(axis=1), "label": names[called]}
        pairs = zip(self.classifier.class_columns, probabilities.T, strict=True)
        return columns | {name: np.ascontiguousarray(column) for name, column in pairs}


mlflow.models.set_model(LoggedClassifier())

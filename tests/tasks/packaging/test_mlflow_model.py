"""Only models that crisisflow logged are loaded; nothing that could hide a program among its data is ever opened."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks import tracking
from tasks.packaging import mlflow_model
from tasks.packaging.logged_model import read_parts
from tasks.store.digests import content_digest


class Payload:
    """What runs as soon as it is unpickled: it leaves a file behind."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "code-was-run"


def test_the_payload_of_these_tests_works(trace: Path) -> None:
    pickle.loads(pickle.dumps(Payload(trace)))
    assert trace.exists()


def logged(folder: Path, flavor: dict[str, Any], name: str = "model") -> str:
    """A model with this flavour among the artifacts of a run, and its address."""
    folder.mkdir(exist_ok=True)
    (folder / "MLmodel").write_text(json.dumps({"flavors": {"python_function": flavor}}))
    with tracking.tracked_run("somebody else's", "test") as run:
        run.log_file(folder, name)
    return f"runs:/{run.run_id}/{name}"


def test_a_pickled_model_is_refused_unopened(home: Path, tmp_path: Path, trace: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "python_model.pkl").write_bytes(pickle.dumps(Payload(trace)))
    flavor = {"loader_module": "mlflow.pyfunc.model", "python_model": "python_model.pkl", "python_version": "3.11.7"}
    with pytest.raises(ValueError, match=r"is refused: .*python_model\.pkl.* could run any code"):
        mlflow_model.load_model(logged(tmp_path / "model", flavor))
    assert not trace.exists()


def test_a_pickle_beside_our_own_code_is_refused_too(home: Path, tmp_path: Path, trace: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "extra.joblib").write_bytes(pickle.dumps(Payload(trace)))
    flavor = {"loader_module": mlflow_model.CODE_LOADER, "model_code_path": mlflow_model.CODE_FILE}
    with pytest.raises(ValueError, match=r"extra\.joblib"):
        mlflow_model.load_model(logged(tmp_path / "model", flavor))
    assert not trace.exists()


@pytest.mark.parametrize(
    "flavor",
    [{"loader_module": "os"}, {"loader_module": mlflow_model.CODE_LOADER, "model_code_path": "/tmp/evil.py"}, {}],
)
def test_a_model_of_another_make_is_refused(home: Path, tmp_path: Path, flavor: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not logged by crisisflow"):
        mlflow_model.load_model(logged(tmp_path / "model", flavor))


@pytest.mark.parametrize(
    "uri", ["./model", "/etc", "file:///tmp/model", "https://me:hunter2@example.org/model", "s3://bucket/model", ""]
)
def test_a_model_from_outside_the_tracking_store_is_refused(home: Path, uri: str) -> None:
    with pytest.raises(ValueError, match="is refused: a model is a program") as caught:
        mlflow_model.load_model(uri)
    assert "hunter2" not in str(caught.value)


def test_arrays_that_are_pickles_are_refused(home: Path, tmp_path: Path, trace: Path) -> None:
    np.savez(tmp_path / "logistic.npz", weights=np.array([Payload(trace)], dtype=object))
    for open_it in (lambda: read_parts(tmp_path, "models"), lambda: content_digest(tmp_path / "logistic.npz")):
        with pytest.raises(ValueError, match="allow_pickle=False"):
            open_it()
    assert not trace.exists()


def test_a_network_with_code_inside_is_refused(home: Path, tmp_path: Path, trace: Path) -> None:
    """A Lambda layer carries the byte code of its function."""
    from tasks.runtime.environment import load_tensorflow

    load_tensorflow()
    import keras

    touch = keras.layers.Lambda(lambda x, path=str(trace): (open(path, "w").close(), x)[1])
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    network.add(touch)
    network.save(tmp_path / "network.keras")
    trace.unlink(missing_ok=True)  # building the network called it
    with pytest.raises((TypeError, ValueError), match=r"[Ll]ambda|unsafe|safe_mode"):
        read_parts(tmp_path, "models")
    assert not trace.exists()


def test_no_code_of_the_project_opens_pickles() -> None:
    """Neither pickle and its like, nor the switches of NumPy, pandas and Keras that let it in."""
    root = Path(__file__).parents[3]
    forbidden = (
        "import pickle",
        "import joblib",
        "import marshal",
        "import shelve",
        "import dill",
        "import cloudpickle",
    )
    forbidden += ("allow_pickle=True", "read_pickle", "safe_mode=False", "enable_unsafe", "yaml.load(", "torch.load(")
    for package in ("flows", "tasks", "models"):
        for file in (root / package).rglob("*.py"):
            found = [each for each in forbidden if each in file.read_text()]
            assert not found, f"{file}: {found}"

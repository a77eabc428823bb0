"""One run, as a value: everything is logged by its id, and nothing with the secrets of an address in it."""

import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from tasks.runtime.redaction import mask_secrets
from tasks.tracking.connection import client

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of two threads that log the same new dataset, MLflow refuses the second: it looks for it first, and then inserts it.
_one_dataset = threading.Lock()
MAX_PARAMETER_CHARACTERS = 6_000  # MLflow's own limit
MAX_NAME_CHARACTERS = 250  # of its column, which PostgreSQL enforces
PARAMETERS_PER_CALL = 100
METRICS_PER_CALL = 1_000


class Run(BaseModel):
    """One MLflow run, by id. Handed to every task that has something to record.

    A step's own knows its action key, and all below an evaluation's fold know which one it is. `root_name` is what the
    root is called in MLflow's pages.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    root_id: str
    root_name: str = ""
    action_key: str = ""
    fold: str = ""

    def child(self, run_id: str) -> "Run":
        """The run of this id, below this one."""
        return Run(run_id=run_id, root_id=self.root_id, root_name=self.root_name, fold=self.fold)

    def log_settings(self, settings: Mapping[str, Any]) -> None:
        """Record settings as flat parameters (`text.lowercase`); a parameter can be set once."""
        from mlflow.entities import Param

        values = {name: storable(str(value)) for name, value in flatten(settings).items()}
        flat = [Param(name, value[:MAX_PARAMETER_CHARACTERS]) for name, value in values.items()]
        for start in range(0, len(flat), PARAMETERS_PER_CALL):
            client().log_batch(self.run_id, params=flat[start : start + PARAMETERS_PER_CALL])

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Record figures under their common names; what is not a number is left out."""
        self.log_history([(step, metrics)])

    def log_history(self, history: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        """Record figures of many steps in few calls."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        points = [
            Metric(name, float(value), now, step)
            for step, metrics in history
            for name, value in metrics.items()
            if value == value
        ]
        for start in range(0, len(points), METRICS_PER_CALL):
            client().log_batch(self.run_id, metrics=points[start : start + METRICS_PER_CALL])

    def log_final(self, metrics: Mapping[str, float]) -> None:
        """Record what holds in the end: MLflow shows, and finds runs by, the figure of the last step.

        A figure with a curve stands one step after it. The others stand at step 0: MLflow draws bars of figures that
        have no other step, and else a line for each run.
        """
        curves = client().get_run(self.run_id).data.metrics
        self.log_history([(self._next_step(name) if name in curves else 0, {name: metrics[name]}) for name in metrics])

    def _next_step(self, metric: str) -> int:
        return max(point.step for point in client().get_metric_history(self.run_id, metric)) + 1

    def tag(self, **tags: Any) -> None:
        """Set tags; a double underscore in a name stands for a dot."""
        from mlflow.entities import RunTag

        named = {name.replace("__", "."): storable(str(value)) for name, value in tags.items()}
        client().log_batch(self.run_id, tags=[RunTag(name, value) for name, value in named.items()])

    def rename(self, name: str) -> None:
        """Give the run another name."""
        client().set_tag(self.run_id, "mlflow.runName", storable(name)[:MAX_NAME_CHARACTERS])

    def describe(self, markdown: str) -> None:
        """Set the description that the run's page shows first."""
        client().set_tag(self.run_id, "mlflow.note.content", storable(markdown))

    def log_figure(self, figure: "Figure", name: str) -> None:
        """Keep a picture as `figures/<name>.png`."""
        client().log_figure(self.run_id, figure, f"figures/{name}.png")

    def log_picture(self, png: bytes, name: str) -> None:
        """Keep a picture that is drawn already as `figures/<name>.png`."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.png"
            path.write_bytes(png)
            client().log_artifact(self.run_id, str(path), "figures")

    def later(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call `function(run, *arguments)` where the run is recorded: here at once, for a worker in the command.

        For what reads the run, or hands it to MLflow. The function stands at the top of its module, the arguments are
        small.
        """
        function(self, *arguments)

    def log_file(self, path: Path, folder: str | None = None) -> None:
        """Keep a copy of a file, or of all files in a folder, among the run's artifacts."""
        if path.is_dir():
            client().log_artifacts(self.run_id, str(path), folder or path.name)
        else:
            client().log_artifact(self.run_id, str(path), folder)

    def log_text(self, text: str, name: str) -> None:
        """Keep a text under this artifact path."""
        client().log_text(self.run_id, text, name)

    def log_table(self, rows: Mapping[str, Sequence[Any]], name: str) -> None:
        """Keep a table, columns by name, that the run's page can show."""
        client().log_table(self.run_id, {column: list(values) for column, values in rows.items()}, f"{name}.json")

    def log_dataset(self, artifact: Path, context: str, source: str = "") -> None:
        """Record which data went in, by content digest."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        origin = mask_secrets(source) or f"{artifact.parent.name}/{artifact.name}"
        dataset = Dataset(artifact.parent.name, artifact.name, "crisisflow", origin)
        inputs = [DatasetInput(dataset, [InputTag("mlflow.data.context", context)])]
        with _one_dataset:
            client().log_inputs(self.run_id, inputs)


def storable(text: str) -> str:
    r"""The text without secrets of addresses, and without the NUL characters that PostgreSQL does not store.

    >>> storable("a\0b")
    'a\\x00b'
    """
    return mask_secrets(text).replace("\0", "\\x00")


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level with dotted names.

    >>> flatten({"text": {"lowercase": True}, "seed": 1})
    {'text.lowercase': True, 'seed': 1}
    """
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{key}.")
        elif isinstance(value, (list, tuple)) and value and isinstance(value[0], Mapping):
            flat |= flatten({str(index): each for index, each in enumerate(value)}, f"{key}.")
        else:
            flat[key] = value
    return flat

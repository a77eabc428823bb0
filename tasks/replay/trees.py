"""The steps of a run tree with what each of them read and made, and the comparison of two trees."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import tracking
from tasks.runtime import state_folder
from tasks.store import artifact_store

if TYPE_CHECKING:
    from tasks.tracking import MlflowRun

REUSED = " (reused)"


@dataclass(frozen=True)
class Step:
    """One step of a run: its title, its function, its settings, and the artifact that it made."""

    name: str
    function: str
    settings: dict[str, str]
    output: str
    run_id: str


@dataclass(frozen=True)
class Comparison:
    """One artifact of a run and what became of it in the replay; None where one of the two has no such step."""

    name: str
    recorded: str | None
    replayed: str | None

    @property
    def identical(self) -> bool:
        """Whether both are the same content."""
        return self.recorded == self.replayed


def steps_of(root_id: str) -> list[Step]:
    """The steps under a root run in their order. A title that comes again is numbered."""
    return list(_numbered(run for run in tracking.descendants(root_id) if "output" in run.data.tags))


def _numbered(runs: "Iterable[MlflowRun]") -> Iterator[Step]:
    seen: Counter[str] = Counter()
    for run in runs:
        title = str(run.info.run_name).removesuffix(REUSED)
        seen[title] += 1
        name = title if seen[title] == 1 else f"{title} #{seen[title]}"
        tags = run.data.tags
        maker = tags.get("reused_from", run.info.run_id)
        yield Step(name, tags["stage"], dict(run.data.params), tags["output"], maker)


def compare(recorded: Sequence[Step], replayed: Sequence[Step]) -> list[Comparison]:
    """The artifacts of both, in the order of the recorded run; what only the replay made comes last."""
    again = {step.name: step.output for step in replayed}
    compared = [Comparison(step.name, step.output, again.pop(step.name, None)) for step in recorded]
    return compared + [Comparison(name, None, output) for name, output in again.items()]


def other_settings(recorded: Step, replayed: Step) -> dict[str, list[str | None]]:
    """The settings in which two executions of a step differ, each with both values."""
    names = sorted(recorded.settings.keys() | replayed.settings.keys())
    both = {name: [recorded.settings.get(name), replayed.settings.get(name)] for name in names}
    return {name: values for name, values in both.items() if values[0] != values[1]}


def leaves(root_id: str) -> dict[tuple[str, str], list[str]]:
    """The artifacts that a tree read and did not make, as `kind/digest` by (step, name of its input), in order."""
    runs = tracking.descendants(root_id)
    made = {run.data.tags.get("output") for run in runs}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for run in runs:
        for entry in run.inputs.dataset_inputs if run.inputs else ():
            name = f"{entry.dataset.name}/{entry.dataset.digest}"
            context = next((tag.value for tag in entry.tags if tag.key == "mlflow.data.context"), "")
            if name not in made:
                found[run.data.tags["stage"], context].append(name)
    return dict(found)


def recorded_folder(step: Step, folder: Path) -> Path | None:
    """The artifact that a step made: from the store, else what MLflow keeps, brought into `folder`; None without."""
    stored = state_folder.state_home() / "store" / step.output
    try:
        artifact_store.verify(stored)
    except artifact_store.DamagedArtifactError:
        kept = Path(tracking.client().download_artifacts(step.run_id, "output", str(folder)))
        return kept if any(path.name != artifact_store.MANIFEST for path in kept.rglob("*") if path.is_file()) else None
    return stored

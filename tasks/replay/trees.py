"""The steps of a run tree with what each of them read and made, and the comparison of two trees."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks import tracking
from tasks.runtime import state_folder
from tasks.store import artifact_store
from tasks.tracking.steps import Step, steps_below


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
    """The steps under a root run in their order, each with the run that made its artifact.

    A title that comes again is numbered.
    """
    return list(_numbered(steps_below(root_id)))


def _numbered(steps: Iterable[Step]) -> Iterator[Step]:
    seen: Counter[str] = Counter()
    for step in steps:
        seen[step.title] += 1
        title = step.title if seen[step.title] == 1 else f"{step.title} #{seen[step.title]}"
        yield replace(step, title=title, run_id=step.tags.get("reused_from", step.run_id))


def to_record(step: Step) -> dict[str, Any]:
    """A step as `flows.rerun` writes it. Replay reads what other versions of the code wrote: the keys never change."""
    return {
        "name": step.title,
        "function": step.function,
        "settings": step.settings,
        "output": step.output,
        "run_id": step.run_id,
    }


def from_record(record: dict[str, Any]) -> Step:
    """The step that `to_record`, of this or another version of the code, wrote."""
    return Step(record["function"], record["name"], record["run_id"], (), record["output"], record["settings"])


def compare(recorded: Sequence[Step], replayed: Sequence[Step]) -> list[Comparison]:
    """The artifacts of both, in the order of the recorded run; what only the replay made comes last."""
    again = {step.title: step.output for step in replayed}
    compared = [Comparison(step.title, step.output, again.pop(step.title, None)) for step in recorded]
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

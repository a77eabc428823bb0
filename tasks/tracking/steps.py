"""The steps that were taken: read from the runs of one tree, or from the records of the cache, in one form."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tasks.caching.records import records
from tasks.store.digests import DIGEST_CHARACTERS
from tasks.tracking import descendants, find_runs

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

    from tasks.caching.records import Record


@dataclass(frozen=True)
class Step:
    """One step: what went in, what came out (artifacts as kind/digest), and the run that shows it."""

    function: str
    title: str
    run_id: str
    inputs: tuple[tuple[str, str], ...]  # name of the input, artifact
    output: str
    settings: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The artifacts that went in, each once."""
        return tuple(dict.fromkeys(artifact for _, artifact in self.inputs))

    def summary(self) -> dict[str, Any]:
        """The step as plain values."""
        return {
            "step": self.title,
            "function": self.function,
            "run_id": self.run_id,
            "reused_from": self.tags.get("reused_from"),
            "inputs": [{"name": name, "artifact": artifact} for name, artifact in self.inputs],
            "output": self.output,
            "settings": self.settings,
        }


def step_of_run(run: "MlflowRun") -> Step:
    """The step that this run recorded; its `output` tag must be there."""
    return Step(
        run.data.tags["stage"],
        run.data.tags.get("step") or str(run.info.run_name).removesuffix(" (reused)"),  # older runs have no such tag
        run.info.run_id,
        tuple(sorted(data_of_run(run))),
        run.data.tags["output"],
        dict(sorted(run.data.params.items())),
        dict(run.data.metrics),
        dict(run.data.tags),
    )


def data_of_run(run: "MlflowRun") -> list[tuple[str, str]]:
    """The data that a run read: what for, and the artifact as kind/digest."""
    return [
        (_context(entry.tags), f"{entry.dataset.name}/{entry.dataset.digest}")
        for entry in (run.inputs.dataset_inputs if run.inputs else ())
    ]


def _context(tags: Iterable[Any]) -> str:
    return next((tag.value for tag in tags if tag.key == "mlflow.data.context"), "")


def step_of_record(record: "Record") -> Step:
    """The step that the cache remembers."""
    given = record.parts["inputs"]
    inputs = [(name, artifact) for name, value in given.items() for artifact in _artifacts(value)]
    settings = {name: value for name, value in given.items() if value is not None and not list(_artifacts(value))}
    action = record.action
    return Step(
        record.step,
        record.title,
        action.run_id,
        tuple(sorted(inputs)),
        action.output,
        settings,
        action.metrics,
        action.tags,
    )


def _artifacts(value: Any) -> Iterator[str]:
    """The artifacts in an input, as a key describes it."""
    if isinstance(value, dict):
        value = list(value.values())
    for each in value if isinstance(value, list) else [value]:
        kind, slash, digest = each.partition("/") if isinstance(each, str) else ("", "", "")
        if slash and kind and len(digest) == DIGEST_CHARACTERS and set(digest) <= set("0123456789abcdef"):
            yield each


def steps_below(root_id: str) -> list[Step]:
    """The steps of one tree of runs, oldest first."""
    return [step_of_run(run) for run in descendants(root_id) if "output" in run.data.tags]


def all_steps() -> list[Step]:
    """Every step that was tracked, the first to make an output before those that reused it; then what the cache knows.

    A tracking server may have been tidied, and so may a cache: together they hold what either remembers.
    """
    tracked = find_runs("tags.output LIKE '%/%'", "attributes.start_time ASC")
    return [*map(step_of_run, tracked), *map(step_of_record, records())]

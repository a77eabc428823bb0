"""Following steps: back from a model to all that it came from, forward from raw bytes to all that came of them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tasks.ingestion.steps import read_report
from tasks.lineage.targets import Target, files_in, find_target, registered_versions
from tasks.runtime import state_folder
from tasks.sources import provenance
from tasks.store import artifact_store
from tasks.tracking import read_run
from tasks.tracking.step_graph import Graph, trace_back, trace_forward
from tasks.tracking.steps import all_steps, steps_below

CODE_TAGS = ("mlflow.source.git.commit", "dirty", "code_digest", "lock_digest", "python", "platform", "cpu")


@dataclass(frozen=True)
class Lineage:
    """What was asked after, and the steps before or after it."""

    target: Target
    graph: Graph

    @cached_property
    def sources(self) -> list[dict[str, Any]]:
        """The raw snapshots: files with their checksums, and every fetch that gave them."""
        return [_source(artifact) for artifact in self._artifacts if artifact.startswith("raw/")]

    @cached_property
    def tables(self) -> list[dict[str, Any]]:
        """The checked tables: which rows were read, kept and quarantined, and how tweets were split."""
        kinds = ("tweets/", "corpus/")
        return [_table(artifact) for artifact in self._artifacts if artifact.startswith(kinds)]

    @cached_property
    def models(self) -> list[dict[str, Any]]:
        """The models among the artifacts, with the versions that are registered."""
        versions = registered_versions()
        return [
            {
                "artifact": step.output,
                "model": step.tags.get("model", step.title),
                "run_id": step.run_id,
                "test_f1": step.metrics.get("test/f1"),
                "registered": [
                    {name: each[name] for name in ("name", "version", "aliases")}
                    for each in versions
                    if each["artifact"] == step.output
                ],
            }
            for step in self.graph.steps
            if step.output.startswith("model/")
        ]

    @cached_property
    def code(self) -> dict[str, str]:
        """Commit, digests of code and lock, and the machine, as the root run has them; nothing of several trees."""
        if self.target.root_id is None:
            return {}
        tags = read_run(self.target.root_id).data.tags
        return {name.removeprefix("mlflow.source."): tags[name] for name in CODE_TAGS if name in tags}

    @property
    def _artifacts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.graph.artifacts, *self.target.artifacts)))

    def summary(self) -> dict[str, Any]:
        """All of it as plain values: what `lineage --json` prints."""
        return {
            "asked": self.target.title,
            "direction": "forward" if self.target.forward else "back",
            "artifacts": list(self.target.artifacts),
            **self.target.facts,
            "root_run_id": self.target.root_id,
            "sources": self.sources,
            "tables": self.tables,
            "steps": [step.summary() for step in self.graph.steps],
            "models": self.models,
            "code": self.code,
        }


def trace(reference: str) -> Lineage:
    """The lineage of a registered model, run, file or checksum (see `find_target`)."""
    return follow(find_target(reference))


def follow(target: Target) -> Lineage:
    """The lineage of a target: forward from raw bytes, back from all else; first by the runs of its own tree."""
    if target.forward:
        return Lineage(target, trace_forward(target.artifacts, all_steps()))
    below = steps_below(target.root_id) if target.root_id else []
    graph = trace_back(target.artifacts, below)
    if graph.unexplained or not graph.steps:  # a table that was given checked, an artifact without a run
        graph = trace_back(target.artifacts, [*below, *all_steps()])
    return Lineage(target, graph)


def _folder(artifact: str) -> Path:
    return state_folder.state_home() / "store" / artifact


def _source(artifact: str) -> dict[str, Any]:
    folder = _folder(artifact)
    files = files_in(folder) if artifact_store.is_artifact(folder) else {}
    return {
        "artifact": artifact,
        "files": [
            {"name": name.removeprefix("files/"), "sha256": entry["sha256"], "bytes": entry["bytes"]}
            for name, entry in files.items()
        ],
        "fetched": provenance(folder),
    }


def _table(artifact: str) -> dict[str, Any]:
    folder = _folder(artifact)
    if not artifact_store.is_artifact(folder):
        return {"artifact": artifact, "path": None}
    report = read_report(folder)
    counts = {name: report["counts"][name] for name in ("read", "kept", "quarantined")}
    splits = {name: split["rows"] for name, split in report.get("splits", {}).items()}
    return {"artifact": artifact, "path": str(folder), **counts, "splits": splits, "retry": report.get("retry")}

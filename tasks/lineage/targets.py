"""What somebody asks after: a registered model, a run, a file, a checksum; as artifacts of the store."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks import registry
from tasks.registry.versions import REFERENCE, REFIT
from tasks.runtime import state_folder
from tasks.runtime.redaction import redact
from tasks.sources import provenance
from tasks.store import artifact_store
from tasks.store.digests import file_sha256
from tasks.tracking import client, descendants, read_run

SHA256 = re.compile(r"[0-9a-fA-F]{64}")
RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Target:
    """Artifacts asked after (kind/digest), what to call them, and the root run to follow; without one, look forward."""

    title: str
    artifacts: tuple[str, ...]
    root_id: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def forward(self) -> bool:
        """Whether to ask what became of the artifacts, not what they came from."""
        return all(artifact.startswith("raw/") for artifact in self.artifacts)


def find_target(reference: str) -> Target:
    """The target of a path, checksum, address, model name/version, name@alias, or run id.

    Raises ValueError when nothing is known under this reference.
    """
    path = Path(reference).expanduser()
    if path.exists():
        return _stored(path) or _raw(file_sha256(path) if path.is_file() else "", str(path))
    if SHA256.fullmatch(reference):
        return _raw(reference.lower(), reference.lower())
    if found := REFERENCE.fullmatch(reference):
        return _registered(found["name"] or registry.MODEL_NAME, found["version"], found["alias"])
    if "://" in reference:
        return _raw("", redact(reference))
    if not RUN_ID.fullmatch(reference):
        raise ValueError(
            f"{reference} is not a file here, a model (name/version or @champion), a checksum, an address or a run id"
        )
    return target_of_run(reference)


def _stored(path: Path) -> Target | None:
    """The artifact that this path is, or lies in."""
    path = path.resolve()
    for folder in (path, *path.parents):
        if artifact_store.is_artifact(folder):
            artifact = f"{folder.parent.name}/{folder.name}"
            return Target(artifact, (artifact,))
    return None


def _raw(sha256: str, source: str) -> Target:
    """The raw snapshots that hold a file of this checksum, or were fetched from this source."""
    found = [
        manifest.parent
        for manifest in (state_folder.state_home() / "store" / "raw").glob(f"[!.]*/{artifact_store.MANIFEST}")
        if sha256 in {entry["sha256"] for entry in files_in(manifest.parent).values()}
        or source in {line["source"] for line in provenance(manifest.parent)}
    ]
    if not found:
        raise ValueError(f"{source} was never read: no raw snapshot in {state_folder.state_home()} holds it")
    return Target(source, tuple(sorted(f"raw/{snapshot.name}" for snapshot in found)))


def files_in(artifact: Path) -> dict[str, dict[str, Any]]:
    """The files of an artifact by name, each with its sha256 and bytes."""
    return dict(json.loads((artifact / artifact_store.MANIFEST).read_text())["files"])


def _registered(name: str, version: str | None, alias: str | None) -> Target:
    found = registry.find_version(name, version, alias)
    if found is None:
        known = ", ".join(f"{each['name']}/{each['version']}" for each in registered_versions()) or "none"
        raise ValueError(f"no model {name}{f'@{alias}' if alias else f'/{version}'}; registered: {known}")
    run = read_run(str(found.run_id))
    facts = {"name": found.name, "version": str(found.version), "aliases": list(found.aliases)}
    title = f"{found.tags['model']}, version {found.version} of {found.name}"
    made = [found.tags["artifact"]] + ([found.tags[REFIT]] if REFIT in found.tags else [])
    return Target(title, tuple(made), run.data.tags.get("root_run_id", run.info.run_id), facts)


def target_of_run(run_id: str) -> Target:
    """The output of a step's run; of any other run, the models made below it, or else all that was."""
    run = read_run(run_id)
    root_id = run.data.tags.get("root_run_id", run_id)
    if "output" in run.data.tags:
        return Target(str(run.info.run_name), (run.data.tags["output"],), root_id)
    below = descendants(root_id)
    outputs = list(dict.fromkeys(each.data.tags["output"] for each in below if "output" in each.data.tags))
    models = [output for output in outputs if output.startswith("model/")]
    if not outputs:
        raise ValueError(f"run {run_id} made nothing: give the run of a retraining, an ingest or a model")
    return Target(str(run.info.run_name), tuple(models or outputs), root_id)


def registered_versions() -> list[dict[str, Any]]:
    """All registered versions with their artifacts and aliases, the newest first."""
    found = sorted(
        client().search_model_versions(f"name = '{registry.MODEL_NAME}'"), key=lambda each: -int(each.version)
    )
    aliases = client().get_registered_model(registry.MODEL_NAME).aliases if found else {}  # a search leaves them out
    return [
        {
            "name": each.name,
            "version": str(each.version),
            "aliases": sorted(alias for alias, version in aliases.items() if str(version) == str(each.version)),
            "artifact": each.tags.get("artifact"),
        }
        for each in found
    ]

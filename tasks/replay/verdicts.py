"""The verdict on a replay: which artifacts are the same, and where the first that is not diverges."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.replay import differences
from tasks.replay.trees import compare, other_settings, recorded_folder
from tasks.tracking.steps import Step

if TYPE_CHECKING:
    from tasks.tracking import MlflowRun

IDENTICAL, DIFFERENT, CLOSE = "identical", "different", "equal within tolerance, other hardware"


def verdict(
    run: "MlflowRun",
    recorded: Sequence[Step],
    made: dict[str, Any],
    replayed: Sequence[Step],
    folder: Path,
) -> dict[str, Any]:
    """Every artifact of both runs, whether all are identical, and where the first that is not diverges."""
    compared = compare(recorded, replayed)
    identical = bool(compared) and all(each.identical for each in compared)
    same_hardware = made["cpu"] == run.data.tags.get("cpu")
    close = not identical and not same_hardware and _all_close(recorded, replayed, folder)
    return {
        "run_id": run.info.run_id,
        "replayed_run_id": made["run_id"],
        "identical": identical,
        "verdict": IDENTICAL if identical else CLOSE if close else DIFFERENT,
        "same_code": made["code_digest"] == run.data.tags.get("code_digest"),
        "same_hardware": same_hardware,
        "artifacts": [{**asdict(each), "identical": each.identical} for each in compared],
        "divergence": None if identical else divergence(recorded, replayed, folder),
    }


def divergence(recorded: Sequence[Step], replayed: Sequence[Step], folder: Path) -> dict[str, Any] | None:
    """The first step whose artifact is another one: its settings that differ, and the first element that does."""
    again = {step.title: step for step in replayed}
    for old in recorded:
        new = again.get(old.title)
        if new is None:
            return {"step": old.title, "settings": {}, "difference": None}
        if old.output != new.output:
            return {
                "step": old.title,
                "settings": other_settings(old, new),
                "difference": _difference(old, new, folder),
            }
    return None


def _difference(old: Step, new: Step, folder: Path) -> dict[str, Any] | None:
    before, after = _folders(old, new, folder)
    found = differences.first_difference(before, after) if before else None
    return asdict(found) if found else None


def _folders(old: Step, new: Step, folder: Path) -> tuple[Path | None, Path]:
    return recorded_folder(old, folder), folder / "state" / "store" / new.output


def _all_close(recorded: Sequence[Step], replayed: Sequence[Step], folder: Path) -> bool:
    """Whether what differs does so by rounding only."""
    again = {step.title: step for step in replayed}
    if set(again) != {step.title for step in recorded}:
        return False
    changed = [(old, again[old.title]) for old in recorded if old.output != again[old.title].output]
    folders = (_folders(old, new, folder) for old, new in changed)
    return all(before is not None and differences.close(before, after) for before, after in folders)

"""The code of a run, checked out beside the present one: its commit, and the change that was not committed."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import tracking
from tasks.caching import ROOT
from tasks.tracking.provenance import PATCH

if TYPE_CHECKING:
    from tasks.tracking import MlflowRun

NO_HOOKS = ("-c", "core.hooksPath=/dev/null")


@contextmanager
def checked_out(run: "MlflowRun", folder: Path) -> Iterator[Path]:
    """The project's root in a temporary worktree inside `folder`, which is removed whatever happens.

    Raises ValueError when there is no git, no commit in the record, or no such commit here.
    """
    commit = _commit_of(run)
    worktree = folder / "worktree"
    _git("worktree", "add", "--quiet", "--detach", str(worktree), commit)
    try:
        inside = _git("rev-parse", "--show-prefix").strip()  # the project may be a folder of a larger repository
        if run.data.tags.get("dirty") == "true":
            patch = tracking.client().download_artifacts(run.info.run_id, PATCH, str(folder))
            _git("apply", "--binary", "--whitespace=nowarn", f"--directory={inside}", patch, cwd=worktree)
        yield worktree / inside
    finally:
        _git("worktree", "remove", "--force", str(worktree))


def _commit_of(run: "MlflowRun") -> str:
    run_id, commit = run.info.run_id, run.data.tags.get("mlflow.source.git.commit")
    if not commit:
        raise ValueError(
            f"run {run_id} was recorded where there was no git: no commit says which code it ran. "
            "Replay needs runs of a git clone."
        )
    try:
        _git("cat-file", "-e", f"{commit}^{{commit}}")
    except ValueError as error:
        raise ValueError(
            f"commit {commit} of run {run_id} is not to be had in {ROOT}: replay from a git clone that has it, after "
            f"`git fetch` if need be ({error})"
        ) from error
    return commit


def _git(*arguments: str, cwd: Path | None = None) -> str:
    """What git prints. Raises ValueError with its complaint."""
    try:
        done = subprocess.run(
            ["git", *NO_HOOKS, *arguments], cwd=cwd or ROOT, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise ValueError(f"git cannot be run: {error}") from error
    if done.returncode:
        raise ValueError(done.stderr.strip().partition("\n")[0] or f"git {arguments[0]} failed")
    return done.stdout

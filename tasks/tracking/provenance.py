"""Where a run came from: the commit, what was changed since, the lock, the machine, the process."""

import hashlib
import os
import platform
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tasks.caching import PACKAGES, ROOT, hardware_class
from tasks.caching.code import project_digest
from tasks.caching.machine import numeric_environment

if TYPE_CHECKING:
    from tasks.tracking.run import Run

PATCH = "code/uncommitted.patch"
PLAIN_DIFF = ("--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")


def _git(*arguments: str) -> bytes:
    """What git prints, or nothing where there is no git or no repository."""
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return b""


@cache
def code_tags() -> dict[str, str]:
    """Commit, whether anything was changed since, digest of all project code, digest of the lock file."""
    lock = ROOT / "requirements.lock"
    tags = {
        "code_digest": code_digest(),
        "lock_digest": hashlib.sha256(lock.read_bytes()).hexdigest()[:32] if lock.is_file() else "none",
    }
    commit = _git("rev-parse", "HEAD").decode().strip()
    if commit:
        tags |= {"mlflow.source.git.commit": commit, "dirty": str(bool(dirty_patch())).lower()}
    return tags


@cache
def code_digest() -> str:
    """Digest of the syntax trees of every project module."""
    return project_digest()


@cache
def dirty_patch() -> bytes:
    """The uncommitted change as a patch, untracked code included; empty when there is none.

    Written so that `git apply` takes it in the same folder of another checkout, whatever the user's own settings.
    """
    patch = _git("diff", "HEAD", "--relative", *PLAIN_DIFF)
    untracked = _git("ls-files", "-z", "--others", "--exclude-standard", *PACKAGES, "pyproject.toml")
    for name in filter(None, untracked.decode(errors="surrogateescape").split("\0")):
        command = ["git", "diff", "--no-index", *PLAIN_DIFF, os.devnull, name]
        patch += subprocess.run(
            command, cwd=ROOT, capture_output=True, check=False
        ).stdout  # it exits 1 when files differ
    return patch


def log_patch(run: "Run") -> None:
    """Keep the uncommitted change, if there is one, with a run: bytes, for it may hold text in any encoding."""
    if patch := dirty_patch():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / Path(PATCH).name
            file.write_bytes(patch)
            run.log_file(file, Path(PATCH).parent.name)


@cache
def host_tags() -> dict[str, str]:
    """Facts about the machine that a reader needs to judge times and bits."""
    hardware = hardware_class()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": f"{hardware['machine']} {hardware['processor']} {' '.join(hardware['vector_units'])}",
        "threads": str(hardware["threads"]),
        "memory_gb": f"{psutil.virtual_memory().total / 2**30:.1f}",
        "onednn": numeric_environment().get("TF_ENABLE_ONEDNN_OPTS", "default"),
    }

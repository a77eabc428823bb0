"""Where a run came from: the commit, what was changed since, the lock, the machine, the process."""

import hashlib
import os
import platform
import subprocess
from functools import cache

import psutil

from tasks.caching import PACKAGES, ROOT, hardware_class, module_digest
from tasks.caching.machine import numeric_environment
from tasks.digests import combine


def _git(*arguments: str) -> str:
    """What git prints, or nothing where there is no git or no repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


@cache
def code_tags() -> dict[str, str]:
    """Commit, whether anything was changed since, digest of all project code, digest of the lock file."""
    lock = ROOT / "requirements.lock"
    tags = {
        "code_digest": code_digest(),
        "lock_digest": hashlib.sha256(lock.read_bytes()).hexdigest()[:32] if lock.is_file() else "none",
    }
    commit = _git("rev-parse", "HEAD").strip()
    if commit:
        tags |= {"mlflow.source.git.commit": commit, "dirty": str(bool(dirty_patch())).lower()}
    return tags


@cache
def code_digest() -> str:
    """Digest of the syntax trees of every project module."""
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }
    return combine({name: module_digest(name) for name in sorted(names)})


@cache
def dirty_patch() -> str:
    """The uncommitted change as a patch, untracked code included; empty when there is none."""
    patch = _git("diff", "HEAD", "--binary")
    for name in _git("ls-files", "--others", "--exclude-standard", *PACKAGES, "pyproject.toml").splitlines():
        patch += subprocess.run(
            ["git", "diff", "--no-index", "--binary", os.devnull, name],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    return patch


@cache
def host_tags() -> dict[str, str]:
    """Facts about the machine that a reader needs to judge times and bits."""
    hardware = hardware_class()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": f"{hardware['machine']} {' '.join(hardware['vector_units'])}",
        "threads": str(hardware["threads"]),
        "memory_gb": f"{psutil.virtual_memory().total / 2**30:.1f}",
        "onednn": numeric_environment().get("TF_ENABLE_ONEDNN_OPTS", "default"),
    }

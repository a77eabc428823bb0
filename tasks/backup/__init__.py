"""The state folder as one file, and back: saved while runs go on, compared with its digests when restored."""

from tasks.backup.restoring import restore
from tasks.backup.saving import back_up

__all__ = ["back_up", "restore"]

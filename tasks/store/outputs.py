"""The only way to a file that a user named: no source is overwritten, and no file that crisisflow did not write.

What is written is put on record by its digest (`tasks.store.output_register`). A file that is not on record, or has
changed since, is refused; with `overwrite` it is moved to NAME.bak instead. Every command checks before its work, and
the check is made again when the files are put in place.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tasks.runtime import atomic_files, state_folder
from tasks.store import output_register
from tasks.store.artifact_store import MANIFEST
from tasks.store.backups import backup_of, keep_a_backup
from tasks.store.digests import file_sha256


class RefusedOutput(ValueError):
    """Writing there would destroy a file that is not crisisflow's to replace."""


@dataclass(frozen=True)
class Outputs:
    """What one command may write: nothing into its `sources` (files and folders); over other files only if told.

    `own` marks a page in the state folder that no user named: it is replaced without questions.
    """

    sources: tuple[Path, ...] = ()
    overwrite: bool = False
    own: bool = False

    def check(self, *paths: Path) -> None:
        """Raise RefusedOutput for a path that is a source, or holds a file that may not be replaced."""
        for path in map(_absolute, paths):
            with output_register.placing_in(path.parent):
                self._check(path)

    def _check(self, path: Path) -> None:
        self._refuse_source(path)
        if not self._replaceable(path):
            self._refuse_other_file(path)

    def check_folder(self, folder: Path) -> None:
        """Raise RefusedOutput for a folder of outputs, written as a whole, that holds anything else."""
        folder = folder.resolve()
        with output_register.placing_in(folder):
            self._check_folder(folder)

    def _check_folder(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise RefusedOutput(f"{folder} is a file: give the name of a folder, or leave out the slash")
        self._refuse_source(folder)
        inside = sorted(folder.iterdir()) if folder.is_dir() else []
        for path in inside:
            self._refuse_source(path)
        if any(source.resolve().is_relative_to(folder) for source in self.sources):
            raise RefusedOutput(f"{folder} holds the source: give another folder")
        foreign = [path for path in inside if not self._replaceable(path)]
        if foreign and not self.overwrite:
            raise RefusedOutput(
                f"{folder} holds other files ({foreign[0].name}), or changed ones: give a new folder, or an empty "
                f"one, or --overwrite to move the folder to {backup_of(folder).name}"
            )
        for path in foreign:
            _refuse_earlier_source(path)

    @contextmanager
    def drafts(self, folder: Path, optional: Sequence[str] = (), last: str = "") -> Iterator[Path]:
        """An empty folder to write files in; when the block ends well, each takes its name in `folder`.

        Files called `optional` that the block did not write are removed from `folder`: they belong to an earlier
        output. `last` is removed first and put in place last. An error in the block leaves everything as it was.
        """
        folder = folder.resolve()
        atomic_files.remove_dead_drafts(folder)
        with atomic_files.draft_folder(folder) as draft:
            yield draft
            stale = [name for name in optional if not (draft / name).exists()]
            with output_register.placing_in(folder):
                self._place(draft, folder, stale, last)

    def write_text(self, path: Path, text: str) -> None:
        """Write a text file, whole or not at all, in UTF-8."""
        with self.drafts(path.parent) as draft:
            (draft / path.name).write_text(text, encoding="utf-8", newline="")

    @contextmanager
    def draft_whole(self, folder: Path, last: str = "") -> Iterator[Path]:
        """The same for a folder that holds these files and nothing else; where there is none yet, by one renaming."""
        folder = folder.resolve()
        atomic_files.remove_dead_drafts(folder.parent)
        with atomic_files.draft_folder(folder.parent) as draft:
            yield draft
            with output_register.placing_in(folder):
                self._check_folder(folder)
                before = list(folder.iterdir()) if folder.is_dir() else []
                if not all(map(self._replaceable, before)):
                    folder.rename(backup_of(folder))
                if folder.exists():
                    names = {file.name for file in draft.iterdir()}
                    self._place(draft, folder, [path.name for path in before if path.name not in names], last)
                else:
                    _rename_folder(draft, folder)

    def make_folder(self, folder: Path) -> Path:
        """The address of a new or empty folder, made where it is absent. Raises RefusedOutput for any other."""
        self._refuse_source(_absolute(folder))
        if folder.exists() and not folder.is_dir():
            raise RefusedOutput(f"{folder} is a file: name a new folder")
        if folder.exists() and any(folder.iterdir()):
            raise RefusedOutput(f"{folder} is not empty: name a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        return folder.resolve()

    def _place(self, draft: Path, folder: Path, stale: Sequence[str], last: str) -> None:
        names = sorted((file.name for file in draft.iterdir()), key=lambda name: (name == last, name))
        for name in (*names, *stale):
            self._check(folder / name)
        new, known = {name: [file_sha256(draft / name)] for name in names}, output_register.recorded(folder)
        output_register.record(folder, {name: [*known.get(name, ()), *new[name]] for name in names})
        for name in (*([last] if last else ()), *stale):
            self._remove(folder / name)
        for name in names:
            (draft / name).chmod(0o644)  # a draft is for its user alone
            if not self._replaceable(folder / name):
                keep_a_backup(folder / name)
            atomic_files.put_in_place(draft / name, folder / name)
        output_register.record(folder, new | {name: [] for name in stale})

    def _remove(self, path: Path) -> None:
        if not self._replaceable(path):
            keep_a_backup(path)
        path.unlink(missing_ok=True)

    def _replaceable(self, path: Path) -> bool:
        return self.own or not os.path.lexists(path) or output_register.is_recorded(path)

    @cached_property
    def _source_files(self) -> set[tuple[int, int]]:
        return {_identity(path) for path in self.sources if path.exists()}

    def _refuse_source(self, path: Path) -> None:
        """Raise RefusedOutput for a source, any link to one, and a place inside a folder that is one."""
        if path.exists() and _identity(path) in self._source_files:
            raise RefusedOutput(f"{path} is a source of this command, or a link to one: give another name to write to")
        for source in self.sources:
            if source.is_dir() and path.parent.resolve().is_relative_to(source.resolve()):
                raise RefusedOutput(
                    f"{path} lies in the source folder {source}, of which it would be a part the next time: write it "
                    "elsewhere"
                )

    def _refuse_other_file(self, path: Path) -> None:
        if path.is_dir() or not (path.is_file() or path.is_symlink()):
            raise RefusedOutput(f"{path} is {'a folder' if path.is_dir() else 'no file'}: give the name of a file")
        if self.overwrite:
            _refuse_earlier_source(path)
            return
        listed = path.name in output_register.recorded(path.parent)
        why = "it has changed since crisisflow wrote it" if listed else "it is not on record as written by crisisflow"
        raise RefusedOutput(
            f"{path} is not replaced: {why}. Give another name, or --overwrite to move it to {backup_of(path).name}"
        )


def page_outputs(
    out: Path | None, default: str, sources: Sequence[Path] = (), overwrite: bool = False
) -> tuple[Path, Outputs]:
    """Where a page or picture goes, checked: to the file that a user named, else to `default` in the state folder.

    Raises RefusedOutput.
    """
    path = out or state_folder.state_home() / default
    outputs = Outputs(tuple(sources), overwrite, own=out is None)
    outputs.check(path)
    return path, outputs


def _refuse_earlier_source(path: Path) -> None:
    """Raise RefusedOutput for a file whose bytes are those of a source that was read before, by any command."""
    if not path.is_file():
        return
    digest = file_sha256(path)
    for manifest in (state_folder.state_home() / "store" / "raw").glob(f"*/{MANIFEST}"):
        if any(entry["sha256"] == digest for entry in json.loads(manifest.read_text())["files"].values()):
            raise RefusedOutput(
                f"{path} was read as a source before, and a source is never overwritten: give another name, or move "
                "it yourself"
            )


def _absolute(path: Path) -> Path:
    """The path with the links of its folder resolved, its own not."""
    return path.parent.resolve() / path.name


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _rename_folder(draft: Path, folder: Path) -> None:
    draft.chmod(0o755)
    for file in draft.iterdir():
        file.chmod(0o644)
        atomic_files.sync(file)
    output_register.record(folder, {file.name: [file_sha256(file)] for file in draft.iterdir()})
    draft.rename(folder)
    atomic_files.sync(folder.parent)

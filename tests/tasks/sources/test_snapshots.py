"""Raw snapshots of files, folders, globs and fsspec URLs."""

import hashlib
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import fsspec.implementations.memory
import pytest

from tasks import sources
from tasks.sources import SourceError, SourceLimits, fetch
from tasks.store import artifact_store


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def contents(snapshot: Path) -> dict[str, str]:
    return {name: path.read_text() for name, path in sources.snapshot_files(snapshot).items()}


def test_a_file_is_copied_under_its_content_address(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,text\n")
    snapshot = fetch(path)
    path.write_text("changed since")
    assert contents(snapshot) == {"a.csv": "id,text\n"}
    artifact_store.verify(snapshot)


def test_the_address_says_what_was_received_not_when_or_from_where(home: Path, tmp_path: Path) -> None:
    here, there = write(tmp_path / "x" / "a.csv", "same"), write(tmp_path / "y" / "a.csv", "same")
    assert fetch(here) == fetch(there)
    assert [line["source"] for line in sources.provenance(fetch(here))] == [str(here), str(there), str(here)]
    assert fetch(here) != fetch(write(tmp_path / "z" / "a.csv", "else"))


def test_a_folder_keeps_its_tree_and_leaves_hidden_files(home: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "b/c.csv", ".DS_Store", ".git/config"):
        write(tmp_path / "set" / name, name)
    assert contents(fetch(tmp_path / "set")) == {"a.csv": "a.csv", "b/c.csv": "b/c.csv"}


def test_a_glob_keeps_the_tree_below_what_its_matches_share(home: Path, tmp_path: Path) -> None:
    for name in ("x/a.csv", "y/a.csv", "y/b.txt"):
        write(tmp_path / "set" / name, name)
    assert contents(fetch(f"{tmp_path}/set/*/*.csv")) == {"x/a.csv": "x/a.csv", "y/a.csv": "y/a.csv"}


def test_files_that_are_damaged_inside_are_kept_all_the_same(home: Path, tmp_path: Path) -> None:
    for name in ("a.json", "b.parquet", "c.npz"):
        write(tmp_path / "set" / name, "{ this is none of that")
    assert len(contents(fetch(tmp_path / "set"))) == 3


def test_a_snapshot_is_handed_back(home: Path, tmp_path: Path) -> None:
    snapshot = fetch(write(tmp_path / "a.csv", "x"))
    assert fetch(snapshot) == snapshot
    assert len(sources.provenance(snapshot)) == 1


def test_local_bytes_can_be_pinned_too(home: Path, tmp_path: Path) -> None:
    path, _ = write(tmp_path / "a.csv", "x"), write(tmp_path / "b.csv", "y")
    assert fetch(f"{path}#sha256={hashlib.sha256(b'x').hexdigest()}")
    with pytest.raises(SourceError, match="not the 0000"):
        fetch(f"{path}#sha256={'0' * 64}")
    with pytest.raises(SourceError, match="pins the bytes of one file"):
        fetch(f"{tmp_path}#sha256={'0' * 64}")


@pytest.mark.parametrize("nothing", ["missing.csv", "*.nothing", "empty"])
def test_nothing_to_read_is_said(home: Path, tmp_path: Path, nothing: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="nothing to read at"):
        fetch(tmp_path / nothing)


@pytest.mark.parametrize("source", ["set", "set/*.csv"])
def test_a_link_that_leads_out_of_the_data_folder_is_refused(home: Path, tmp_path: Path, source: str) -> None:
    write(tmp_path / "set" / "a.csv", "a")
    (tmp_path / "set" / "b.csv").symlink_to(write(tmp_path / "private" / "key.pem", "secret"))
    with pytest.raises(SourceError, match=r"b\.csv is a link that leads out of"):
        fetch(tmp_path / source)
    (tmp_path / "set" / "b.csv").unlink()
    (tmp_path / "set" / "b").symlink_to(tmp_path / "private")
    (tmp_path / "set" / "c.csv").symlink_to(tmp_path / "set" / "a.csv")
    assert contents(fetch(tmp_path / source)) == {"a.csv": "a", "c.csv": "a"}


def test_a_link_that_is_named_itself_is_followed(home: Path, tmp_path: Path) -> None:
    (tmp_path / "latest.csv").symlink_to(write(tmp_path / "sets" / "may.csv", "may"))
    assert contents(fetch(tmp_path / "latest.csv")) == {"latest.csv": "may"}


@pytest.fixture
def bucket() -> str:
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for name in ("one.csv", "deep/two.csv"):
        memory.pipe(f"/bucket/{name}", name.encode())
    return "memory://bucket"


@pytest.mark.parametrize(
    ("place", "names"),
    [("/one.csv", ["one.csv"]), ("", ["deep/two.csv", "one.csv"]), ("/**/*.csv", ["deep/two.csv", "one.csv"])],
)
def test_what_fsspec_reads_is_fetched(home: Path, bucket: str, place: str, names: list[str]) -> None:
    assert contents(fetch(bucket + place)) == {name: name for name in names}


def test_an_object_store_is_held_to_the_limit(home: Path, bucket: str) -> None:
    with pytest.raises(SourceError, match="more bytes than"):
        fetch(bucket, SourceLimits(download_bytes=10))


class Treacherous(fsspec.implementations.memory.MemoryFileSystem):
    """A store whose listing names an object that would land outside the folder it is copied to."""

    protocol = "treacherous"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/bucket"

    def find(self, path: str, *_: Any, **__: Any) -> list[str]:
        return ["/bucket/../../../evil.csv"]

    def isfile(self, path: str) -> bool:
        return path.endswith(".csv")

    def isdir(self, path: str) -> bool:
        return not path.endswith(".csv")


def test_an_object_whose_name_leaves_its_folder_is_refused(home: Path) -> None:
    fsspec.register_implementation("treacherous", Treacherous, clobber=True)
    with pytest.raises(SourceError, match="a name that leaves its folder: refused"):
        fetch("treacherous://bucket")


@pytest.mark.parametrize("location", ["simplecache::file:///etc/passwd", "zip://x.csv::https://example.org/x.zip"])
def test_a_chain_to_our_disk_or_around_our_bounds_is_refused(home: Path, location: str) -> None:
    with pytest.raises(SourceError, match="give that address itself"):
        fetch(location)


def test_a_store_without_its_package_names_what_to_install(home: Path) -> None:
    with pytest.raises(SourceError, match="s3fs"):
        fetch("s3://bucket/one.csv")


def test_a_small_text_is_read_from_anywhere(home: Path, tmp_path: Path) -> None:
    assert sources.read_text(write(tmp_path / "pairs.txt", "tiger cat\n")) == "tiger cat\n"

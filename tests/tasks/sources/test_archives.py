"""Archives cannot write outside their folder, unpack past a limit, or hide one another."""

import gzip
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from tasks.sources import ReadingNotes, SourceError, SourceLimits, read_tweets

CSV = b"id,text,target\n1,Forest fire,1\n2,Nice day,0\n"


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def ids(path: Path, limits: SourceLimits | None = None) -> list[str]:
    return [value for batch in read_tweets(path, limits=limits or SourceLimits()) for value in batch["id"].to_pylist()]


def test_a_zip_is_read_member_by_member(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "set.zip",
        {"a.csv": CSV, "b/c.jsonl": b'{"id": 7, "text": "x", "target": 1}', "__MACOSX/._a.csv": b"\x00"},
    )
    assert ids(path) == ["1", "2", "7"]


def test_a_gzip_file_is_what_its_name_without_gz_says(tmp_path: Path) -> None:
    path = tmp_path / "set.tsv.gz"
    path.write_bytes(gzip.compress(CSV.replace(b",", b"\t")))
    assert ids(path) == ["1", "2"]


@pytest.mark.parametrize("name", ["../evil.csv", "/evil.csv", "a/../../evil.csv", "..\\evil.csv", "C:/evil.csv"])
def test_a_member_that_would_leave_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="leaves its folder: refused"):
        ids(zipped(tmp_path / "set.zip", {name: CSV}))
    assert [path.name for path in tmp_path.rglob("*")] == ["set.zip"]
    assert not (tmp_path.parent / "evil.csv").exists()


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("passwd.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(SourceError, match="is a link"):
        ids(tmp_path / "set.zip")


def test_an_archive_stops_unpacking_at_the_limit(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", {"a.csv": CSV, "b.csv": CSV})
    assert len(ids(path, SourceLimits(unpacked_bytes=2 * len(CSV)))) == 4
    with pytest.raises(SourceError, match=r"b\.csv: .*more than 87 bytes, the limit"):
        ids(path, SourceLimits(unpacked_bytes=2 * len(CSV) - 1))


@pytest.mark.parametrize("pack", ["zip", "gzip"])
def test_a_bomb_is_told_by_its_ratio(tmp_path: Path, pack: str) -> None:
    zeros = b"id,text\n" + b"0" * (2 << 20)
    path = tmp_path / f"bomb.csv.{pack}"
    if pack == "zip":
        zipped(path, {"bomb.csv": zeros})
    else:
        path.write_bytes(gzip.compress(zeros, 1))
    with pytest.raises(SourceError, match="a zip bomb"):
        ids(path, SourceLimits(ratio_grace_bytes=1 << 20))


def test_a_bomb_whose_members_share_their_bytes_is_told_by_all_of_them(tmp_path: Path) -> None:
    """A hundred entries of the directory point at the same 2 kB, and each alone would pass."""
    path = zipped(tmp_path / "set.zip", {"a.csv": b"id,text\n" + b"0" * (1 << 20)})
    with zipfile.ZipFile(path, "a") as archive:
        archive.filelist.extend(archive.filelist * 99)
        archive._didModify = True  # type: ignore[attr-defined]  # the directory is to be written anew
    assert path.stat().st_size < 10_000
    with pytest.raises(SourceError, match="a zip bomb"):
        ids(path, SourceLimits(ratio_grace_bytes=4 << 20))


def test_an_archive_with_countless_members_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", {f"{number}.csv": CSV for number in range(5)})
    with pytest.raises(SourceError, match="holds 5 files, the limit is 4"):
        ids(path, SourceLimits(archive_members=4))


def test_an_archive_inside_an_archive_is_passed_over(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"x.csv": CSV}).read_bytes()
    notes = ReadingNotes()
    outer = zipped(tmp_path / "set.zip", {"a.csv": CSV, "inner.csv": inner, "b.csv": gzip.compress(CSV)})
    assert sum(batch.num_rows for batch in read_tweets(outer, notes=notes)) == 2
    assert set(notes.passed_over) == {"set.zip/inner.csv", "set.zip/b.csv"}


def test_kinds_of_archive_that_are_not_opened_are_named(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"), io.BytesIO())
    (tmp_path / "set.tar.gz").write_bytes(buffer.getvalue())
    with pytest.raises(SourceError, match="unpack it"):
        ids(tmp_path / "set.tar.gz")


@pytest.mark.parametrize("name", ["set.zip", "set.csv.gz"])
def test_a_damaged_archive_is_an_error_not_a_short_table(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    lines = b"".join(b"%d,%s,1\n" % (number, b"fire " * (number % 7)) for number in range(50_000))
    if name == "set.zip":
        zipped(path, {"a.csv": b"id,text,target\n" + lines})
        broken = bytearray(path.read_bytes())
        broken[len(broken) // 2] ^= 0xFF
    else:
        broken = bytearray(gzip.compress(b"id,text,target\n" + lines)[:-2000])
    path.write_bytes(broken)
    with pytest.raises(SourceError, match="damaged"):
        ids(path)


def test_a_locked_archive_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", {"a.csv": CSV})
    locked = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + offset] |= 1
    path.write_bytes(locked)
    with pytest.raises(SourceError, match="password"):
        ids(path)

"""Files of word vectors from disk: packed or not, one of them, and clear words about anything else."""

import gzip
import zipfile
from pathlib import Path

import pytest

from tasks.sources import SourceError, fetch
from tasks.sources.word_vectors import read_word_vectors

GLOVE = b"fire 1 2\nflood 3 4\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "glove.txt"
    path.write_bytes(GLOVE)
    return path


def test_a_file_reads_plain_packed_and_as_a_snapshot(file: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "glove.gz").write_bytes(gzip.compress(GLOVE))
    with zipfile.ZipFile(tmp_path / "glove.zip", "w") as archive:
        archive.write(file, "glove.txt")
    digests = {read_word_vectors(each).digest for each in (file, tmp_path / "glove.gz", tmp_path / "glove.zip")}
    assert digests == {read_word_vectors(fetch(file)).digest}


def test_of_several_files_one_must_be_named(file: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.write(file, "glove.50d.txt")
        archive.write(file, "glove.100d.txt")
    with pytest.raises(SourceError, match=r"2 files \(.*50d.txt, .*100d.txt\): unpack it and give one"):
        read_word_vectors(tmp_path / "both.zip")
    (tmp_path / "folder").mkdir()
    for name in "ab":
        (tmp_path / "folder" / name).write_bytes(GLOVE)
    with pytest.raises(SourceError, match=r"several files \(a, b, \.\.\.\): give one"):
        read_word_vectors(tmp_path / "folder")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"\x80\x04\x95abc", "pickle"), (b"id,text\n1,fire\n", "holds no word vectors")],
)
def test_what_is_no_file_of_vectors_is_refused_with_the_remedy(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "wrong").write_bytes(content)
    with pytest.raises(SourceError, match=said):
        read_word_vectors(tmp_path / "wrong")

"""A backup holds all state as of one moment, is compared when restored, and takes the place of nothing."""

import errno
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from tasks import backup, tracking
from tasks.backup import contents, saving
from tasks.backup.archive import DIGESTS, HEAD, NoBackup, Writer
from tasks.runtime import errors, state_folder
from tasks.runtime.state_folder import UnusableStateFolder
from tasks.store import artifact_store, formats, layout
from tasks.tracking.artifacts import database_in


def listing(folder: Path) -> dict[str, str]:
    """The digest of every file that a backup holds; of databases, of what they say."""
    return {
        each.name: said(each.path) if each.database else hashlib.sha256(each.path.read_bytes()).hexdigest()
        for each in contents.contents_of(folder).items
    }


def said(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder with a run, an artifact of the store, and files of all sorts; tests copy it."""
    home = tmp_path_factory.mktemp("used") / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(home))
        with tracking.tracked_run("root", "retrain") as run:
            run.log_text("kept", "note.txt")
        formats.write_artifact("tweets", {"tweets.parquet": pa.table({"text": ["fire"]})})
    (home / "inbox" / "tweets").mkdir(parents=True)
    (home / "inbox" / "tweets" / "ünï\udcff.csv").write_text("id,text\n")
    (home / "scratch").mkdir()
    (home / "scratch" / "large").write_text("of no use")
    (home / "running.json").write_text("{}")
    return home


@pytest.fixture
def folder(used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in force."""
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "state"))
    return Path(shutil.copytree(used, tmp_path / "state"))


def restored(file: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRISISFLOW_HOME", str(home))
    backup.restore(file)
    return home


def changed(file: Path, name: str, content: bytes) -> Path:
    """A copy of a backup in which one member holds something else."""
    with tarfile.open(file) as old, tarfile.open(file.with_suffix(".changed"), "w") as new:
        for member in old:
            data = content if member.name == name else old.extractfile(member).read()  # type: ignore[union-attr]
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return file.with_suffix(".changed")


def test_what_is_restored_is_what_was_saved(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = backup.back_up(tmp_path / "b.tar")
    assert saved["came_damaged"] == saved["left_out"] == []
    there = restored(tmp_path / "b.tar", tmp_path / "there", monkeypatch)
    assert listing(there) == listing(folder)
    assert len(listing(there)) == saved["file_count"]
    assert not (there / "scratch").exists()
    assert not (there / "running.json").exists()
    run = tracking.find_runs("")[0].info.run_id
    assert tracking.download(run, "note.txt", tmp_path).read_text() == "kept"


def test_times_are_kept_which_say_what_was_used_last(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (manifest,) = (folder / "store").rglob("manifest.json")
    os.utime(manifest, (1e9, 1e9))
    backup.back_up(tmp_path / "b.tar")
    there = restored(tmp_path / "b.tar", tmp_path / "there", monkeypatch)
    assert (there / manifest.relative_to(folder)).stat().st_mtime == 1e9


def test_a_backup_is_for_its_user_alone(folder: Path, tmp_path: Path) -> None:
    backup.back_up(tmp_path / "b.tar")
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_not_replaced(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine")
    (tmp_path / "link.tar").symlink_to(tmp_path / "nowhere")
    for name in ("b.tar", "link.tar"):
        with pytest.raises(ValueError, match="is there already"):
            backup.back_up(tmp_path / name)
    assert (tmp_path / "b.tar").read_text() == "mine"


def test_a_file_that_comes_to_be_meanwhile_is_not_replaced_either(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = saving._write

    def slow(*arguments: object) -> object:
        (tmp_path / "b.tar").write_text("mine")
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(saving, "_write", slow)
    with pytest.raises(ValueError, match="has come to be"):
        backup.back_up(tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_text() == "mine"
    assert not list(tmp_path.glob(".draft-*"))


def test_no_backup_goes_into_the_folder_itself(folder: Path) -> None:
    with pytest.raises(ValueError, match="lies in the state folder"):
        backup.back_up(folder / "b.tar")


def test_a_backup_that_does_not_fit_is_not_begun(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: facts._replace(free=1000))
    with pytest.raises(ValueError, match=r"needs .* MB, and the disk that holds .* has 0 MB free"):
        backup.back_up(tmp_path / "b.tar")


def test_a_disk_that_fills_up_is_named_and_nothing_is_left_on_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Writer, "add", full)
    (tmp_path / "safe").mkdir()
    with pytest.raises(OSError, match="No space") as raised:
        backup.back_up(tmp_path / "safe" / "b.tar")
    assert f"the disk that holds {tmp_path / 'safe'} is full" in str(errors.in_words(raised.value))
    assert not list((tmp_path / "safe").iterdir())


def test_a_damaged_artifact_is_told_of_and_saved_as_it_is(folder: Path, tmp_path: Path) -> None:
    (table,) = (folder / "store").rglob("tweets.parquet")
    table.write_bytes(table.read_bytes()[:-1])
    assert backup.back_up(tmp_path / "b.tar")["came_damaged"] == [f"tweets/{table.parent.name}"]


def test_a_damaged_database_is_told_of_and_saved_as_it_is(folder: Path, tmp_path: Path) -> None:
    database = database_in(folder)
    content = bytearray(database.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    database.write_bytes(content)
    assert backup.back_up(tmp_path / "b.tar")["came_damaged"] == ["mlflow/mlflow.db"]
    with tarfile.open(tmp_path / "b.tar") as tar:
        assert tar.extractfile("state/mlflow/mlflow.db").read() == bytes(content)  # type: ignore[union-attr]


def test_what_a_database_keeps_beside_itself_is_saved(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "prefect").mkdir()
    with closing(sqlite3.connect(folder / "prefect" / "prefect.db")) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE run (name)")
        writer.execute("INSERT INTO run VALUES ('saved')")
        writer.commit()
        writer.execute("INSERT INTO run VALUES ('not committed')")
        backup.back_up(tmp_path / "b.tar")
    there = restored(tmp_path / "b.tar", tmp_path / "there", monkeypatch)
    assert [path.name for path in (there / "prefect").iterdir()] == ["prefect.db"]
    with closing(sqlite3.connect(there / "prefect" / "prefect.db")) as connection:
        assert connection.execute("SELECT name FROM run").fetchall() == [("saved",)]


def test_links_are_followed_and_pipes_left_out(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.csv").write_text("id,text\n")
    (folder / "scored").symlink_to(tmp_path / "elsewhere")
    (folder / "inbox" / "circle").symlink_to(folder / "inbox")
    (folder / "inbox" / "nowhere").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "inbox" / "pipe")
    assert backup.back_up(tmp_path / "b.tar")["left_out"] == ["inbox/circle", "inbox/nowhere", "inbox/pipe"]
    there = restored(tmp_path / "b.tar", tmp_path / "there", monkeypatch)
    assert (there / "scored" / "a.csv").read_text() == "id,text\n"
    assert not (there / "scored").is_symlink()


def test_a_folder_that_holds_anything_is_not_restored_over(folder: Path, tmp_path: Path) -> None:
    backup.back_up(tmp_path / "b.tar")
    before = listing(folder)
    with pytest.raises(ValueError, match="holds inbox: a backup is restored over nothing"):
        backup.restore(tmp_path / "b.tar")
    assert listing(folder) == before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("state/inbox/tweets/ünï\udcff.csv", b"id,texT\n", "1 of .* are not what was saved .*: nothing is restored"),
        (DIGESTS, b"{}", "are not what was saved"),
        (HEAD, b'{"form": 1, "layout": 99, "bytes": 0}', "of layout 99, which a newer crisisflow wrote"),
        (HEAD, b'{"form": 99}', "of form 99, which a newer crisisflow wrote"),
    ],
)
def test_a_changed_backup_is_refused_and_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, said: str
) -> None:
    backup.back_up(tmp_path / "b.tar")
    with pytest.raises((NoBackup, RuntimeError), match=said):
        restored(changed(tmp_path / "b.tar", name, content), tmp_path / "there", monkeypatch)
    assert set(os.listdir(tmp_path / "there")) <= {"locks"}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
def test_a_backup_that_is_cut_off_is_refused_and_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    size = backup.back_up(tmp_path / "b.tar")["bytes"]
    os.truncate(tmp_path / "b.tar", int(size * share))
    with pytest.raises(NoBackup, match="cut off"):
        restored(tmp_path / "b.tar", tmp_path / "there", monkeypatch)
    assert set(os.listdir(tmp_path / "there")) <= {"locks"}


def test_what_is_no_backup_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "text").write_text("no tar file")
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(tmp_path / "text", "text")
    for name, said in (("text", "is not a backup"), ("other.tar", "is not a backup"), ("gone", "there is no file")):
        with pytest.raises(NoBackup, match=said):
            restored(tmp_path / name, tmp_path / "there", monkeypatch)


def test_no_file_is_written_outside_the_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup.back_up(tmp_path / "b.tar")
    for name in ("state/../escaped", "/escaped", "state//escaped", "other"):
        with tarfile.open(tmp_path / "b.tar") as old, tarfile.open(tmp_path / "evil.tar", "w") as new:
            head = old.next()
            assert head is not None
            new.addfile(head, old.extractfile(head))
            evil = tarfile.TarInfo(name)
            new.addfile(evil, io.BytesIO())
        with pytest.raises(NoBackup, match="does not belong into a state folder"):
            restored(tmp_path / "evil.tar", tmp_path / "there", monkeypatch)
    assert not (tmp_path / "escaped").exists()


def test_a_restoring_that_was_cut_short_is_begun_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.back_up(tmp_path / "b.tar")
    half = tmp_path / "there"
    (half / "mlflow").mkdir(parents=True)
    (half / "mlflow" / "mlflow.db").write_text("half")
    layout.write_mark(half, {"layout": layout.LAYOUT, layout.RESTORING: "b.tar"})
    monkeypatch.setenv("CRISISFLOW_HOME", str(half))
    with pytest.raises(ValueError, match="half restored"):
        layout.bring_up_to_date()
    backup.restore(tmp_path / "b.tar")
    assert listing(half) == listing(folder)


def test_a_run_that_went_on_when_it_was_saved_is_closed_after_restoring(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tracking.tracked_run("cut", "retrain") as run:
        tracking.client().set_tag(run.run_id, "host", "another machine")
        backup.back_up(tmp_path / "b.tar")
    script = "import sys; from pathlib import Path; from tasks import backup; backup.restore(Path(sys.argv[1]))"
    environment = {**os.environ, "CRISISFLOW_HOME": str(tmp_path / "there"), "PYTHONPATH": os.getcwd()}
    subprocess.run([sys.executable, "-c", script, tmp_path / "b.tar"], env=environment, check=True, timeout=120)
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "there"))
    assert tracking.read_run(run.run_id).info.status == "RUNNING"
    tracking.recover()
    assert tracking.read_run(run.run_id).info.status == "KILLED"


WRITER = """
import time
import pyarrow as pa
from tasks import tracking
from tasks.store import formats
with tracking.tracked_run("writer", "retrain") as run:
    for number in range(10_000):
        made = formats.write_artifact("tweets", {"tweets.parquet": pa.table({"number": [number] * 1000})})
        with tracking.tracked_run(str(number), "step", run) as child:
            child.log_text(str(number), "note.txt")
            child.tag(output=f"{made.parent.name}/{made.name}")
        print(time.time(), flush=True)
"""


def test_while_a_process_writes_all_that_a_run_names_is_in_the_backup(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    writer = subprocess.Popen([sys.executable, "-c", WRITER], env=environment, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    steps, copy = writer.stdout, saving._copied_database

    def copied_amid_steps(*arguments: Path) -> Path | None:
        """Steps end between the looking through, the copying and the reading of artifacts."""
        a_step_begins_and_ends()
        copied = copy(*arguments)
        a_step_begins_and_ends()
        return copied

    def a_step_begins_and_ends() -> None:
        begun = time.time()
        while float(steps.readline()) < begun:
            pass
        steps.readline()

    monkeypatch.setattr(saving, "_copied_database", copied_amid_steps)
    assert backup.back_up(tmp_path / "b.tar")["came_damaged"] == []
    assert writer.poll() is None
    writer.kill()
    writer.communicate()
    there = restored(tmp_path / "b.tar", tmp_path / "there", monkeypatch)
    finished = tracking.find_runs("attributes.status = 'FINISHED' and tags.stage = 'step'")
    assert len(finished) >= 2
    for run in finished:
        artifact_store.verify(there / "store" / run.data.tags["output"])
        assert tracking.download(run.info.run_id, "note.txt", tmp_path).read_text() == run.info.run_name


def test_a_restored_folder_needs_room(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup.back_up(tmp_path / "b.tar")
    facts = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(state_folder.shutil, "disk_usage", lambda _: facts._replace(free=1000))
    with pytest.raises(UnusableStateFolder, match="is full"):
        restored(tmp_path / "b.tar", tmp_path / "there", monkeypatch)


def test_the_command_line_saves_and_restores(folder: Path, tmp_path: Path) -> None:
    def crisisflow(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flows", *map(str, arguments)],
            env={**os.environ, "CRISISFLOW_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    saved = crisisflow("backup", tmp_path / "b.tar", "--json", home=folder)
    assert (saved.returncode, saved.stderr) == (0, "")
    done = crisisflow("restore", tmp_path / "b.tar", "--json", home=tmp_path / "there")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["file_count"] == json.loads(saved.stdout)["file_count"]
    again = crisisflow("restore", tmp_path / "b.tar", home=tmp_path / "there")
    assert again.returncode == 2
    assert "restored over nothing" in again.stderr

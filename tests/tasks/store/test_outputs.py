"""Files that users name: only what crisisflow wrote is replaced, and a source never."""

import ast
import os
import shutil
from pathlib import Path

import pytest

from tasks.store import backups, output_register
from tasks.store.outputs import Outputs, RefusedOutput, page_outputs

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(home: Path, tmp_path: Path) -> Path:
    """A page that was written and recorded."""
    path = tmp_path / "page.html"
    Outputs().write_text(path, "one")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "state")


def test_what_crisisflow_wrote_is_replaced(page: Path) -> None:
    Outputs().check(page)
    Outputs().write_text(page, "two")
    assert page.read_text() == "two"
    assert names(page.parent) == ["page.html"]


def test_a_file_that_has_changed_since_is_not_replaced(page: Path) -> None:
    page.write_text("mine")
    with pytest.raises(RefusedOutput, match=r"has changed since crisisflow wrote it.*--overwrite.*page\.html\.bak"):
        Outputs().check(page)
    with pytest.raises(RefusedOutput):
        Outputs().write_text(page, "two")
    assert page.read_text() == "mine"


def test_a_file_that_is_not_on_record_is_not_replaced(home: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.html").write_text("mine")
    with pytest.raises(RefusedOutput, match="not on record"):
        Outputs().check(tmp_path / "notes.html")


def test_a_file_that_appears_during_the_work_is_not_replaced(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    with pytest.raises(RefusedOutput), Outputs().drafts(tmp_path) as draft:
        (draft / "page.html").write_text("ours")
        out.write_text("mine")
    assert (out.read_text(), names(tmp_path)) == ("mine", ["page.html"])


def test_overwrite_keeps_the_old_file_and_every_earlier_backup(page: Path) -> None:
    for text in ("mine", "mine again"):
        page.write_text(text)
        Outputs(overwrite=True).write_text(page, "ours")
        assert page.read_text() == "ours"
    kept = {path.name: path.read_text() for path in page.parent.glob("*.bak*")}
    assert kept == {"page.html.bak": "mine", "page.html.bak.2": "mine again"}


def test_a_backup_whose_name_another_process_takes_first_gets_another(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, free = page.with_name("page.html.bak"), page.with_name("page.html.bak.2")
    taken.write_text("another's")
    names = iter([taken, free])
    monkeypatch.setattr(backups, "backup_of", lambda _: next(names))
    backups.keep_a_backup(page)
    assert (taken.read_text(), free.read_text()) == ("another's", "one")


def test_overwrite_moves_a_link_and_leaves_what_it_points_to(home: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    link = tmp_path / "page.html"
    link.symlink_to("notes.txt")
    with pytest.raises(RefusedOutput):
        Outputs().check(link)
    Outputs(overwrite=True).write_text(link, "ours")
    assert (tmp_path / "notes.txt").read_text() == (tmp_path / "page.html.bak").read_text() == "mine"
    assert not link.is_symlink()


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("kind", ["itself", "symbolic link", "hard link", "link to its folder"])
def test_no_source_is_an_output_under_any_name(home: Path, tmp_path: Path, kind: str, overwrite: bool) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    source, out = folder / "a.csv", tmp_path / "b.csv"
    source.write_text("id,text\n")
    match kind:
        case "itself":
            out = source
        case "symbolic link":
            out.symlink_to(source)
        case "hard link":
            os.link(source, out)
        case _:
            (tmp_path / "link").symlink_to(folder)
            out = tmp_path / "link" / "a.csv"
    with pytest.raises(RefusedOutput, match="is a source of this command"):
        Outputs((source,), overwrite).write_text(out, "ours")
    assert source.read_text() == out.read_text() == "id,text\n"


def test_an_output_that_became_a_source_is_one(page: Path) -> None:
    with pytest.raises(RefusedOutput, match="is a source"):
        Outputs((page,)).check(page)


def test_nothing_is_written_into_a_source_folder(home: Path, tmp_path: Path) -> None:
    with pytest.raises(RefusedOutput, match="lies in the source folder"):
        Outputs((tmp_path,)).check(tmp_path / "deep" / "page.html")


def test_what_was_read_as_a_source_before_is_not_moved_by_overwrite(home: Path, tmp_path: Path) -> None:
    from tasks import sources

    (tmp_path / "train.csv").write_text("id,text\n1,fire\n")
    sources.fetch(tmp_path / "train.csv")
    with pytest.raises(RefusedOutput, match="was read as a source before"):
        Outputs(overwrite=True).check(tmp_path / "train.csv")


def test_a_file_is_no_folder_and_a_folder_no_file(page: Path) -> None:
    with pytest.raises(RefusedOutput, match="is a folder"):
        Outputs(overwrite=True).check(page.parent)
    with pytest.raises(RefusedOutput, match="is no file"):
        Outputs(overwrite=True).check(Path("/dev/null"))
    with pytest.raises(RefusedOutput, match="is a file"):
        Outputs(overwrite=True).check_folder(page)


def test_a_process_that_dies_while_it_puts_files_in_place_leaves_them_on_record(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of its files have their names by then."""
    put = output_register.record

    def die(folder: Path, digests: dict[str, list[str]]) -> None:
        if all(len(known) == 1 for known in digests.values()):
            raise KeyboardInterrupt
        put(folder, digests)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(output_register, "record", die)
        Outputs().write_text(page, "two")
    assert page.read_text() == "two"
    Outputs().check(page)


def test_an_error_leaves_everything_as_it_was(page: Path) -> None:
    with pytest.raises(ZeroDivisionError), Outputs().drafts(page.parent, optional=["page.html"]) as draft:
        (draft / "other.html").write_text(str(1 // 0))
    assert (page.read_text(), names(page.parent)) == ("one", ["page.html"])


def test_an_optional_file_that_is_not_written_again_goes_unless_it_is_a_users(home: Path, tmp_path: Path) -> None:
    for text in ("a", None):
        with Outputs().drafts(tmp_path, optional=["x.extra.csv"]) as draft:
            (draft / "x.csv").write_text("x")
            if text:
                (draft / "x.extra.csv").write_text(text)
    assert names(tmp_path) == ["x.csv"]
    (tmp_path / "x.extra.csv").write_text("mine")
    with pytest.raises(RefusedOutput), Outputs().drafts(tmp_path, optional=["x.extra.csv"]) as draft:
        (draft / "x.csv").write_text("x")
    assert (tmp_path / "x.extra.csv").read_text() == "mine"


def write_whole(folder: Path, *files: str, overwrite: bool = False) -> None:
    with Outputs(overwrite=overwrite).draft_whole(folder, last="last") as draft:
        for name in files:
            (draft / name).write_text(name)


def test_a_folder_of_outputs_is_replaced_as_a_whole(home: Path, tmp_path: Path) -> None:
    write_whole(tmp_path / "parts", "a", "b", "last")
    write_whole(tmp_path / "parts", "b", "c", "last")
    assert names(tmp_path / "parts") == ["b", "c", "last"]


@pytest.mark.parametrize("change", ["foreign", "changed", "folder"])
def test_a_folder_with_anything_else_in_it_is_refused_or_moved_as_a_whole(
    home: Path, tmp_path: Path, change: str
) -> None:
    folder = tmp_path / "parts"
    write_whole(folder, "a", "last")
    if change == "folder":
        (folder / "deep").mkdir()
    else:
        (folder / ("b" if change == "foreign" else "a")).write_text("mine")
    before = names(folder)
    with pytest.raises(RefusedOutput, match=r"holds other files.*--overwrite to move the folder to parts\.bak"):
        write_whole(folder, "c", "last")
    assert names(folder) == before
    write_whole(folder, "c", "last", overwrite=True)
    assert (names(folder), names(tmp_path / "parts.bak")) == (["c", "last"], before)


def test_a_folder_that_holds_a_source_is_never_an_output(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    write_whole(folder, "a", "last")
    for source in (folder / "a", folder):
        with pytest.raises(RefusedOutput):
            Outputs((source,), overwrite=True).check_folder(folder)
    (tmp_path / "raw.csv").write_text("x")
    os.link(tmp_path / "raw.csv", folder / "b")
    with pytest.raises(RefusedOutput, match="is a source"):
        Outputs((tmp_path / "raw.csv",), overwrite=True).check_folder(folder)


def test_records_hold_after_the_state_folder_was_moved(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of files inside it, which moved along, and those of files elsewhere, which did not."""
    for path in (home / "scored" / "a.csv", tmp_path / "b.csv"):
        Outputs().write_text(path, "one")
    moved = tmp_path / "moved"
    shutil.move(home, moved)
    monkeypatch.setenv("CRISISFLOW_HOME", str(moved))
    for path in (moved / "scored" / "a.csv", tmp_path / "b.csv"):
        Outputs().write_text(path, "two")
        assert path.read_text() == "two"


def test_a_page_that_no_user_named_replaces_the_one_before(home: Path) -> None:
    for text in ("one", "two"):
        path, outputs = page_outputs(None, "page.html")
        outputs.write_text(path, text)
        path.write_text(f"{text}, changed")
    with pytest.raises(RefusedOutput):
        page_outputs(path, "page.html")


# Calls that write, move or remove files, and the modules that may make them: into the state folder, a temporary
# folder or the draft of an output. None of them may write to a path that a user gave: that is for `outputs`.
WRITING = {
    *("write_text", "write_bytes", "write_atomically", "put_in_place", "unlink", "rename", "rmtree", "rmdir"),
    *("savefig", "to_csv", "to_parquet", "write_table", "ParquetWriter", "CSVWriter", "write_csv"),
    *("save", "savez", "copyfile", "copyfileobj", "copy2", "copytree", "symlink_to", "hardlink_to", "link", "move"),
}
MAY_WRITE = {
    "flows/cli/gradients.py": "the draft of a picture",
    "flows/operations/replay.py": "its temporary folder",
    "flows/operations/up.py": "the state folder",
    "flows/rerun.py": "the folder of a replay, which is new",
    "tasks/backup/restoring.py": "a state folder that was empty",
    "tasks/backup/saving.py": "a draft, which takes the place of no file",
    "tasks/caching/records.py": "the state folder",
    "tasks/caching/syntax.py": "a cache beside the compiled code",
    "tasks/cluster/fingerprint.py": "a temporary folder of the state folder",
    "tasks/cluster/lasting.py": "the state folder",
    "tasks/cluster/node.py": "the state folder",
    "tasks/cluster/using.py": "the state folder",
    "tasks/database/artifact_folder.py": "a mark of its own name in the folder of artifacts",
    "tasks/database/joining.py": "the mark that it has just made",
    "tasks/evaluation/events.py": "the draft of an artifact",
    "tasks/evaluation/leakage.py": "the draft of an artifact",
    "tasks/html/pages.py": "memory",
    "tasks/ingestion/by_parts.py": "the draft of an artifact",
    "tasks/ingestion/corpus.py": "the draft of an artifact",
    "tasks/ingestion/key_buckets.py": "a temporary folder",
    "tasks/ingestion/labelled_texts.py": "the draft of an artifact",
    "tasks/ingestion/outputs.py": "the draft of an artifact",
    "tasks/ingestion/part_units.py": "a temporary folder of the state folder",
    "tasks/ingestion/retry.py": "the draft of an artifact",
    "tasks/ingestion/shuffle.py": "a temporary folder of the state folder",
    "tasks/ingestion/tweet_ingest.py": "the draft of an artifact",
    "tasks/labels/joining.py": "the draft of an artifact",
    "tasks/lineage/retention.py": "the state folder",
    "tasks/notifications/receivers.py": "the state folder",
    "tasks/overview/page.py": "no file: the elements of a page",
    "tasks/packaging/mlflow_model.py": "a temporary folder",
    "tasks/queries/word_vectors.py": "the draft of an export",
    "tasks/replay/requests.py": "the folder of a replay",
    "tasks/replay/rerunning.py": "the folder of a replay",
    "tasks/runtime/atomic_files.py": "drafts",
    "tasks/runtime/environment.py": "nowhere",
    "tasks/runtime/running.py": "the state folder",
    "tasks/runtime/servers.py": "logs in the state folder",
    "tasks/runtime/state_folder.py": "the state folder",
    "tasks/sample.py": "the bundled sample, for developers",
    "tasks/scoring/by_parts.py": "a temporary folder of the state folder",
    "tasks/scoring/formats.py": "the draft of an output",
    "tasks/scoring/output.py": "the draft of an output",
    "tasks/scoring/parts.py": "the draft of an output",
    "tasks/scoring/progress_store.py": "the state folder",
    "tasks/service/scored_file.py": "memory",
    "tasks/service/uploads.py": "a draft of the state folder",
    "tasks/sources/http.py": "the state folder",
    "tasks/sources/object_stores.py": "the state folder",
    "tasks/sources/parquet.py": "a temporary folder",
    "tasks/sources/snapshots.py": "the state folder",
    "tasks/sources/watched.py": "the state folder",
    "tasks/steps.py": "no file: the name of a run",
    "tasks/store/artifact_store.py": "the state folder",
    "tasks/store/backups.py": "beside the file that makes way",
    "tasks/store/checkpoints.py": "the state folder",
    "tasks/store/formats.py": "the draft of an artifact",
    "tasks/store/output_register.py": "the state folder",
    "tasks/store/layout.py": "the state folder",
    "tasks/store/relative_locations.py": "the state folder",
    "tasks/store/outputs.py": "the only way to a file that a user named",
    "tasks/tracking/connection.py": "the state folder",
    "tasks/tracking/lifecycle.py": "no file: the name of a run",
    "tasks/tracking/model_runs.py": "no file: the name of a run",
    "tasks/tracking/noted.py": "memory",
    "tasks/tracking/provenance.py": "a temporary folder",
    "tasks/tracking/requests.py": "a temporary folder",
    "tasks/tracking/run.py": "a temporary folder",
    "tasks/training/bags.py": "a temporary folder of the state folder",
    "tasks/training/counting.py": "a temporary folder of the state folder",
}


def writes(path: Path) -> set[str]:
    """The calls in a module that write files; `open` counts unless it plainly reads."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        by_the_door = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "outputs"
        modes = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if (name in WRITING and not by_the_door) or (
            name == "open" and any(set(mode) & set("wax+") and len(mode) < 4 for mode in modes)
        ):
            found.add(name)
    return found


def test_no_other_code_writes_files() -> None:
    """A module that is new here must write to the state folder or to drafts alone; user-given paths go by `outputs`."""
    files = [path for top in ("flows", "tasks", "models") for path in sorted((ROOT / top).rglob("*.py"))]
    writing = {path.relative_to(ROOT).as_posix() for path in files if writes(path)}
    assert writing - set(MAY_WRITE) == set()
    assert set(MAY_WRITE) - writing == set()

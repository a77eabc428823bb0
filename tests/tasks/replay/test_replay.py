"""Replaying: code from git, libraries against the lock, data by links, and the first element in which two runs part."""

import io
import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.operations import replay
from models.settings import Settings
from tasks import caching, sources, tracking
from tasks.caching import code
from tasks.replay import checkout, differences, lock, rerunning, trees, verdicts
from tasks.replay.requests import pinned
from tasks.steps import step
from tasks.store import artifact_store
from tasks.tracking import provenance
from tasks.tracking.requests import Request


def network(weight: float, units: int = 2) -> bytes:
    """A saved Keras model, as far as content goes."""
    weights, model = io.BytesIO(), io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/dense/vars/0"] = np.array([[1.0, 2.0], [3.0, weight]], np.float32)
    with zipfile.ZipFile(model, "w") as archive:
        layer = {"shared_object_id": id(model), "units": units}  # a place in memory, as Keras writes it
        archive.writestr("config.json", json.dumps({"config": {"layers": [layer]}}))
        archive.writestr("model.weights.h5", weights.getvalue())
    return model.getvalue()


def table(**columns: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def arrays(**values: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **{name: np.array(value) for name, value in values.items()})
    return stream.getvalue()


def matrix(*rows: list[float]) -> bytes:
    return table(vector=pa.array(rows, pa.list_(pa.float32(), len(rows[0]))))


WORDS = {"id": ["a", "b", "c"], "tokens": [["fire"], ["flood", "rain"], None]}

CHANGES: dict[str, tuple[str, bytes, bytes, tuple[str, str, str, str]]] = {
    "a text": ("t.parquet", table(text=["a", "b"]), table(text=["a", "c"]), ("text", "1", "'b'", "'c'")),
    "a list": (
        "t.parquet",
        table(**WORDS),
        table(**{**WORDS, "tokens": [["fire"], ["flood"], None]}),
        ("tokens", "1", "['flood', 'rain']", "['flood']"),
    ),
    "a vector": ("v.parquet", matrix([1, 2], [3, 4]), matrix([1, 2], [3, 5]), ("vector", "1, 1", "4.0", "5.0")),
    "a missing value": ("t.parquet", table(n=[1, 2]), table(n=[1, None]), ("n", "", "int64(2,)", "object(2,)")),
    "a row less": ("t.parquet", table(n=[1, 2]), table(n=[1]), ("n", "1", "2 rows", "1 row")),
    "a column more": ("t.parquet", table(n=[1]), table(n=[1], m=[1]), ("m", "", "missing", "there")),
    "a last bit": (
        "a.npz",
        arrays(w=[[1.0, 2.0], [3.0, 0.1 + 0.2]]),
        arrays(w=[[1.0, 2.0], [3.0, 0.3]]),
        ("w", "1, 1", "0.30000000000000004", "0.3"),
    ),
    "a sign of zero": ("a.npz", arrays(w=[0.0]), arrays(w=[-0.0]), ("w", "0", "0.0", "-0.0")),
    "a weight": (
        "n.keras",
        network(4.0),
        network(5.0),
        ("layers/dense/vars/0", "1, 1", "4.0", "5.0"),
    ),
    "a layer's width": ("n.keras", network(4.0), network(4.0, 3), ("config config.layers.0.units", "0", "2", "3")),
    "a figure": ("m.json", b'{"test": {"f1": 0.5}}', b'{"test": {"f1": 0.25}}', ("test.f1", "0", "0.5", "0.25")),
    "a line": ("r.html", b"a\nb\n", b"a\nc\n", ("line", "1", "'b'", "'c'")),
}


def two_folders(tmp_path: Path, name: str, old: bytes, new: bytes) -> tuple[Path, Path]:
    folders = tmp_path / "old", tmp_path / "new"
    for folder, content in zip(folders, (old, new), strict=True):
        folder.mkdir()
        (folder / name).write_bytes(content)
    return folders


@pytest.mark.parametrize("name", CHANGES)
def test_the_first_element_that_differs_is_named(tmp_path: Path, name: str) -> None:
    file, old, new, expected = CHANGES[name]
    found = differences.first_difference(*two_folders(tmp_path, file, old, new))
    assert found is not None
    assert (found.file, found.part, found.element, found.recorded, found.replayed) == (file, *expected)


def test_the_same_content_in_other_bytes_is_no_difference(tmp_path: Path) -> None:
    stream = io.BytesIO()
    pq.write_table(pa.table(WORDS), stream, compression="zstd", row_group_size=1)
    folders = two_folders(tmp_path, "t.parquet", table(**WORDS), stream.getvalue())
    assert differences.first_difference(*folders) is None


def test_the_largest_difference_of_a_tensor_is_told(tmp_path: Path) -> None:
    old, new = arrays(w=[1.0, 2.0, 3.0]), arrays(w=[1.0, 2.5, 5.0])
    found = differences.first_difference(*two_folders(tmp_path, "a.npz", old, new))
    assert found is not None
    assert (found.element, found.largest) == ("1", 2.0)


def test_rounding_is_close_and_another_value_is_not(tmp_path: Path) -> None:
    for number, (weight, expected) in enumerate([(4.00001, True), (4.1, False)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert differences.close(*two_folders(folder, "n.keras", network(4.0), network(weight))) is expected


def test_vectors_are_close_by_their_numbers(tmp_path: Path) -> None:
    assert differences.close(*two_folders(tmp_path, "v.parquet", matrix([1, 2]), matrix([1, 2.00001])))


def test_another_text_is_never_close(tmp_path: Path) -> None:
    assert not differences.close(*two_folders(tmp_path, "t.parquet", table(text=["a"]), table(text=["b"])))


class Counting(Settings):
    """How to count."""

    start: int = 0


@step("count")
def count(run: tracking.Run, raw: Path, settings: Counting) -> Path:
    """The rows of a raw file, numbered."""
    lines = (raw / "files" / "rows.txt").read_text().split()
    with artifact_store.new_artifact("rows") as draft:
        pq.write_table(
            pa.table({"row": lines, "n": range(settings.start, settings.start + len(lines))}), draft / "rows.parquet"
        )
    return draft.final


@step("add up")
def add_up(run: tracking.Run, rows: Path) -> Path:
    """The sum of all numbers."""
    with artifact_store.new_artifact("sum") as draft:
        (draft / "sum.json").write_text(json.dumps(sum(pq.read_table(rows / "rows.parquet")["n"].to_pylist())))
    return draft.final


def count_rows(folder: Path, rows: str, start: int = 0) -> str:
    """One run of two steps over a raw file; its id."""
    folder.mkdir(exist_ok=True)
    (folder / "rows.txt").write_text(rows)
    with tracking.tracked_run("count", "test") as run:
        add_up.fn(run, count.fn(run, sources.fetch(folder / "rows.txt"), Counting(start=start)))
    return run.run_id


def test_a_reused_step_compares_with_the_one_that_made_it(home: Path, tmp_path: Path) -> None:
    first, again = count_rows(tmp_path / "in", "a b"), count_rows(tmp_path / "in", "a b")
    assert tracking.step_outcomes(again) == {"run": 0, "cached": 2}
    compared = trees.compare(trees.steps_of(first), trees.steps_of(again))
    assert [(each.name, each.identical) for each in compared] == [("count", True), ("add up", True)]


def test_a_planted_seed_is_found_by_step_setting_and_element(home: Path, tmp_path: Path) -> None:
    runs = count_rows(tmp_path / "in", "a b"), count_rows(tmp_path / "in", "a b", start=7)
    found = verdicts.divergence(*map(trees.steps_of, runs), state_as_replay(tmp_path, home))
    assert found is not None
    assert (found["step"], found["settings"]) == ("count", {"settings.start": ["0", "7"]})
    assert (found["difference"]["part"], found["difference"]["element"]) == ("n", "0")


def test_a_planted_row_is_found_by_its_number(home: Path, tmp_path: Path) -> None:
    runs = count_rows(tmp_path / "in", "a b c"), count_rows(tmp_path / "in", "a x c")
    found = verdicts.divergence(*map(trees.steps_of, runs), state_as_replay(tmp_path, home))
    assert found is not None
    assert found["step"] == "count"
    assert {name: found["difference"][name] for name in ("file", "part", "element", "recorded", "replayed")} == {
        "file": "rows.parquet",
        "part": "row",
        "element": "1",
        "recorded": "'b'",
        "replayed": "'x'",
    }


@step("weigh")
def weigh(run: tracking.Run, weight: float) -> Path:
    """One weight."""
    with artifact_store.new_artifact("weights") as draft:
        np.savez(draft / "weights.npz", weight=np.array([weight]))
    return draft.final


def weighed(weight: float) -> str:
    """A run that made this weight; its id."""
    with tracking.tracked_run("weigh", "test") as run:
        weigh.fn(run, weight)
    return run.run_id


@pytest.mark.parametrize(
    ("weight", "cpu", "verdict"),
    [
        (0.3, "another", verdicts.IDENTICAL),
        (0.1 + 0.2, "another", verdicts.CLOSE),
        (0.1 + 0.2, "the same", verdicts.DIFFERENT),
        (0.4, "another", verdicts.DIFFERENT),
    ],
)
def test_only_rounding_on_another_processor_is_forgiven(
    home: Path, tmp_path: Path, weight: float, cpu: str, verdict: str
) -> None:
    run, again = tracking.read_run(weighed(0.3)), weighed(weight)
    made = {
        "run_id": again,
        "cpu": run.data.tags["cpu"] if cpu == "the same" else cpu,
        "code_digest": run.data.tags["code_digest"],
    }
    steps = trees.steps_of(run.info.run_id), trees.steps_of(again)
    result = verdicts.verdict(run, steps[0], made, steps[1], state_as_replay(tmp_path, home))
    assert (result["verdict"], result["identical"]) == (verdict, verdict == verdicts.IDENTICAL)
    assert (result["divergence"] is None) == result["identical"]


def test_a_step_that_is_not_there_again_is_named(home: Path, tmp_path: Path) -> None:
    recorded, replayed = trees.steps_of(count_rows(tmp_path / "in", "a")), trees.steps_of(weighed(0.3))
    compared = [(each.name, each.recorded is None, each.replayed is None) for each in trees.compare(recorded, replayed)]
    assert compared == [("count", False, True), ("add up", False, True), ("weigh", True, False)]
    found = verdicts.divergence(recorded, replayed, state_as_replay(tmp_path, home))
    assert found is not None
    assert found["step"] == "count"


def state_as_replay(tmp_path: Path, home: Path) -> Path:
    """A replay's folder whose state is that of the test."""
    folder = tmp_path / "replay"
    folder.mkdir()
    (folder / "state").symlink_to(home)
    return folder


def test_what_the_store_lost_is_compared_with_the_copy_beside_the_run(home: Path, tmp_path: Path) -> None:
    run_id = count_rows(tmp_path / "in", "a b")
    (made, _) = trees.steps_of(run_id)
    (home / "store" / made.output / "rows.parquet").unlink()
    (tmp_path / "download").mkdir()
    folder = trees.recorded_folder(made, tmp_path / "download")
    assert folder is not None
    assert pq.read_table(folder / "rows.parquet")["row"].to_pylist() == ["a", "b"]


def test_what_a_run_read_and_did_not_make_is_what_it_needs(home: Path, tmp_path: Path) -> None:
    run_id = count_rows(tmp_path / "in", "a b")
    ((context, names),) = trees.leaves(run_id).items()
    assert context == ("count", "raw")
    assert [name.partition("/")[0] for name in names] == ["raw"]


def test_lent_snapshots_are_links_and_lost_ones_are_named_with_their_source(home: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("a b")
    raw = sources.fetch(tmp_path / "rows.txt")
    name = f"raw/{raw.name}"
    rerunning.link_inputs([name], tmp_path / "lent", "nothing")
    assert (tmp_path / "lent" / "store" / name).is_symlink()
    (raw / "files" / "rows.txt").write_text("a c")
    with pytest.raises(ValueError, match=r"rows\.txt is not what was written there\. It came from .*rows\.txt on 20"):
        rerunning.link_inputs([name], tmp_path / "other", "nothing")


def git(folder: Path, *arguments: str) -> str:
    author = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    done = subprocess.run(["git", *author, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A git clone with one commit, taken for the project; it lies in a folder of a larger repository."""
    root = tmp_path / "larger" / "project"
    (root / "models").mkdir(parents=True)
    (root / "models" / "rule.py").write_text("LIMIT = 3\n")
    (root / "models" / "words.txt").write_bytes("f\xfcr uns\n".encode("latin-1"))
    git(root.parent, "init", "-q")
    git(root.parent, "add", ".")
    git(root.parent, "commit", "-q", "-m", "start")
    for module in (checkout, provenance, code):
        monkeypatch.setattr(module, "ROOT", root)
    facts = (provenance.code_tags, provenance.code_digest, provenance.dirty_patch)
    for fact in facts:
        fact.cache_clear()
    yield root
    for fact in facts:
        fact.cache_clear()


def recorded() -> Any:
    """A finished run of the code as it is."""
    with tracking.tracked_run("run", "test") as run:
        pass
    return tracking.read_run(run.run_id)


def change_everything(root: Path) -> None:
    """Changes of every kind, in text that is not UTF-8 and in other files, under settings that spoil patches."""
    (root / "models" / "rule.py").write_text("LIMIT = 4\n")
    (root / "models" / "words.txt").write_bytes("für\n".encode("latin-1"))
    (root / "models" / "über uns.py").write_text("NEW = True\n")
    (root / "models" / "table.bin").write_bytes(bytes(range(256)))
    git(root, "config", "diff.noprefix", "true")
    git(root, "config", "color.ui", "always")


def test_the_code_of_a_run_is_its_commit_and_its_uncommitted_change(repository: Path, tmp_path: Path) -> None:
    change_everything(repository)
    before = {path.name: path.read_bytes() for path in (repository / "models").iterdir()}
    run = recorded()
    for path in (repository / "models").iterdir():
        path.write_text("LATER = True\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "later")
    with checkout.checked_out(run, tmp_path) as root:
        assert {path.name: path.read_bytes() for path in (root / "models").iterdir()} == before
    assert git(repository, "worktree", "list").count("\n") == 0


def test_the_worktree_is_removed_when_the_replay_fails(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="out of luck"), checkout.checked_out(recorded(), tmp_path):
        raise RuntimeError("out of luck")
    assert git(repository, "worktree", "list").count("\n") == 0
    assert list(tmp_path.glob("worktree")) == []


def test_a_commit_that_is_gone_is_named(repository: Path, tmp_path: Path) -> None:
    run = recorded()
    tracking.client().set_tag(run.info.run_id, "mlflow.source.git.commit", "0" * 40)
    with pytest.raises(ValueError, match=r"commit 0{40} of run .* is not to be had"):
        checkout.checked_out(tracking.read_run(run.info.run_id), tmp_path).__enter__()


def test_without_git_it_says_so(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    provenance.code_tags.cache_clear()
    run = recorded()
    provenance.code_tags.cache_clear()
    with pytest.raises(ValueError, match="recorded where there was no git"):
        checkout.checked_out(run, tmp_path).__enter__()


def test_an_unfinished_run_or_a_part_of_one_is_not_replayed(home: Path) -> None:
    with tracking.tracked_run("run", "test") as root:
        with tracking.tracked_run("part", "test", root) as part:
            pass
        with pytest.raises(ValueError, match="is RUNNING: only what was finished"):
            replay.recorded_run(root.run_id)
    with pytest.raises(ValueError, match=f"is a part of run {root.run_id}: replay that one"):
        replay.recorded_run(part.run_id)


def test_the_lock_is_read_with_its_markers(tmp_path: Path) -> None:
    file = tmp_path / "requirements.lock"
    file.write_text(
        "numpy==0.1 \\\n    --hash=sha256:00\nPyArrow==0.2 ; python_full_version >= '3.8' \\\n    --hash=sha256:00\n"
        "pywin32==1 ; sys_platform == 'win32' \\\n    --hash=sha256:00\nno-such-library==1.0 \\\n    # via numpy\n"
    )
    assert lock.pins(file) == {"numpy": "0.1", "pyarrow": "0.2", "no-such-library": "1.0"}
    first, second, third = lock.mismatches(file)
    assert first.endswith("(lock: 0.1)")
    assert second.startswith("pyarrow ")
    assert third == "no-such-library not installed (lock: 1.0)"
    with pytest.raises(ValueError, match="3 libraries are not those of the run's lock: numpy"):
        replay.check_libraries(file, any_libraries=False)
    replay.check_libraries(file, any_libraries=True)


def test_this_environment_is_that_of_the_lock() -> None:
    assert lock.mismatches(caching.ROOT / "requirements.lock") == []


def test_every_source_of_a_request_becomes_the_snapshot_that_was_read(tmp_path: Path) -> None:
    tweets = {"source": "https://***@example.org/t.csv", "against": "other.csv", "columns": {"text": "other.csv"}}
    corpora = {"corpora": ["a.txt", "b.txt"], "exclude": ["held.csv"]}
    given = {"labelled_texts": ["moods.csv"], "kinds": ["types.csv"], "vectors": "glove.txt"}
    asked = {"tweets": tweets, **corpora, **given, "similarities": "w.tsv", "analogies": "q.txt"}
    request = Request(
        "retrain", {"request": {**asked, "recipe": "mine.toml"}}, {"file": "mine.toml", "text": "seed = 2"}
    )
    snapshots = {
        ("check_tweets", "snapshot"): ["/raw/1"],
        ("check_tweets", "against"): ["/raw/2"],
        ("check_corpus", "snapshot"): ["/raw/3", "/raw/4"],
        ("exclude_texts", "excluded"): ["/raw/6"],
        ("score_vectors", "similarities"): ["/raw/5", "/raw/5"],
        ("check_labelled_texts", "snapshot"): ["/raw/7", "/raw/9"],
        ("read_external_vectors", "snapshot"): ["/raw/8"],
    }
    made = pinned(request, snapshots, tmp_path).parameters["request"]
    assert made == {
        "tweets": {"source": "/raw/1", "against": "/raw/2", "columns": {"text": "other.csv"}},
        "corpora": ["/raw/3", "/raw/4"],
        "exclude": ["/raw/6"],
        "labelled_texts": ["/raw/7"],
        "kinds": ["/raw/9"],
        "vectors": "/raw/8",
        "similarities": "/raw/5",
        "analogies": None,
        "recipe": str(tmp_path / "mine.toml"),
    }
    assert (tmp_path / "mine.toml").read_text() == "seed = 2"
    assert request.parameters["request"]["tweets"] == tweets


def test_steps_are_exchanged_under_the_keys_that_older_versions_write(home: Path, tmp_path: Path) -> None:
    made = trees.steps_of(count_rows(tmp_path / "in", "a b"))
    records = json.loads(json.dumps([trees.to_record(step) for step in made]))
    assert [set(record) for record in records] == [{"name", "function", "settings", "output", "run_id"}] * 2
    read = [trees.from_record(record) for record in records]
    assert [(step.title, step.output, step.settings) for step in read] == [
        (step.title, step.output, step.settings) for step in made
    ]


@pytest.mark.parametrize(("refitted", "asked"), [("true", True), ("false", False), (None, None)])
def test_a_replay_fits_the_best_model_again_where_the_run_did_and_asks_no_gate(
    tmp_path: Path, refitted: str | None, asked: bool | None
) -> None:
    request = Request("retrain", {"request": {"recipe": "quick"}}, {}, {}, 2)
    assert pinned(request, {}, tmp_path, refitted).parameters["request"].get("refit") is asked

"""What the cache keeps: listed, explained, verified, and pruned of nothing that somebody needs."""

import json
import os
import time
from pathlib import Path

import pytest

from models.settings import TextSettings
from tasks import sources, tracking
from tasks.caching import explain, inventory
from tasks.caching.records import records
from tasks.lineage import retention
from tasks.steps import step
from tasks.store import artifact_store

MONTH = 30 * 86400.0


@step("count to {n}")
def count(run: tracking.Run, n: int, text: TextSettings) -> Path:
    """A number as an artifact."""
    with artifact_store.new_artifact("number") as draft:
        (draft / "number.json").write_text(json.dumps(n))
    return draft.final


@step("double")
def double(run: tracking.Run, number: Path) -> Path:
    """Twice the number."""
    with artifact_store.new_artifact("number") as draft:
        (draft / "number.json").write_text(json.dumps(2 * json.loads((number / "number.json").read_text())))
    return draft.final


@step("measure {raw.name}")
def measure(run: tracking.Run, raw: Path) -> Path:
    """The size of a raw file."""
    with artifact_store.new_artifact("number") as draft:
        (draft / "number.json").write_text(json.dumps(sum(f.stat().st_size for f in (raw / "files").iterdir())))
    return draft.final


def chain(start: int, text: TextSettings | None = None) -> tuple[tracking.Run, Path, Path]:
    """One run of two steps: the run, the number, its double."""
    with tracking.tracked_run("chain", "test") as run:
        number = count.fn(run, start, text or TextSettings())
        return run, number, double.fn(run, number)


def grow_old(home: Path) -> None:
    """Let all files so far be two months old."""
    for path in [*(home / "store").rglob("*"), *(home / "actions").rglob("*")]:
        os.utime(path, (time.time() - 2 * MONTH,) * 2)


def forget_age(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run be two months older than it is."""
    found = tracking.find_runs

    def older(*arguments: object, **options: object) -> list[object]:
        runs = found(*arguments, **options)  # type: ignore[arg-type]
        for run in runs:
            run.info._start_time -= int(2 * MONTH * 1000)
        return runs

    monkeypatch.setattr(tracking, "find_runs", older)


def test_the_list_says_which_run_made_what(home: Path) -> None:
    run, _, doubled = chain(3)
    listed = {each["title"]: each for each in inventory.entries()}
    assert set(listed) == {"count to 3", "double"}
    assert listed["double"]["output"] == inventory.name_of(doubled)
    assert listed["double"]["bytes"] == len("6")
    assert listed["double"]["run_id"] in {each.info.run_id for each in tracking.descendants(run.run_id)}


@pytest.mark.parametrize("harm", ["change", "delete a file", "delete all"])
def test_damage_is_found_and_mended_by_the_next_run(home: Path, harm: str) -> None:
    _, number, doubled = chain(3)
    assert inventory.damages() == []
    if harm == "change":
        (number / "number.json").write_text("4")
    elif harm == "delete a file":
        (number / "number.json").unlink()
    else:
        for path in [*number.iterdir()]:
            path.unlink()
        number.rmdir()
    assert [(each["artifact"], each["step"]) for each in inventory.damages()] == [
        (inventory.name_of(number), "count to 3")
    ]
    assert chain(3)[1:] == (number, doubled)
    assert inventory.damages() == []


def test_a_raw_snapshot_that_is_gone_is_missed(home: Path, tmp_path: Path) -> None:
    (tmp_path / "tweets.csv").write_text("id,text\n1,fire\n")
    with tracking.tracked_run("chain", "test") as run:
        raw = sources.fetch(tmp_path / "tweets.csv")
        measure.fn(run, raw)
    assert inventory.damages() == []
    raw.rename(tmp_path / "away")
    assert [each["artifact"] for each in inventory.damages()] == [inventory.name_of(raw)]


def test_a_new_input_is_named_with_its_old_and_new_value(home: Path) -> None:
    chain(3)
    chain(3, TextSettings(lowercase=False))
    (explained,) = explain.explain("count")
    assert explained["changed_since"] == []
    (change,) = explained["changed_before"]
    assert (change["part"], change["name"]) == ("inputs", "text.lowercase")
    assert (change["old"], change["new"]) == (True, False)


def test_a_library_that_moved_on_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain(3)
    latest = next(records("count"))
    version = latest.parts["libraries"]["numpy"]
    present = explain.code_parts
    monkeypatch.setattr(
        explain,
        "code_parts",
        lambda *inputs: {**(parts := present(*inputs)), "libraries": {**parts["libraries"], "numpy": "9.9"}},
    )
    (explained,) = explain.explain("count to 3")
    changes = [(each["name"], each["old"], each["new"]) for each in explained["changed_since"]]
    assert ("numpy", version, "9.9") in changes


def test_the_first_line_of_code_that_differs_is_shown() -> None:
    old = "import re\n\n# why\ndef f(n):\n    return n + 1\n"
    new = "import re\ndef f(n):\n    # why not\n    return n + 2\n"
    assert explain.first_difference(old, new) == ("return n + 1", "return n + 2")
    assert explain.first_difference(old, old + "LIMIT = 3\n") == ("", "LIMIT = 3")


def test_an_edited_module_is_shown_by_its_line(home: Path) -> None:
    chain(3)
    record = next(records("count"))
    content = json.loads(record.file.read_text())
    digest = content["parts"]["code"]["models.seeds"] = "0" * 32
    record.file.write_text(json.dumps(content))
    seeds = (Path(explain.__file__).parents[2] / "models" / "seeds.py").read_text()
    (home / "actions" / "code" / f"{digest}.py").write_text(seeds.replace('"little"', '"big"'))
    changes = explain.explain("count")[0]["changed_since"]
    (change,) = [each for each in changes if each["name"] == "models.seeds"]
    assert '"big"' in change["old_line"].replace("'", '"')
    assert '"little"' in change["new_line"].replace("'", '"')


def test_an_unknown_step_is_answered_with_the_nearest_titles(home: Path) -> None:
    chain(3)
    (title,) = {each.title for each in records("count")}
    with pytest.raises(ValueError, match=f"no step 'cuont' in the cache; it holds '{title}'"):
        explain.explain("cuont")


def test_what_is_young_stays(home: Path) -> None:
    chain(3)
    assert retention.prune(MONTH)["freed"] == []


def test_what_nobody_needs_goes_and_is_made_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, number, doubled = chain(3)
    grow_old(home)
    forget_age(monkeypatch)
    planned = retention.prune(MONTH, dry_run=True)
    assert number.exists()
    done = retention.prune(MONTH)
    assert done["freed"] == planned["freed"]
    assert {each["artifact"] for each in done["freed"]} == {inventory.name_of(number), inventory.name_of(doubled)}
    assert done["freed_bytes"] == 2
    assert not number.exists()
    assert inventory.entries() == []
    assert inventory.damages() == []
    monkeypatch.undo()
    os.environ["CRISISFLOW_HOME"] = str(home)
    assert chain(3)[1:] == (number, doubled)


def test_what_a_kept_run_made_stays_with_all_it_was_made_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, number, doubled = chain(3)
    _, other, _ = chain(4)
    run.tag(keep="true")
    grow_old(home)
    forget_age(monkeypatch)
    retention.prune(MONTH)
    assert number.exists()
    assert doubled.exists()
    assert not other.exists()


def test_what_a_registered_model_was_made_of_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, number, doubled = chain(3)
    _, other, _ = chain(4)
    client = tracking.client()
    client.create_registered_model("mine")
    client.create_model_version("mine", str(home), tags={"artifact": inventory.name_of(doubled)})
    grow_old(home)
    forget_age(monkeypatch)
    retention.prune(MONTH)
    assert number.exists()
    assert doubled.exists()
    assert not other.exists()


def test_a_raw_snapshot_stays_as_long_as_a_run_that_read_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tweets.csv").write_text("id,text\n1,fire\n")
    with tracking.tracked_run("chain", "test") as run:
        raw = sources.fetch(tmp_path / "tweets.csv")
        size = measure.fn(run, raw)
    grow_old(home)
    forget_age(monkeypatch)
    retention.prune(MONTH)
    assert raw.exists()
    assert not size.exists()
    for each in [*tracking.descendants(run.run_id), tracking.read_run(run.run_id)]:
        tracking.client().delete_run(each.info.run_id)
    retention.prune(MONTH)
    assert not raw.exists()
    assert not raw.with_name(f"{raw.name}.provenance.jsonl").exists()


def test_what_runs_of_another_tracking_store_made_stays(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, number, _ = chain(3)
    grow_old(home)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'other.db'}")
    assert retention.prune(MONTH)["freed"] == []
    assert number.exists()


def test_what_runs_of_another_experiment_made_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, number, _ = chain(3)
    grow_old(home)
    forget_age(monkeypatch)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "another")
    assert retention.prune(MONTH)["freed"] == []
    assert number.exists()


def test_nothing_is_deleted_while_a_run_goes_on(home: Path) -> None:
    with tracking.tracked_run("chain", "test"), pytest.raises(RuntimeError, match="goes on: prune when it is done"):
        retention.prune(0)

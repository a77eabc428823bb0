"""A step: computed once, then reused, and recorded either way."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.settings import TextSettings
from tasks import tracking
from tasks.steps import Inputs, step
from tasks.store import artifact_store
from tasks.store.checkpoints import Checkpoints, checkpoints_home

CALLS: list[str] = []


@dataclass(frozen=True)
class Pair(Inputs):
    """Two artifacts that travel together."""

    number: Path
    other: Path


@step("add")
def add(run: tracking.Run, pair: Pair, seed: int) -> Path:
    """The sum of two numbers."""
    CALLS.append("add")
    numbers = [json.loads((each / "number.json").read_text()) for each in (pair.number, pair.other)]
    with artifact_store.new_artifact("number") as draft:
        (draft / "number.json").write_text(json.dumps(sum(numbers)))
    return draft.final


@step("clash")
def clash(run: tracking.Run, pair: Pair, number: Path) -> Path:
    """Has two inputs of one name."""
    return number


@step("count to {n}")
def count(run: tracking.Run, n: int, text: TextSettings) -> Path:
    """Write a number; remember that it was asked for."""
    CALLS.append(f"count {n}")
    run.log_metrics({"accuracy": n / 10})
    run.tag(model=f"counter-{n}")
    with artifact_store.new_artifact("number") as draft:
        (draft / "number.json").write_text(json.dumps(n))
    return draft.final


@step("double")
def double(run: tracking.Run, number: Path) -> Path:
    """Twice the number."""
    CALLS.append("double")
    with artifact_store.new_artifact("number") as draft:
        (draft / "number.json").write_text(json.dumps(2 * json.loads((number / "number.json").read_text())))
    return draft.final


@pytest.fixture
def root(home: Path) -> tracking.Run:
    CALLS.clear()
    with tracking.tracked_run("root", "test") as run:
        yield run


def call(task: object, *args: object) -> Path:
    """The step's body without Prefect."""
    return task.fn(*args)  # type: ignore[attr-defined]


def test_a_step_met_before_is_not_computed_again(root: tracking.Run) -> None:
    first = call(count, root, 3, TextSettings())
    assert call(count, root, 3, TextSettings()) == first
    assert CALLS == ["count 3"]


def test_inputs_that_travel_together_count_one_by_one_under_their_own_names(root: tracking.Run) -> None:
    two, three = (call(count, root, n, TextSettings()) for n in (2, 3))
    CALLS.clear()
    assert json.loads((call(add, root, Pair(two, three), 1) / "number.json").read_text()) == 5
    call(add, root, Pair(two, three), 1)
    call(add, root, Pair(three, two), 1)
    assert CALLS == ["add", "add"]
    run = next(each for each in tracking.descendants(root.run_id) if each.data.tags["stage"] == "add")
    named = {tag.value for each in run.inputs.dataset_inputs for tag in each.tags if tag.key == "mlflow.data.context"}
    assert named == {"number", "other"}
    assert "pair" not in run.data.params


def test_two_inputs_of_one_name_are_refused(root: tracking.Run) -> None:
    two = call(count, root, 2, TextSettings())
    with pytest.raises(TypeError, match="number"):
        call(clash, root, Pair(two, two), two)


def test_another_input_is_computed(root: tracking.Run) -> None:
    call(count, root, 3, TextSettings())
    call(count, root, 4, TextSettings())
    call(count, root, 3, TextSettings(lowercase=False))
    assert CALLS == ["count 3", "count 4", "count 3"]


def test_a_reused_step_says_whose_work_it_reuses_and_keeps_its_figures(root: tracking.Run) -> None:
    call(count, root, 3, TextSettings())
    call(count, root, 3, TextSettings())
    made, reused = tracking.descendants(root.run_id)
    assert reused.data.tags["reused_from"] == made.info.run_id
    assert reused.data.tags["model"] == "counter-3"
    assert reused.data.metrics["accuracy"] == made.data.metrics["accuracy"] == 0.3
    assert tracking.step_outcomes(root.run_id) == {"run": 1, "cached": 1}


def test_a_step_follows_the_content_of_its_inputs_not_who_made_them(root: tracking.Run) -> None:
    call(double, root, call(count, root, 4, TextSettings()))
    call(double, root, call(count, root, 4, TextSettings(lowercase=False)))
    assert CALLS == ["count 4", "double", "count 4"]


def test_a_deleted_output_is_made_again(root: tracking.Run) -> None:
    output = call(count, root, 3, TextSettings())
    (output / "number.json").unlink()
    assert call(count, root, 3, TextSettings()) == output
    assert CALLS == ["count 3", "count 3"]
    artifact_store.verify(output)


def test_a_step_whose_run_was_deleted_is_made_again(root: tracking.Run) -> None:
    call(count, root, 3, TextSettings())
    tracking.client().delete_run(tracking.descendants(root.run_id)[0].info.run_id)
    call(count, root, 3, TextSettings())
    assert CALLS == ["count 3", "count 3"]


def test_a_damaged_input_is_refused_not_computed_on(root: tracking.Run) -> None:
    number = call(count, root, 3, TextSettings())
    (number / "number.json").write_text("4")
    with pytest.raises(artifact_store.DamagedArtifactError, match="is not what was written there"):
        call(double, root, number)
    assert CALLS == ["count 3"]


def test_a_failing_step_fails_its_run_and_leaves_no_record(root: tracking.Run) -> None:
    @step("fail")
    def fail(run: tracking.Run) -> Path:
        raise RuntimeError("out of luck")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="out of luck"):
            call(fail, root)
    assert [run.info.status for run in tracking.descendants(root.run_id)] == ["FAILED", "FAILED"]


def test_what_went_in_is_recorded_by_digest(root: tracking.Run) -> None:
    number = call(count, root, 3, TextSettings())
    call(double, root, number)
    doubled = tracking.descendants(root.run_id)[-1]
    datasets = [entry.dataset for entry in doubled.inputs.dataset_inputs]
    assert [(dataset.name, dataset.digest) for dataset in datasets] == [("number", number.name)]


def test_what_a_step_made_is_kept_with_its_run(root: tracking.Run) -> None:
    call(count, root, 3, TextSettings())
    made = tracking.descendants(root.run_id)[0]
    kept = {entry.path for entry in tracking.client().list_artifacts(made.info.run_id, "output")}
    assert kept == {"output/number.json", "output/manifest.json"}


def test_a_step_that_was_cut_short_goes_on_from_its_checkpoint_and_names_the_run_it_resumes(root: tracking.Run) -> None:
    @step("add up")
    def add_up(run: tracking.Run, limit: int) -> Path:
        kept = Checkpoints(run.action_key)
        start = kept.latest()
        total = 0 if start is None else int(start["total"])
        for number in range(total, limit):
            CALLS.append(f"add {number}")
            total += 1
            kept.save({"total": np.array(total)})
            if len(CALLS) == 2:
                raise KeyboardInterrupt
        with artifact_store.new_artifact("number") as draft:
            (draft / "number.json").write_text(json.dumps(total))
        return draft.final

    with pytest.raises(KeyboardInterrupt):
        call(add_up, root, 4)
    call(add_up, root, 4)
    first, second = tracking.descendants(root.run_id)
    assert first.info.status == "KILLED"
    assert second.data.tags["resumes"] == first.info.run_id
    assert CALLS in (["add 0", "add 1", "add 2", "add 3"], ["add 0", "add 1", "add 1", "add 2", "add 3"])
    assert list(checkpoints_home().iterdir()) == []
    call(add_up, root, 4)
    assert "resumes" not in tracking.descendants(root.run_id)[-1].data.tags

"""Checkpoints: whole or not trusted, cheap, and gone when nobody needs them."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from tasks.store import checkpoints
from tasks.store.checkpoints import Checkpoints


def numbered(number: int) -> dict[str, np.ndarray]:
    return {"epoch": np.array(number), "weights/0": np.full((2, 3), number, np.float32)}


def save_all(count: int, key: str = "key") -> list[Path]:
    """Save so many, each by a process of its own as it were; the files, newest first."""
    for number in range(count):
        Checkpoints(key).save(numbered(number))
    return sorted((checkpoints.checkpoints_home() / key).iterdir(), reverse=True)


def test_what_was_saved_comes_back_to_the_bit(home: Path) -> None:
    save_all(3)
    found = Checkpoints("key").latest()
    assert found is not None
    assert list(found) == ["epoch", "weights/0"]
    assert found["weights/0"].dtype == np.float32
    assert found["weights/0"].tobytes() == numbered(2)["weights/0"].tobytes()
    assert Checkpoints("another key").latest() is None


def test_two_are_kept(home: Path) -> None:
    assert len(save_all(5)) == 2


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: data[:-100] + b"\0" * 100])
def test_one_that_is_damaged_is_noticed_and_the_one_before_is_used(
    home: Path, damage, caplog: pytest.LogCaptureFixture
) -> None:
    newest, before = save_all(3)
    newest.write_bytes(damage(newest.read_bytes()))
    found = Checkpoints("key").latest()
    assert found is not None
    assert found["epoch"] == 1
    assert "is damaged" in caplog.text
    before.write_bytes(damage(before.read_bytes()))
    assert Checkpoints("key").latest() is None


def test_keeping_them_takes_its_share_of_time_and_no_more(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 101.0, 102.0, 149.0, 151.0, 152.0])  # the first save takes a second: the next after fifty
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: next(clock))
    kept = Checkpoints("key")
    for number in range(4):
        kept.save(numbered(number))
    found = Checkpoints("key").latest()
    assert found is not None
    assert found["epoch"] == 3
    assert len(list((home / "checkpoints" / "key").iterdir())) == 2


def test_a_full_disk_is_said_and_does_not_stop_training(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    checkpoints.checkpoints_home().mkdir(parents=True)
    (checkpoints.checkpoints_home() / "key").write_text("a file where the folder should be")
    Checkpoints("key").save(numbered(0))
    assert "training goes on without" in caplog.text


def test_an_object_is_refused_for_it_would_be_a_pickle(home: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        Checkpoints("key").save({"code": np.array([{"not": "an array"}], dtype=object)})


def test_those_of_a_finished_step_and_those_of_last_month_are_deleted(home: Path) -> None:
    for key in ("done", "old", "new"):
        save_all(1, key)
    checkpoints.forget("done")
    month_ago = time.time() - 31 * 24 * 3600
    os.utime(checkpoints.checkpoints_home() / "old", (month_ago, month_ago))
    checkpoints.remove_stale()
    assert [path.name for path in checkpoints.checkpoints_home().iterdir()] == ["new"]

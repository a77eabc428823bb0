"""An unusable state folder is refused in one sentence, before anything starts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.runtime import environment, state_folder
from tasks.runtime.state_folder import UnusableStateFolder


def unusable(tmp_path: Path) -> dict[str, tuple[str, str]]:
    """Names of folders that cannot be used, and what is said of each."""
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "unmounted" / "state")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    return {
        "file": (str(tmp_path / "file"), "is a file, not a folder"),
        "below a file": (str(tmp_path / "file" / "state"), f"{tmp_path / 'file'} is a file, not a folder"),
        "no place for folders": ("/proc/nope", "no such file or directory"),
        "question mark": (str(tmp_path / "what?"), "holds '\\?'"),
        "percent sign": (str(tmp_path / "50%41"), "holds '%'"),
        "line break": (str(tmp_path / "a\nb"), r"holds '\\n'"),
        "no text": (str(tmp_path / "a\udcffb"), r"holds '\\udcff'"),
        "dangling link": (str(tmp_path / "dangling"), f"is a link to {tmp_path / 'unmounted' / 'state'}, which is not"),
        "link to itself": (str(tmp_path / "circle"), "cannot be used|is a link to"),
        "no such user": ("~nobody-of-this-name/state", "cannot be used"),
        "long": (str(tmp_path / ("x" * 300)), "file name too long"),
    }


@pytest.mark.parametrize(
    "case",
    [
        *("file", "below a file", "no place for folders", "question mark", "percent sign", "line break", "no text"),
        *("dangling link", "link to itself", "no such user", "long"),
    ],
)
def test_an_unusable_folder_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    name, said = unusable(tmp_path)[case]
    monkeypatch.setenv("CRISISFLOW_HOME", name)
    with pytest.raises(UnusableStateFolder, match=said) as refused:
        state_folder.check_state_home()
    assert "CRISISFLOW_HOME" in str(refused.value)
    assert str(refused.value).isprintable()


def test_a_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "locked"))
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)  # root may write everywhere
        with pytest.raises(UnusableStateFolder, match="permission denied"):
            state_folder.check_state_home()
    finally:
        os.seteuid(user)


def test_a_full_disk_is_refused_before_anything_starts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = shutil.disk_usage(home.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: facts._replace(free=5 << 20))
    with pytest.raises(UnusableStateFolder, match="is full: 5 MiB are free, 64 are needed"):
        state_folder.check_free_space()


def test_a_relative_name_means_the_same_folder_for_processes_that_start_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRISISFLOW_HOME", "here/../state/")
    environment.prepare_environment()
    assert os.environ["CRISISFLOW_HOME"] == str(tmp_path / "state")


@pytest.mark.parametrize("case", ["file", "no place for folders", "question mark"])
def test_the_command_line_says_so_and_exits_with_2(tmp_path: Path, case: str) -> None:
    name, _ = unusable(tmp_path)[case]
    done = subprocess.run(
        [sys.executable, "-m", "flows", "compare"],
        env={**os.environ, "CRISISFLOW_HOME": name},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: the state folder")
    assert len(done.stderr.splitlines()) == 1

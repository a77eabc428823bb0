"""One throw-away state folder for the whole session, and the real data where CRISISFLOW_TEST_DATA names it."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]
SESSION_HOME = tempfile.TemporaryDirectory(prefix="crisisflow-tests-", ignore_cleanup_errors=True)
os.environ["CRISISFLOW_HOME"] = SESSION_HOME.name
for name in (
    "MLFLOW_TRACKING_URI", "PREFECT_API_URL", "CRISISFLOW_RECIPE", "CRISISFLOW_SEED", "CRISISFLOW_DATABASE",
    "CRISISFLOW_ARTIFACTS",
):  # fmt: skip
    os.environ.pop(name, None)
# A hundred commands start as processes: without compiled code each would compile the project anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from tasks.runtime.environment import prepare_environment  # noqa: E402  (the state folder must be named first)

prepare_environment()

# No deadline for one example: how long it takes depends on what else the machine does.
settings.register_profile("crisisflow", deadline=None, print_blob=True)
settings.load_profile("crisisflow")


class ByFile(LoadScopeScheduling):
    """One worker runs the whole of a file, and one worker all the files that look at the shared retraining."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "retrained" if "retrained: dict" in _text(file) else file


@cache
def _text(file: str) -> str:
    return (ROOT / file).read_text()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    config.option.loadscopereorder = False  # the long ones stand first
    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def copied_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """MLflow's empty database is made once and copied for each state folder of this process: it takes three seconds.

    Workers that run beside each other share it.
    """
    from tasks.runtime.atomic_files import draft_file, put_in_place
    from tasks.tracking import connection

    base = tmp_path_factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "mlflow.db"
    create = connection._create_database

    def copy(path: Path) -> None:
        if not made.exists():
            create(made)
        with draft_file(path.parent) as draft:
            shutil.copyfile(made, draft)
            put_in_place(draft, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "_create_database", copy)
        yield


@pytest.fixture(scope="session")
def begin_state(copied_databases: None) -> Callable[[Path], Path]:
    """Puts that database into a state folder too that commands will use, as processes: each would make its own."""
    from tasks.tracking import connection

    def begin(home: Path) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CRISISFLOW_HOME", str(home))
            connection.make_database()
        return home

    return begin


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own."""
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real tweets and corpora; skips, saying so, where there is none."""
    folder = os.environ.get("CRISISFLOW_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs real data: set CRISISFLOW_TEST_DATA to its folder")
    return Path(folder)


@pytest.fixture(scope="session")
def prefect() -> Iterator[None]:
    """A Prefect server for the tests that run flows."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture(scope="session")
def prefect_address(prefect: None) -> str:
    """Where that server answers, as PREFECT_API_URL of the commands that tests start: each would start its own."""
    from prefect.settings import PREFECT_API_URL

    return str(PREFECT_API_URL.value())

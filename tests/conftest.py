"""One throw-away state folder for the whole session, and the real data where CRISISFLOW_TEST_DATA names it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

SESSION_HOME = tempfile.TemporaryDirectory(prefix="crisisflow-tests-", ignore_cleanup_errors=True)
os.environ["CRISISFLOW_HOME"] = SESSION_HOME.name
for name in ("MLFLOW_TRACKING_URI", "PREFECT_API_URL", "CRISISFLOW_RECIPE", "CRISISFLOW_SEED"):
    os.environ.pop(name, None)

from tasks.environment import prepare_environment  # noqa: E402  (the state folder must be named first)

prepare_environment()

# No deadline for one example: how long it takes depends on what else the machine does.
settings.register_profile("crisisflow", deadline=None, print_blob=True)
settings.load_profile("crisisflow")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs the whole of a file, and one worker all the files that look at the shared retraining."""
    sharing = {item.path for item in items if "retrained" in getattr(item, "fixturenames", ())}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("retrained" if item.path in sharing else str(item.path)))


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

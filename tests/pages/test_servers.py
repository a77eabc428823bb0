"""The pages of the servers that `crisisflow up` starts: no browser is led to ask anything outside this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ports import free_port

from tasks import tracking
from tasks.overview import write_start_page
from tasks.runtime.servers import Server
from tasks.scheduling import prefect_server
from tasks.tracking import ui_server, views

SAVED_PREFERENCE = {"prefect_ui_version": "v2"}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Both servers over a state folder with one retraining of one model; the address of each, and pages of MLflow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("state")))
        with tracking.tracked_run("standard", "retrain") as run:
            run.log_metrics({"test/accuracy": 0.81, "test/f1": 0.77})
            run.tag(best="lstm/skip-gram", promoted="true", decision="lstm/skip-gram is the first champion")
        started = [prefect_server.start_prefect(free_port()), ui_server.start_mlflow(free_port())]
        try:
            yield _pages(started, run.run_id)
        finally:
            for each in started:
                each.stop()


def _pages(started: list[Server], run_id: str) -> dict[str, str]:
    for each in started:
        each.wait_until_healthy()
    prefect, mlflow = (each.url for each in started)
    write_start_page(mlflow, prefect)
    experiment = tracking.experiment_id()
    return {
        "prefect": prefect,
        "mlflow": mlflow,
        "retrainings": views.address_of_view(mlflow, experiment, views.RETRAININGS),
        "models": views.address_of_view(mlflow, experiment, views.MODELS),
        "run": views.address_of_run(mlflow, experiment, run_id),
        "registry": f"{mlflow}/#/models",
    }


def outside(asked: list[str]) -> list[str]:
    """The requests that leave this machine."""
    return [each for each in asked if urlsplit(each).scheme in ("http", "https", "ws", "wss")
            and urlsplit(each).hostname != "127.0.0.1"]  # fmt: skip


@pytest.mark.parametrize("cookies", [{}, SAVED_PREFERENCE], ids=["no preference", "the newer pages preferred"])
@pytest.mark.parametrize("path", ["/", "/v2", "/v2/dashboard"])
def test_prefects_pages_ask_nothing_outside_and_are_the_older_ones(
    servers: dict[str, str], path: str, cookies: dict[str, str], browser: Any
) -> None:
    there, asked = browser.ask(servers["prefect"] + path, cookies)
    assert outside(asked) == []
    assert any("/assets/" in each for each in asked)  # the page was there
    assert not urlsplit(there).path.startswith("/v2")


@pytest.mark.parametrize("page", ["mlflow", "retrainings", "models", "run", "registry"])
def test_mlflows_pages_ask_nothing_outside(servers: dict[str, str], page: str, browser: Any) -> None:
    _, asked = browser.ask(servers[page], {})
    assert outside(asked) == []
    assert any("/static/js/" in each for each in asked)


def test_the_saved_view_of_retrainings_shows_scores_and_decision(servers: dict[str, str], browser: Any) -> None:
    browser.ask(servers["retrainings"], {}, seconds=8)
    shown = browser.text()
    assert "test/accuracy" in shown
    assert "decision" in shown
    assert "is the first champion" in shown


def test_the_start_page_is_served_and_asks_for_nothing(servers: dict[str, str], browser: Any) -> None:
    there, asked = browser.ask(f"{servers['prefect']}/start", {}, seconds=2)
    assert asked == [there]
    assert "standard" in browser.text()


def test_no_page_of_prefects_newer_interface_is_there(servers: dict[str, str], tmp_path: Path) -> None:
    import httpx

    settings = httpx.get(f"{servers['prefect']}/ui-settings", trust_env=False).json()
    assert settings["available_uis"] == ["v1"]

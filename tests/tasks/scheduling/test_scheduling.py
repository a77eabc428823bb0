"""What can be said of a schedule without a server: its timing, its words, its faults, and what prefect.yaml holds."""

import base64
import importlib
import os
import re
import socket
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from flows.on_need import NeedRequest
from flows.operations import up as up_operation
from flows.operations.deployments import Addition, Reading, addition_of
from flows.operations.up import retraining_fields
from tasks.runtime import atomic_files, durations, running, servers
from tasks.runtime.supervisor import Supervisor
from tasks.scheduling import api, deployments, health, worker
from tasks.scheduling.listing import read_schedules
from tasks.scheduling.timetable import Timing, in_words, next_times, parse_every, timing_of
from tasks.sources import SourceLimits
from tasks.sources.columns import ColumnMap

HOURLY = Timing(every_seconds=3600)


@pytest.mark.parametrize(
    ("cron", "timezone", "every", "said"),
    [
        ("61 * * * *", "UTC", None, "no cron expression: '61 * * * *' (Bad minute)"),
        ("0 3 * *", "UTC", None, "it takes five fields"),
        ("0 0 31 2 *", "UTC", None, "Bad day-of-month"),
        ("0 3 * * *", "Berlin", None, "did you mean Europe/Berlin?"),
        ("0 3 * * *", "Mars/Olympus", None, "write it as in Europe/Berlin"),
        (None, "UTC", "1y", "no span of time: '1y'"),
        (None, "UTC", "0s", "one second or more"),
        (None, "UTC", None, "give either --cron or --every"),
        ("0 3 * * *", "UTC", "1h", "give either --cron or --every"),
    ],
)
def test_a_timing_that_cannot_be_is_refused_with_the_remedy(
    cron: str | None, timezone: str, every: str | None, said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        timing_of(cron, timezone, every)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("1h", 3600), ("2h30m", 9000), ("1w", 604800), ("1.5s", 1.5)]
)
def test_an_interval_is_read(text: str, seconds: float) -> None:
    assert parse_every(text) == seconds


def test_an_interval_without_a_unit_asks_for_one() -> None:
    with pytest.raises(ValueError, match="'5' needs a unit: 5s, 5m, 5h or 5d"):
        parse_every("5")


@pytest.mark.parametrize("seconds", [1, 90, 3600, 5400, 86400, 90061, 2.5])
def test_an_interval_in_words_names_every_unit_of_it(seconds: float) -> None:
    words = in_words({"interval": seconds}).removeprefix("every ")
    parts = re.findall(r"([\d.]+) (week|day|hour|minute|second)s?", words if words[0].isdigit() else f"1 {words}")
    units = {name: durations.UNIT_SECONDS[unit] for unit, name in durations.UNIT_NAMES.items()}
    assert sum(float(number) * units[name] for number, name in parts) == seconds


def test_a_night_run_keeps_its_hour_when_the_clocks_are_set_back() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    times = [each.astimezone(berlin) for each in next_times({"cron": "30 4 * * *", "timezone": "Europe/Berlin"}, 400)]
    assert {each.strftime("%H:%M") for each in times} == {"04:30"}
    assert len({each.utcoffset() for each in times}) == 2
    assert len({each.date() for each in times}) == 400


def test_an_interval_keeps_its_own_beat() -> None:
    first, second = next_times({"interval": 3600, "anchor_date": "2026-01-01T00:15:00+00:00"}, 2)
    assert (first.minute, (second - first).total_seconds()) == (15, 3600)


@pytest.mark.parametrize(
    ("what", "options", "said"),
    [
        ("frobnicate", {}, "it is retrain, ingest or score"),
        ("retrain", {"recipe": "nope"}, "no recipe 'nope'"),
        ("retrain", {"source": "/nope.csv"}, "nothing to read at '/nope.csv'"),
        ("ingest", {"recipe": "quick"}, "--recipe is not valid for ingest: it is for retrain"),
        ("score", {"corpora": ("x.txt",)}, "--corpus is not valid for score: it is for retrain"),
        ("score", {"labelled_texts": ("x",)}, "--pretrain-on is not valid for score: it is for retrain"),
        ("score", {"kinds_columns": ("x",)}, "--kinds-column is not valid for score: it is for retrain"),
        ("retrain", {"kinds": ("/nope.csv",)}, "nothing to read at '/nope.csv'"),
        ("retrain", {"vectors": "/nope.vec"}, "nothing to read at '/nope.vec'"),
        ("score", {"when": ("drift",)}, "--when is not valid for score: it is for retrain"),
        (
            "retrain",
            {"when": ("rain",)},
            "by the name 'rain': drift, files, labels or labels:N",
        ),
        ("score", {"columns": ColumnMap(label="class")}, "--label-column is not valid for score"),
        ("retrain", {"columns": ColumnMap(text="body")}, "need --source"),
        ("score", {"source": "https://${CRISISFLOW_SECRET_1}@example.org/t.csv"}, "write ${NAME} in its place"),
    ],
)
def test_what_would_fail_at_night_is_refused_now(what: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        addition_of(what, None, HOURLY, options)


def test_results_are_not_scheduled_into_the_folder_that_is_scored(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lies in the source folder"):
        addition_of("score", None, HOURLY, {"source": str(tmp_path), "out": str(tmp_path / "scored")})


def test_a_name_is_made_of_what_runs_and_when() -> None:
    assert addition_of("score", None, HOURLY, {}).name == "score-every-hour"
    with pytest.raises(ValueError, match=r"no name for a schedule: 'a/b'"):
        addition_of("score", "a/b", HOURLY, {})


def test_a_watched_folder_may_still_be_empty_and_its_path_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("inbox").mkdir()
    added = Addition(what="score", name="mine", timing=HOURLY, source="inbox", out="scored")
    assert added.parameters() == {"request": {"source": str(tmp_path / "inbox"), "out": str(tmp_path / "scored")}}


@pytest.mark.parametrize("what", ["retrain", "ingest", "score"])
def test_how_to_read_the_source_is_scheduled_too(tmp_path: Path, what: str) -> None:
    (tmp_path / "a.csv").write_text("1;Fire\n")
    columns = ColumnMap(text="2", header=False, delimiter=";")
    options = {"source": str(tmp_path / "a.csv"), "columns": columns, "encoding": "cp1252"}
    request = addition_of(what, None, HOURLY, options).parameters()["request"]
    read = request["tweets"] if what == "retrain" else request
    assert (ColumnMap(**read["columns"]), read["encoding"]) == (columns, "cp1252")


def test_what_networks_start_from_is_scheduled_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("texts.csv", "glove.txt", "kinds.csv"):
        Path(name).write_text("word 1\n")
    options = {"labelled_texts": ("texts.csv",), "vectors": "glove.txt", "kinds": ("kinds.csv",)}
    request = addition_of("retrain", None, HOURLY, options | {"kinds_columns": ("type",)}).parameters()["request"]
    assert request == {
        "labelled_texts": [str(tmp_path / "texts.csv")],
        "kinds": [str(tmp_path / "kinds.csv")],
        "kinds_columns": ["type"],
        "vectors": str(tmp_path / "glove.txt"),
    }


def test_the_classes_of_a_label_are_scheduled_and_no_label_is_read_where_tweets_are_scored(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,class\nFire,0\n")
    columns = ColumnMap(label="class", classes=("0=none", "1=storm", "drill"))
    options = {"source": str(tmp_path / "a.csv"), "columns": columns}
    request = addition_of("retrain", None, HOURLY, options).parameters()["request"]
    assert ColumnMap(**request["tweets"]["columns"]).class_names == ("none", "storm", "drill")
    with pytest.raises(ValueError, match="--label-class is not valid for score"):
        addition_of("score", None, HOURLY, {"columns": ColumnMap(classes=columns.classes)})


def test_a_retraining_on_need_says_what_calls_for_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,target\nFire,1\n")
    options = {"when": ("drift", "files"), "source": str(tmp_path / "a.csv")}
    added = addition_of("retrain", None, HOURLY, options)
    assert added.name == "retrain-on-drift-and-files-every-hour"
    request = NeedRequest(**added.parameters()["request"])
    assert request.when == ("drift", "files")
    assert request.retraining.tweets
    assert request.retraining.tweets.source == options["source"]


def test_how_to_read_the_tweets_of_up_is_said_to_its_retraining(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1;Fire\n")
    reading = Reading(columns=ColumnMap(text="2", header=False, escape="backslash"), encoding="cp1252")
    tweets = retraining_fields(str(tmp_path / "a.csv"), (), None, reading)["tweets"]
    assert (ColumnMap(**tweets["columns"]), tweets["encoding"]) == (reading.columns, "cp1252")
    assert "tweets" not in retraining_fields(None, (), None, Reading())
    with pytest.raises(ValueError, match="need --tweets"):
        retraining_fields(None, (), None, reading)


def test_every_deployment_of_prefect_yaml_names_a_flow_that_takes_its_parameters() -> None:
    for each in yaml.safe_load(deployments.FILE.read_text())["deployments"]:
        module, _, name = each["entrypoint"].rpartition(".")
        flow = getattr(importlib.import_module(module), name)
        flow.validate_parameters(each.get("parameters", {}))
        schedule = each["schedules"][0]
        assert Timing(**schedule).cron
        assert each["concurrency_limit"]["limit"] == 1


def test_without_a_server_the_remedy_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(ValueError, match="start `crisisflow up`"):
        api.api_url()


def test_status_tells_a_killed_up_from_none(home: Path) -> None:
    assert health.in_words(health.health())[0] == "Not running. Start it with: crisisflow up"
    atomic_files.write_atomically(
        running.running_file(), '{"process": 1, "started": "gone", "prefect": "http://127.0.0.1:1"}'
    )
    facts = health.health()
    assert not facts["healthy"]
    assert "was killed" in health.in_words(facts)[0]


def test_the_page_is_told_of_where_it_is_started_and_nothing_fails_without_it(home: Path) -> None:
    parts = {"running": True, "mlflow": True, "prefect": False, "disk": True, "disk_free_bytes": 5 << 30}
    addresses = {"mlflow": "http://127.0.0.1:5000", "prefect": "http://127.0.0.1:4200"}
    assert not [line for line in health.in_words({**parts, "addresses": addresses}) if line.startswith("Page")]
    told = health.in_words({**parts, "page": False, "addresses": {**addresses, "page": "http://127.0.0.1:8000"}})
    assert next(line for line in told if line.startswith("Page: not answering at http://127.0.0.1:8000"))
    assert health.PAGE not in health.PARTS


def test_a_taken_port_leaves_the_page_out_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not up_operation.is_free(port)
    assert f"port {port} is taken, perhaps by `crisisflow serve`: the page is not started" in caplog.text
    assert up_operation.is_free(port)


def test_a_bad_end_and_a_full_disk_are_told_with_a_remedy() -> None:
    last = {"state": "Failed", "message": "no tweets\nmore", "time": datetime.now().astimezone().isoformat()}
    each = {"name": "nightly", "schedule": "at 03:00 every day (UTC)", "paused": False, "next": None, "last": last}
    assert "no tweets (see its log" in health.deployment_line(each)
    told = health.in_words({"running": False, "stale": False, "disk": False, "disk_free_bytes": 5})
    assert "crisisflow cache prune" in told[-1]


def test_a_second_block_of_one_name_is_refused_and_says_who_is_in_the_first(home: Path) -> None:
    with running.only_one("up"):
        running.announce({})
        with pytest.raises(ValueError, match=f"running already, as process {os.getpid()}"), running.only_one("up"):
            pass
    with running.only_one("up"):
        pass


def test_a_taken_port_is_named_with_the_option_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"port {port} for MLflow is taken: .*--mlflow-port"):
            servers.refuse_taken_port("MLflow", port, "--mlflow-port")


def test_what_dies_is_started_again_at_once_and_then_less_hastily(home: Path) -> None:
    supervisor = Supervisor({"it": lambda: servers.start_process("it", ["true"], "", "")})
    processes = {supervisor.start("it").process.pid}
    for _ in range(20):
        supervisor.check()
        processes.add(supervisor.running["it"].process.pid)
        time.sleep(0.02)
    assert len(processes) == 2


def test_a_scheduled_run_is_more_patient_with_a_source_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SourceLimits().attempts == 5
    monkeypatch.setenv("CRISISFLOW_SOURCE_ATTEMPTS", worker.SOURCE_ATTEMPTS)
    assert SourceLimits().attempts == 24


def test_a_busy_prefect_server_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    from tasks.scheduling import api as prefect_api

    codes = iter([503, 503, 200])
    transport = httpx.MockTransport(lambda _: httpx.Response(next(codes), json={"done": True}))
    monkeypatch.setattr(prefect_api, "PAUSES_SECONDS", (0, 0, 0))
    with prefect_api.PrefectApi("http://127.0.0.1/api") as asked:
        asked._client = httpx.Client(base_url="http://127.0.0.1/api", transport=transport)
        assert asked.ask("POST", "/x") == {"done": True}
        codes = iter([503] * 4)
        with pytest.raises(RuntimeError, match="HTTP 503"):
            asked.ask("POST", "/x")


def test_a_server_with_a_password_is_asked_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers.get("Authorization"))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for credentials in ("", "admin:se:cret"):
            monkeypatch.setenv("PREFECT_API_AUTH_STRING", credentials)
            with api.PrefectApi(f"http://127.0.0.1:{server.server_port}") as asked:
                asked.ask("GET", "/version")
        server.shutdown()
    assert heard == [None, f"Basic {base64.b64encode(b'admin:se:cret').decode()}"]


def test_a_new_state_folder_lists_what_up_would_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(home / "prefect"))
    schedules, runs = read_schedules()
    assert not runs
    assert {each.name: each.flow for each in schedules} == {
        "hourly-ingestion": "ingest new",
        "nightly-scoring": "score new",
        "retraining": "retrain",
    }
    assert not any(each.next for each in schedules)

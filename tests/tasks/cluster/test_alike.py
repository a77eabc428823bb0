"""Only workers that would compute the same bytes, in the same folder, may work; and only who has a certificate."""

import os
import re
import signal
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tasks.cluster import connection, lasting
from tasks.cluster.certificates import Certificates, make_certificates
from tasks.cluster.connection import DaskCluster
from tasks.cluster.dask_settings import configure
from tasks.cluster.fingerprint import examine, fingerprint, objections, write_token
from tasks.cluster.units import Unit, run, running_on
from tasks.runtime.errors import ClusterLostError

LIBRARIES = {**fingerprint()["libraries"], "numpy": "1.0", "extra": "2.0"}
LIBRARIES.pop("scipy")


def test_this_process_has_no_objection_to_itself(tmp_path: Path) -> None:
    token = write_token(tmp_path)
    assert list(objections(examine(str(token)), token)) == []


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("code", "other", "other code .*same commit"),
        ("lock", "other", "other lock .*make setup"),
        ("python", "CPython 3.9", "other python .CPython 3.9, here "),
        ("libraries", LIBRARIES, "extra 2.0, here missing, numpy 1.0, here .*scipy missing, here .*requirements.lock"),
        ("hardware", {**fingerprint()["hardware"], "threads": 999}, "threads 999, here .*machines of one kind"),
        ("environment", {"OMP_NUM_THREADS": "1"}, "OMP_NUM_THREADS 1, here missing.*set these variables alike"),
    ],
)
def test_what_differs_is_named_with_the_remedy(tmp_path: Path, kind: str, value: Any, said: str) -> None:
    token = write_token(tmp_path)
    answer = examine(str(token))
    (objection,) = objections({**answer, "fingerprint": {**answer["fingerprint"], kind: value}}, token)
    assert re.search(said, objection), objection


def test_a_worker_with_another_state_folder_is_told_how_to_share_this_one(tmp_path: Path) -> None:
    token = write_token(tmp_path)
    answer = {**examine(str(tmp_path / "absent")), "home": "/elsewhere"}
    assert "its own is /elsewhere" in " ".join(objections(answer, token))


def test_code_that_was_edited_after_the_worker_began_is_refused(tmp_path: Path) -> None:
    token = write_token(tmp_path)
    assert "edited after it began" in " ".join(objections({**examine(str(token)), "edited": True}, token))


def test_a_refused_worker_is_named(cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "objections", lambda *_: ["it is too slow"])
    with pytest.raises(ValueError, match=r"worker tls://127\.0\.0\.1:\d+ is refused, it is too slow"):
        connection._refuse_others(cluster.client, tmp_path)


def test_a_worker_that_does_not_answer_is_named(
    cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "EXAMINE_SECONDS", 0.0)
    with pytest.raises(ValueError, match=r"worker tls://127\.0\.0\.1:\d+ is refused, it did not answer within"):
        connection._refuse_others(cluster.client, tmp_path)


def test_of_dasks_pages_only_health_is_served(cluster: DaskCluster) -> None:
    port = cluster.client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.http_server.port)
    answers = {
        path: httpx.get(f"http://127.0.0.1:{port}{path}", follow_redirects=False).status_code
        for path in ("/health", "/info/main/workers.html", "/json/identity.json", "/metrics", "/proxy/80/localhost/")
    }
    assert answers.pop("/health") == 200
    assert set(answers.values()) == {404}


def test_counting_workers_load_neither_tensorflow_nor_prefect(cluster: DaskCluster) -> None:
    loaded = cluster.client.run(
        lambda: [name for name in ("tensorflow", "prefect") if name in __import__("sys").modules]
    )
    assert all(names == [] for names in loaded.values())


def test_nothing_listens_beyond_loopback(cluster: DaskCluster) -> None:
    node = cluster.client.run_on_scheduler(lambda: __import__("os").getpid())
    processes = [psutil.Process(node), *psutil.Process(node).children(recursive=True)]
    listening = [
        each.laddr.ip for process in processes for each in process.net_connections("inet") if each.status == "LISTEN"
    ]
    assert listening
    assert set(listening) == {"127.0.0.1"}


def test_who_has_another_authoritys_certificate_is_turned_away(
    cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 2)
    stranger = make_certificates(tmp_path / "others")
    address = cluster.client.scheduler.address
    for security in (stranger.security(), None):
        url = address if security else address.replace("tls", "tcp")
        with (
            pytest.raises(ValueError, match="no cluster answers at"),
            connection.connected(url, security, tmp_path),
        ):
            pass


def test_only_the_owner_reads_certificates_and_they_are_never_replaced(tmp_path: Path) -> None:
    made = make_certificates(tmp_path / "certificates")
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.folder.iterdir()} == {0o600}
    with pytest.raises(ValueError, match="is there already"):
        make_certificates(made.folder)


def test_certificates_that_are_missing_or_open_to_others_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="crisisflow cluster certificates DIR"):
        Certificates(tmp_path).check()
    made = make_certificates(tmp_path / "certificates")
    (made.folder / "key.pem").chmod(0o644)
    with pytest.raises(ValueError, match="chmod 600"):
        made.check()


def test_beyond_loopback_somebody_must_have_made_the_certificates(home: Path) -> None:
    with pytest.raises(ValueError, match="make certificates by"):
        lasting.start(1, "0.0.0.0", 0, 0, None)


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.config", None)
    with pytest.raises(ValueError, match=r"crisisflow\[cluster\]"):
        configure("critical")


def test_a_lasting_cluster_is_started_once_seen_and_stopped(home: Path) -> None:
    assert lasting.status() == {"running": False}
    facts = lasting.start(1, "127.0.0.1", 0, 0, None)
    try:
        seen = lasting.status()
        assert (seen["running"], seen["answers"], len(seen["worker_list"])) == (True, True, 1)
        with pytest.raises(ValueError, match="a cluster runs already"):
            lasting.start(1, "127.0.0.1", 0, 0, None)
    finally:
        assert lasting.stop()
    assert not Path(f"/proc/{facts['process']}").exists() or not lasting._lives(facts)
    assert not lasting.stop()
    assert [path.name for path in (home / "cluster").iterdir()] == ["certificates"]


def test_a_cluster_that_is_killed_in_mid_run_is_said_to_be_gone_and_leaves_no_process(
    home: Path, tmp_path: Path
) -> None:
    facts = lasting.start(1, "127.0.0.1", 0, 0, None)
    below = psutil.Process(facts["process"]).children(recursive=True)
    security = Certificates(Path(facts["certificates"])).security()
    with connection.connected(facts["address"], security, tmp_path) as other, running_on(other):
        results = run(Unit("nap", time.sleep, (60,)) for _ in range(2))
        threading.Timer(1.0, os.kill, (facts["process"], signal.SIGKILL)).start()
        with pytest.raises(ClusterLostError, match="is gone"):
            next(results)
    _, alive = psutil.wait_procs(below, timeout=10)
    assert alive == []
    assert lasting.status() == {"running": False}
    assert lasting.stop()

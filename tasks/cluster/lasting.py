"""A cluster that outlives the command that starts it: started, recorded in the state folder, looked at, stopped."""

import json
import os
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tasks.cluster.address import is_loopback
from tasks.cluster.certificates import Certificates, make_certificates, named_folder
from tasks.cluster.dask_settings import configure
from tasks.cluster.node import NodeSettings
from tasks.cluster.units import FOLDER
from tasks.cluster.using import start_node, wait_for_address
from tasks.runtime.atomic_files import write_atomically
from tasks.runtime.processes import alive, machine, process_mark, start_of
from tasks.runtime.running import only_one
from tasks.runtime.servers import Server, refuse_taken_port
from tasks.runtime.state_folder import state_home

STOP_SECONDS = 15.0
ASK_SECONDS = 5
LOOK_SECONDS = 0.5


def record_file() -> Path:
    """Where the cluster that runs is recorded."""
    return state_home() / FOLDER / "running.json"


def start(workers: int, host: str, port: int, dashboard_port: int, certificates: Path | None) -> dict[str, Any]:
    """Start scheduler and workers on this machine, and return their addresses once they run.

    Raises ValueError when a cluster of this state folder runs already, or certificates are needed and missing.
    """
    configure("critical")
    chosen = _certificates(host, certificates)
    with only_one("cluster"):
        if (running := _read()) and _lives(running):
            raise ValueError(f"a cluster runs already, at {running['address']}: `crisisflow cluster stop` ends it")
        if is_loopback(host) and port:
            refuse_taken_port("the scheduler", port, "--port")
        settings = NodeSettings(
            workers=workers,
            certificates=chosen.folder.absolute(),
            host=host,
            port=port,
            dashboard_port=dashboard_port,
            announce=_announced(),
        )
        server = start_node(settings, lasting=True)
        try:
            facts = wait_for_address(server, settings)
            facts |= {"workers": workers, "started": start_of(facts["process"]) or "", "machine": machine()}
            facts |= {"host": socket.gethostname(), "certificates": str(chosen.folder.absolute())}
            facts |= {"log": str(server.log)}
            write_atomically(record_file(), json.dumps(facts, indent=1))
        except BaseException:
            server.stop()
            raise
    return facts


def wait(facts: Mapping[str, Any]) -> None:
    """Return when the process of the cluster has ended."""
    while alive(facts["process"], facts["started"]):
        time.sleep(LOOK_SECONDS)


def work_for(address: str, workers: int, host: str, certificates: Path | None) -> Server:
    """Start workers for a scheduler elsewhere; they end with this process, and when the scheduler does."""
    configure("critical")
    chosen = Certificates(certificates or named_folder()).check()
    settings = NodeSettings(
        workers=workers, certificates=chosen.folder.absolute(), host=host, scheduler=address, announce=_announced()
    )
    server = start_node(settings, name=f"cluster-{socket.gethostname()}")
    try:
        wait_for_address(server, settings)
    except BaseException:
        server.stop()
        raise
    return server


def _announced() -> Path:
    """Where a process that is being started says that it runs."""
    return state_home() / FOLDER / f"starting-{process_mark()}.json"


def status() -> dict[str, Any]:
    """Whether a cluster that this state folder started runs, its addresses, and its workers as the scheduler says."""
    facts = _read()
    if not facts or not _lives(facts):
        return {"running": False}
    return {"running": True, **facts, **_ask(facts)}


def _ask(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the scheduler says of its workers."""
    configure("critical")
    from distributed import Client

    try:
        security = Certificates(Path(facts["certificates"])).check().security()
        with Client(facts["address"], security=security, timeout=ASK_SECONDS, set_as_default=False) as client:
            workers = client.scheduler_info(n_workers=-1)["workers"]
            processing = client.processing()
    except (OSError, ValueError) as error:
        return {"answers": False, "reason": str(error).splitlines()[0], "worker_list": []}
    found = [
        {
            "address": address,
            "name": each["name"],
            "host": each["host"],
            "memory_mb": round(each["metrics"].get("memory", 0) / 1e6),
            "units": len(processing.get(address, ())),
        }
        for address, each in workers.items()
    ]
    return {"answers": True, "worker_list": found}


def stop() -> bool:
    """End the cluster that this state folder started; whether there was one. Raises ValueError from another machine."""
    facts = _read()
    if not facts:
        return False
    if _lives(facts):
        if facts["machine"] != machine():
            raise ValueError(f"the cluster was started on {facts['host']}: run `crisisflow cluster stop` there")
        _end(facts["process"], facts["started"])
    record_file().unlink(missing_ok=True)
    return True


def _end(process: int, started: str) -> None:
    """End the process group of a cluster: asked first, killed if it does not follow."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process, sign)
        deadline = time.monotonic() + STOP_SECONDS
        while alive(process, started) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not alive(process, started):
            return


def _read() -> dict[str, Any]:
    try:
        return dict(json.loads(record_file().read_text()))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _lives(facts: Mapping[str, Any]) -> bool:
    """Whether the process is there, or, where another machine started it, whether its scheduler answers."""
    if facts["machine"] != machine():
        return bool(_ask(facts)["answers"])
    return alive(facts["process"], facts["started"])


def _certificates(host: str, named: Path | None) -> Certificates:
    """The certificates to use. On loopback they are made where there are none; beyond it, somebody must have made them.

    Raises ValueError.
    """
    folder = named or named_folder()
    if named is None and is_loopback(host) and not (folder / "key.pem").exists():
        return make_certificates(folder)
    return Certificates(folder).check()

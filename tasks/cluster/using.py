"""The cluster of one command: workers of its own for as long as it runs, or a scheduler that runs already."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasks.cluster.address import parse
from tasks.cluster.certificates import Certificates, make_certificates, named_folder
from tasks.cluster.dask_settings import configure
from tasks.cluster.node import NodeSettings
from tasks.cluster.units import exchange, running_on
from tasks.runtime.servers import Server, start_process

START_SECONDS = 120.0
NAME = "cluster"
_outliving: list[Server] = []  # Python complains of a process that nobody holds any more and that still runs


@contextmanager
def using(text: str) -> Iterator[None]:
    """For the block, units run where this value of --cluster says. Raises ValueError for what cannot be used."""
    address = parse(text)
    if address.kind == "none":
        yield
        return
    configure("critical")
    from tasks.cluster.connection import connected

    with exchange() as folder:
        if address.kind == "scheduler":
            security = Certificates(named_folder()).check().security() if address.encrypted else None
            with connected(address.url, security, folder) as cluster, running_on(cluster):
                yield
            return
        certificates = make_certificates(folder / "certificates")
        with (
            local_workers(address.workers, certificates, folder) as url,
            connected(url, certificates.security(), folder) as cluster,
            running_on(cluster),
        ):
            yield


@contextmanager
def local_workers(workers: int, certificates: Certificates, folder: Path) -> Iterator[str]:
    """A scheduler and workers on loopback for the block; its address. They end with this process, however it ends."""
    announced = folder / "address.json"
    settings = NodeSettings(workers=workers, certificates=certificates.folder, announce=announced)
    server = start_node(settings)
    try:
        yield str(wait_for_address(server, settings)["address"])
    finally:
        server.stop()


def start_node(settings: NodeSettings, lasting: bool = False, name: str = NAME) -> Server:
    """Start the process of a cluster on this machine; one that is lasting outlives this process."""
    command = [sys.executable, "-m", "tasks.cluster.node"]
    server = start_process(name, command, "", "", stdin=settings.model_dump_json(), lasting=lasting)
    if lasting:
        _outliving.append(server)
    return server


def wait_for_address(server: Server, settings: NodeSettings) -> dict[str, Any]:
    """What the process announced, once scheduler and workers run. Raises RuntimeError naming its log if they do not."""
    announced, deadline = settings.announce, time.monotonic() + START_SECONDS
    while announced is not None and time.monotonic() < deadline:
        if announced.exists():
            facts = dict(json.loads(announced.read_text()))
            announced.unlink()
            return facts
        if server.process.poll() is not None:
            raise RuntimeError(f"the cluster ended while starting; its log: {server.log}")
        time.sleep(0.05)
    raise RuntimeError(f"the cluster did not start within {START_SECONDS:.0f} s; its log: {server.log}")

"""The process of a cluster on one machine: a scheduler, or the address of one, and workers below it, until SIGTERM.

Each worker is a process with one thread, which is started again when it dies. Nothing listens beyond the host that was
named; pages of Dask are on loopback. Started as `python -m tasks.cluster.node`, with its settings as JSON on stdin.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

# Read as the process begins, and as each worker does: the code that will be compared.
from tasks.cluster import fingerprint  # noqa: F401
from tasks.cluster.certificates import Certificates
from tasks.cluster.dask_settings import configure
from tasks.runtime.atomic_files import draft_folder, write_atomically
from tasks.runtime.environment import prepare_environment
from tasks.runtime.state_folder import state_home

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 3.0


class NodeSettings(BaseModel):
    """What to run. Without a scheduler's address one is started; it is written into the file `announce`."""

    workers: int
    certificates: Path
    host: str = LOOPBACK
    port: int = 0
    dashboard_port: int = 0
    scheduler: str | None = None
    announce: Path | None = None


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = NodeSettings.model_validate_json(sys.stdin.read())
    prepare_environment()
    configure("info")
    run_node(settings)


def run_node(settings: NodeSettings) -> None:
    """Run scheduler and workers in this process until SIGTERM or SIGINT, or until the scheduler is gone."""
    asyncio.run(_run(settings))


async def _run(settings: NodeSettings) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    security = Certificates(settings.certificates).security()
    with draft_folder(state_home() / "cluster") as folder:
        async with AsyncExitStack() as stack:
            address = settings.scheduler
            scheduler = None
            if address is None:
                scheduler = await stack.enter_async_context(_scheduler(settings, security))
                address = scheduler.address
            nannies = [_nanny(settings, address, security, folder, number) for number in range(settings.workers)]
            stack.push_async_callback(_close_all, nannies)
            await asyncio.gather(*nannies)
            if settings.announce is not None:
                _announce(settings.announce, address, scheduler)
            stopping = asyncio.create_task(ended.wait())
            lost = [asyncio.create_task(each.finished()) for each in (scheduler or nannies[0],) if each is not None]
            await asyncio.wait([stopping, *lost], return_when=asyncio.FIRST_COMPLETED)


@asynccontextmanager
async def _scheduler(settings: NodeSettings, security: Any) -> AsyncIterator[Any]:
    from distributed import Scheduler

    async with Scheduler(
        host=settings.host,
        port=settings.port,
        protocol="tls",
        security=security,
        dashboard_address=f"{LOOPBACK}:{settings.dashboard_port}",
    ) as scheduler:
        yield scheduler


def _nanny(settings: NodeSettings, scheduler: str, security: Any, folder: Path, number: int) -> Any:
    from distributed import Nanny

    return Nanny(
        scheduler,
        nthreads=1,
        memory_limit=0,
        host=settings.host,
        protocol="tls",
        security=security,
        local_directory=str(folder),
        name=f"{socket.gethostname()}:{os.getpid()}:{number}",
        dashboard=False,
        dashboard_address=f"{LOOPBACK}:0",
        death_timeout=60,
    )


async def _close_all(nannies: list[Any]) -> None:
    """End the workers at once: whatever they are at is written whole, or not at all."""
    closing = [each.kill(timeout=STOP_SECONDS) for each in nannies if each.process is not None]
    await asyncio.gather(*closing, return_exceptions=True)
    await asyncio.gather(*(each.close(timeout=STOP_SECONDS) for each in nannies), return_exceptions=True)


def _announce(file: Path, address: str, scheduler: Any) -> None:
    page = ""
    if scheduler is not None and scheduler.http_server is not None:
        page = f"http://{LOOPBACK}:{scheduler.http_server.port}"
    write_atomically(file, json.dumps({"address": address, "page": page, "process": os.getpid()}))


if __name__ == "__main__":
    main()

"""A connection to a cluster of Dask: every worker examined, units sent a few ahead, results in their order."""

import asyncio
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.cluster.execution import Answer, Failure, Sent, execute
from tasks.cluster.fingerprint import examine, objections, write_token
from tasks.cluster.units import Stopped, Unit
from tasks.runtime.errors import ClusterLostError, causes

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD_PER_WORKER = 4  # enough that no worker waits for the command, few enough that the scheduler holds little
CONNECT_SECONDS = 20.0
FETCH_SECONDS = 5.0
NO_WORKER_SECONDS = 60.0
LOOK_SECONDS = 1.0
COUNT_SECONDS = 10.0
EXAMINE_SECONDS = 60.0


@dataclass
class DaskCluster:
    """`tasks.cluster.units.Cluster` over a client of Dask."""

    client: "Client"
    address: str
    workers: int
    token: Path | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _without_workers_since: float | None = None
    _counted: float = field(default_factory=time.monotonic)

    def results(self, units: Iterable[Unit]) -> Iterator[Any]:
        """What each unit returns, in order, a few units per worker ahead. An exception of a unit is raised here."""
        pending: deque[tuple[Unit, Future[Any], threading.Event]] = deque()
        try:
            for unit in units:
                pending.append((unit, *self._submit(unit)))
                if len(pending) >= AHEAD_PER_WORKER * self.workers:
                    yield self._result(*pending.popleft())
            while pending:
                yield self._result(*pending.popleft())
        finally:
            for _, future, _ in pending:
                future.cancel()

    @cached_property
    def _secret(self) -> tuple[str, str] | None:
        return None if self.token is None else (str(self.token), self.token.read_text())

    def stop(self) -> None:
        """Wake up all who wait for a result, by `Stopped`; what they waited for is cancelled."""
        self._stopped.set()

    def _submit(self, unit: Unit) -> tuple["Future[Any]", threading.Event]:
        if self._stopped.is_set():
            raise Stopped
        self._count_workers()
        future = self.client.submit(
            execute,
            Sent.of(unit, self._secret),
            key=f"{unit.name}-{uuid.uuid4().hex}",  # of its own: equal work is found in the store, not in Dask
            pure=False,
        )
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        return future, done

    def _count_workers(self) -> None:
        """Look now and then how many workers there are: some may have joined."""
        if time.monotonic() - self._counted > COUNT_SECONDS and self.client.status == "running":
            self._counted = time.monotonic()
            with suppress(OSError):
                self.workers = max(1, len(self.client.scheduler_info(n_workers=-1)["workers"]))

    def _result(self, unit: Unit, future: "Future[Any]", done: threading.Event) -> Any:
        try:
            answer = None
            while answer is None:
                if done.wait(LOOK_SECONDS):
                    answer = self._fetch(unit, future)
                self._look()
        except BaseException:
            future.cancel()
            raise
        return answer.unpack()

    def _fetch(self, unit: Unit, future: "Future[Any]") -> Answer | Failure | None:
        """What a unit that is done left on its worker; None while it is done again, that worker being gone."""
        from concurrent.futures import CancelledError

        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            answer: Answer | Failure = future.result(timeout=FETCH_SECONDS)
        except TimeoutError:  # the unit's own would be in a Failure
            return None
        except KilledWorker as error:
            raise RuntimeError(
                f"{unit.name}: the worker that computed it ended, on {error.allowed_failures + 1} workers one after "
                "the other, perhaps for want of memory: start fewer workers on each machine"
            ) from None
        except (CancelledError, FutureCancelledError):
            raise self._lost() from None
        return answer

    def _look(self) -> None:
        """Raise what ends the waiting: somebody stopped it, the scheduler is gone, or no worker is left."""
        if self._stopped.is_set():
            raise Stopped
        if self.client.status not in ("running", "connecting"):
            raise self._lost()
        if self._has_workers():
            self._without_workers_since = None
            return
        now = time.monotonic()
        self._without_workers_since = self._without_workers_since or now
        if now - self._without_workers_since > NO_WORKER_SECONDS:
            raise self._lost()

    def _has_workers(self) -> bool:
        try:
            return bool(self.client.scheduler_info(n_workers=1).get("workers"))
        except OSError:  # the connection has just broken
            return False

    def _lost(self) -> ClusterLostError:
        return ClusterLostError(
            f"the cluster at {self.address} is gone, or has no worker left: start it again, or leave --cluster out"
        )


@contextmanager
def connected(address: str, security: Any, folder: Path) -> Iterator[DaskCluster]:
    """The cluster whose scheduler has this address, all of its workers examined.

    `folder` is one that workers should share. Raises ValueError when nothing answers, no worker is there, or one must
    not work for this process.
    """
    from distributed import Client

    try:
        client = Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError) as error:
        reason = str(list(causes(error))[-1]).splitlines()[0]
        raise ValueError(
            f"no cluster answers at {address} ({reason}): `crisisflow cluster status` says which one runs, "
            "`crisisflow cluster start` starts one"
        ) from None
    try:
        workers = _wait_for_workers(client, address)
        yield DaskCluster(client, address, workers, _refuse_others(client, folder))
    finally:
        client.close(timeout=LOOK_SECONDS)


def _wait_for_workers(client: "Client", address: str) -> int:
    try:
        client.wait_for_workers(1, timeout=NO_WORKER_SECONDS)
    except TimeoutError:
        raise ValueError(
            f"the scheduler at {address} has no worker: start some by `crisisflow cluster worker {address}`"
        ) from None
    return len(client.scheduler_info(n_workers=-1)["workers"])


def _refuse_others(client: "Client", folder: Path) -> Path:
    """The token by which a worker shows that it shares the folder.

    Raises ValueError naming each worker that would compute other bytes, or elsewhere, and why.
    """
    token = write_token(folder)
    workers = list(client.scheduler_info(n_workers=-1)["workers"])
    answers: dict[str, Any] = client.sync(_examined, client, workers, str(token))
    refused = []
    for worker, answer in answers.items():
        if isinstance(answer, TimeoutError):
            why = [f"it did not answer within {EXAMINE_SECONDS:.0f} s: end it, or see whether its machine is reached"]
        elif isinstance(answer, BaseException):
            why = [f"it cannot run this code ({type(answer).__name__}: {answer}): install the same commit there"]
        else:
            why = list(objections(answer, token))
        if why:
            refused.append(f"worker {worker} is refused, {'; '.join(why)}")
    if refused:
        raise ValueError("\n".join(refused))
    return token


async def _examined(client: "Client", workers: Sequence[str], token: str) -> dict[str, Any]:
    """What each worker says of itself, or the exception of one that does not."""
    asked = [asyncio.wait_for(_examine(client, worker, token), EXAMINE_SECONDS) for worker in workers]
    return dict(zip(workers, await asyncio.gather(*asked, return_exceptions=True), strict=True))


async def _examine(client: "Client", worker: str, token: str) -> Any:
    answers = await client.run(examine, token, workers=[worker], on_error="return")
    if worker not in answers:
        raise ConnectionError("it has just left")
    return answers[worker]

"""The process in which the worker runs one flow run: it guards Prefect's own engine, and outlives it.

If the engine is killed, by a person or by the system for want of memory, its run in MLflow seems to go on; this process
closes it. If this process is killed, the engine ends too: it sees the pipe between them close.

`python -m tasks.scheduling.run_guard` takes its orders from the environment, as `python -m prefect.engine` does.
"""

import os
import signal
import subprocess
import sys
import threading
from types import FrameType

from tasks.runtime.processes import end_with_parent
from tasks.scheduling import GRACE_SECONDS

SIGNALLED = 128  # what a shell adds to the number of the signal that ended a process


def main() -> int:
    """Run the engine to its end; the exit code is the engine's own, 128 and the signal's number if one ended it."""
    worker = os.getppid()
    end_with_parent()
    hears, tells = os.pipe()
    command = [sys.executable, "-m", "tasks.scheduling.engine", str(hears)]
    # In a session of its own: what ends the worker's group is not for the engine, which must hear of it only once.
    engine = subprocess.Popen(command, pass_fds=[hears], start_new_session=True)
    os.close(hears)
    _stop_when_told(engine, tells)
    if os.getppid() != worker:  # it died before this process could be told
        os.kill(os.getpid(), signal.SIGTERM)
    code = engine.wait()
    if code:
        _close_runs()
    return SIGNALLED - code if code < 0 else code


def _stop_when_told(engine: "subprocess.Popen[bytes]", tells: int) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.close(tells)
        killer = threading.Timer(GRACE_SECONDS + 2, engine.kill)
        killer.daemon = True
        killer.start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _close_runs() -> None:
    """Close what the engine left open in MLflow; in Prefect the worker does it, which knows how its process ended."""
    os.environ.pop("PREFECT_API_URL", None)
    from tasks.tracking import reconcile_runs

    reconcile_runs()


if __name__ == "__main__":
    sys.exit(main())

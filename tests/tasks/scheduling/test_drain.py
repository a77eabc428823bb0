"""The end of a process whose Prefect server is gone."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

SCRIPT = """
from tasks.runtime.environment import prepare_environment
prepare_environment()
from tasks.scheduling import prefect_server
with prefect_server.prefect_server():
    import psutil, time
    from prefect.events import emit_event
    emit_event("crisisflow.first", resource={"prefect.resource.id": "test"})
    time.sleep(5)
    for child in psutil.Process().children():
        child.kill()
        child.wait()
    for number in range(50):
        emit_event("crisisflow.test", resource={"prefect.resource.id": f"test.{number}"})
print("done")
"""


def test_nobody_waits_for_a_server_that_is_gone(home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "done", done.stderr
    assert "Prefect's server did not record the last states" in done.stderr
    assert "crisisflow.test" not in done.stderr  # what could not be sent is not news


ORPHAN = """
from tasks.runtime.environment import prepare_environment
prepare_environment()
from tasks.scheduling import prefect_server
with prefect_server.prefect_server():
    import prefect
    from prefect.client.orchestration import get_client
    from prefect.states import Pending
    @prefect.task
    def lost(): ...
    with get_client(sync_client=True) as api:
        @prefect.flow
        def cut_short():
            api.create_task_run(lost, prefect.runtime.flow_run.id, "lost-0", state=Pending())
            raise KeyboardInterrupt
        try:
            cut_short()
        except KeyboardInterrupt:
            print("stopped")
"""


def test_a_task_that_ctrl_c_met_while_it_was_made_is_closed(home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "stopped", done.stderr
    with closing(sqlite3.connect(Path(os.environ["PREFECT_HOME"], "prefect.db"))) as database:
        states = database.execute("select state_type from task_run where dynamic_key = 'lost-0'").fetchall()
    assert states == [("CRASHED",)]

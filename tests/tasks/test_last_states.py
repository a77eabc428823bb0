"""The end of a process whose Prefect server is gone."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
from tasks.environment import prepare_environment
prepare_environment()
from tasks import servers
with servers.prefect_server():
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
    assert "crisisflow.test" not in done.stderr  # what could not be sent is no news

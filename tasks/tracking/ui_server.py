"""MLflow's own server: its pages and tracking API over the state folder's database."""

import sys

from tasks.runtime.servers import LOOPBACK, Server, start_process
from tasks.runtime.state_folder import state_home
from tasks.tracking import artifacts


def start_mlflow(port: int) -> Server:
    """MLflow's pages and tracking API on loopback, over the state folder's database."""
    from tasks.tracking.connection import make_database

    command = [sys.executable, "-m", "mlflow", "server", "--host", LOOPBACK, "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", make_database()]
    command += ["--default-artifact-root", artifacts.ROOT]
    command += ["--artifacts-destination", artifacts.artifacts_beside(artifacts.database_in(state_home())).as_uri()]
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    return start_process("mlflow", command, f"http://{LOOPBACK}:{port}", "/health", environment)

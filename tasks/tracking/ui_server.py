"""MLflow's own server: its pages and tracking API over the database of the state folder, or of the team."""

import sys

from tasks.runtime.servers import LOOPBACK, Server, start_process
from tasks.runtime.state_folder import state_home
from tasks.tracking import artifacts


def start_mlflow(port: int) -> Server:
    """MLflow's pages and tracking API on loopback. The database's address is for no list of processes."""
    from tasks.tracking.connection import make_database

    command = [sys.executable, "-m", "mlflow", "server", "--host", LOOPBACK, "--port", str(port), "--workers", "1"]
    uri = make_database()
    folder = artifacts.folder_at(uri) or artifacts.artifacts_beside(artifacts.database_in(state_home()))
    command += ["--default-artifact-root", artifacts.ROOT, "--artifacts-destination", folder.as_uri()]
    environment = {"MLFLOW_BACKEND_STORE_URI": uri, "MLFLOW_REGISTRY_STORE_URI": uri}
    environment |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    return start_process("mlflow", command, f"http://{LOOPBACK}:{port}", "/health", environment)

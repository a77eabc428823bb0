"""Variables that take state elsewhere: to a server, or into another state folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from tasks.doctor.finding import Finding
from tasks.runtime.redaction import mask_secrets
from tasks.runtime.servers import answers
from tasks.runtime.state_folder import state_home
from tasks.store import layout

SERVERS = {"MLFLOW_TRACKING_URI": "/health", "PREFECT_API_URL": "/health"}
FOLDERS = ("PREFECT_HOME", "KERAS_HOME", "MPLCONFIGDIR")


def variables() -> Iterator[Finding]:
    """Servers that are named and do not answer; folders that belong to another state folder."""
    for name, path in SERVERS.items():
        value = os.environ.get(name, "")
        if value.startswith("http"):
            alive = answers(value.rstrip("/") + path)
            said = f"{name} is {mask_secrets(value)}, which {'answers' if alive else 'does not answer'}"
            yield Finding("environment", alive, said, "" if alive else f"start that server, or unset {name}")
    for name in FOLDERS:
        folder = Path(os.environ.get(name) or state_home()).absolute()
        other = next((each for each in folder.parents if (each / layout.MARK).is_file()), state_home())
        if other != state_home():
            said = f"{name} is {folder}, in another state folder: both would write there"
            yield Finding("environment", False, said, f"unset {name}")

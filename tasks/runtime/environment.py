"""What must be in the environment before the heavy libraries are imported: quiet, offline, deterministic, and at home.

Every value is a default: what the user has set stands.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import get_args

from models.settings import Device, Precision
from tasks.runtime.state_folder import HOME, check_state_home

DEVICE = "CRISISFLOW_DEVICE"
BFLOAT16_CAPABILITY = (8, 0)


def defaults(home: Path) -> Mapping[str, str]:
    """The variables that crisisflow sets when the user has not, for this state folder."""
    return {
        # Disable telemetry. DO_NOT_TRACK must be the word: MLflow ignores "1".
        "DO_NOT_TRACK": "true",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GX_ANALYTICS_ENABLED": "false",
        # Everything that libraries write by themselves stays in the state folder.
        "PREFECT_HOME": str(home / "prefect"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        # The same bytes every time: oneDNN reorders sums, so its use is fixed, and recorded with the run.
        "TF_ENABLE_ONEDNN_OPTS": "1",
        # Operations run beside each other, none is cut up: 1.3 times the speed on small steps, and no bits that depend
        # on the number of threads.
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "KERAS_BACKEND": "tensorflow",
        DEVICE: "cpu",  # the same bytes are promised there; a GPU is for those who ask
        "KERAS_HOME": str(home / "keras"),
        "MPLBACKEND": "agg",
        # Prefect and MLflow report through our own screen and log.
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "tasks",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "GIT_PYTHON_REFRESH": "quiet",
        # A tracking server that goes away is asked again after 0, 2, 4, 8, ... s, for four minutes.
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "8",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def prepare_environment() -> None:
    """Set the defaults. Call it first: libraries read them on import. Raises UnusableStateFolder.

    The state folder's own variable is made absolute: processes that start elsewhere are to find the same folder.
    """
    home = check_state_home()
    os.environ[HOME] = str(home)
    for name, value in defaults(home).items():
        os.environ.setdefault(name, value)


@contextmanager
def temporary_home() -> Iterator[None]:
    """Set the defaults for the block, with an empty state folder that is gone afterwards: for what needs no state."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="crisisflow-", ignore_cleanup_errors=True) as home:
        os.environ[HOME] = home
        prepare_environment()
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def silenced_stderr() -> Iterator[None]:
    """Hide what C++ code writes to file descriptor 2 while a noisy library is imported."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def use_device(device: Device) -> None:
    """Compute on this device: cpu, gpu, or auto, which is the GPU where there is one. Call it before TensorFlow loads.

    Raises ValueError for gpu where TensorFlow sees none: before anything is read or started.
    """
    os.environ[DEVICE] = device
    if device == "gpu":
        load_tensorflow()


def load_tensorflow() -> str:
    """Import TensorFlow and Keras without their start-up noise; say what they compute on: cpu, or gpu and its name."""
    if "tensorflow" not in sys.modules:
        with silenced_stderr():
            import keras  # noqa: F401  (imported for its effect: loaded, quietly)
            import tensorflow  # noqa: F401
    return _device()


def precision() -> Precision:
    """In what networks multiply: bfloat16 where every GPU in use has units for it (Ampere and later), else float32."""
    import tensorflow as tf

    load_tensorflow()
    used = {device.name.split(":")[-1] for device in tf.config.list_logical_devices("GPU")}
    gpus = [gpu for gpu in tf.config.list_physical_devices("GPU") if gpu.name.split(":")[-1] in used]
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    able = [each.get("compute_capability", (0, 0)) >= BFLOAT16_CAPABILITY for each in details]
    return "mixed_bfloat16" if able and all(able) else "float32"


@cache
def _device() -> str:
    """Show TensorFlow the devices that it is to use, once: it cannot change them later."""
    import tensorflow as tf

    wanted = os.environ.get(DEVICE, "cpu")
    if wanted not in get_args(Device):
        raise ValueError(f"the device must be auto, cpu or gpu, got {wanted!r}: mend --device or {DEVICE}")
    with silenced_stderr():  # the first look at the devices complains of a missing GPU
        gpus = tf.config.list_physical_devices("GPU")
        if gpus and wanted == "cpu":
            tf.config.set_visible_devices([], "GPU")
        for gpu in gpus:  # else the first process takes all of its memory
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.config.list_logical_devices()
    if wanted == "gpu" and not gpus:
        raise ValueError(
            "TensorFlow sees no GPU: check that `nvidia-smi` lists one and install the CUDA libraries with "
            "`pip install -e '.[gpu]'`, or use --device cpu"
        )
    if wanted == "cpu" or not gpus:
        return "cpu"
    return "gpu: " + ", ".join(
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus
    )

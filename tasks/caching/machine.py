"""What else changes the last bits of a result: the processor, the number of threads, the environment."""

import json
import os
import platform
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from tasks.caching.syntax import Module

PROCESSOR, GPUS = Path("/proc/cpuinfo"), Path("/proc/driver/nvidia")
VECTOR_UNITS = ("sse", "avx", "fma", "f16c", "amx", "asimd", "sve", "bf16")
# Libraries for arithmetic read these for themselves.
NUMERIC = (
    *("TF_", "XLA_", "KERAS_", "JAX_", "CUDA_", "CUDNN_", "CUBLAS_", "NCCL_", "NVIDIA_", "ONEDNN_", "DNNL_", "OMP_"),
    *("KMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "ATLAS_", "VECLIB_", "NUMEXPR_", "NPY_", "ARROW_"),
)
# These say where things are, how much is told about them and to whom, or belong to a program of the same prefix.
NEUTRAL = re.compile(
    r"CRISISFLOW_(?:HOME|DATABASE|ARTIFACTS|CLUSTER\w*)|PG\w+|KERAS_HOME|MPLCONFIGDIR|TF_CPP_\w*LOG\w*|TF_(?:CLI|VAR|LOG)\w*"
    r"|MLFLOW_\w+|PREFECT_\w+|\w+_ANALYTICS_ENABLED|DO_NOT_TRACK|GIT_PYTHON_REFRESH"
    r"|KMP_DUPLICATE_LIB_OK|KMP_INIT_AT_FORK"  # scikit-learn sets them in its process as it is imported
    r"|_"  # how the shell found the command: a word that modules hold for reasons of their own
)


@cache
def hardware_class() -> dict[str, Any]:
    """What changes the rounding of sums: processor, its vector units, graphics cards, and number of threads."""
    return {
        "machine": platform.machine(),
        "processor": processor(),
        "vector_units": vector_units(),
        "gpus": gpus(),
        "threads": len(os.sched_getaffinity(0)),
    }


def _cpuinfo(name: str) -> str:
    """The first value under this name in Linux's description of the processor; empty where there is none."""
    try:
        found = re.search(rf"^{name}\s*:\s*(.*)$", PROCESSOR.read_text(), re.MULTILINE)
    except OSError:
        return ""
    return found.group(1) if found else ""


def processor() -> str:
    """Vendor, family and model: by these, libraries choose their loops and block sizes."""
    return " ".join(_cpuinfo(name) for name in ("vendor_id", "cpu family", "model")).strip() or platform.processor()


def vector_units() -> list[str]:
    """The vector instruction sets of this processor, by their Linux names."""
    flags = (_cpuinfo("flags") or _cpuinfo("Features")).split()
    return sorted(flag for flag in set(flags) if flag.startswith(VECTOR_UNITS))


def gpus() -> list[str]:
    """Models of the NVIDIA cards and the version of their driver; empty without any."""
    models = [re.findall(r"Model:\s*(.*)", each.read_text()) for each in sorted(GPUS.glob("gpus/*/information"))]
    driver = (GPUS / "version").read_text().splitlines()[:1] if models and (GPUS / "version").is_file() else []
    return [*(name for names in models for name in names), *driver]


def numeric_environment() -> dict[str, str]:
    """The variables that libraries for arithmetic read, as they are set, and Keras' own file of defaults."""
    found = {name: value for name, value in os.environ.items() if name.startswith(NUMERIC) and _counts(name)}
    return dict(sorted(found.items())) | keras_defaults()


def named_environment(modules: Iterable[Module]) -> dict[str, str]:
    """The variables that the code itself names and that are set; all words count where a module reads variables."""
    words = {word for module in modules if module.names & {"environ", "getenv"} for word in module.strings}
    return {name: os.environ[name] for name in sorted(words & set(os.environ)) if _counts(name)}


def _counts(name: str) -> bool:
    return not NEUTRAL.fullmatch(name)


def keras_defaults() -> dict[str, str]:
    """What keras.json sets other than usual. Keras writes the usual values itself where there is no such file."""
    usual = {"floatx": "float32", "epsilon": 1e-07, "backend": "tensorflow", "image_data_format": "channels_last"}
    file = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
    try:
        given = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return {f"keras.json {name}": str(value) for name, value in given.items() if usual.get(name) != value}

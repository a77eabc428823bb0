"""What several tests of word2vec ask of a fresh interpreter."""

import subprocess
import sys
from collections.abc import Callable

import pytest

CODE = """
import importlib.util
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads({threads})
tf.config.threading.set_inter_op_parallelism_threads({threads})
spec = importlib.util.spec_from_file_location("cases", {file!r})
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)
for architecture in cases.ARCHITECTURES:
    for step_tokens in {step_tokens}:
        asked = cases.settings(architecture=architecture, dimensions=100, epochs=1, step_tokens=step_tokens)
        print(cases.train_vectors(*cases.encode(cases.many_words()), asked, seed=1)[0].digest)
"""


@pytest.fixture
def digests_in_new_process() -> Callable[[str, int, tuple[int, ...]], str]:
    """Digests for both architectures and several step sizes, of the cases of a test file, on so many threads."""

    def digests(file: str, threads: int, step_tokens: tuple[int, ...]) -> str:
        code = CODE.format(file=file, threads=threads, step_tokens=step_tokens)
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    return digests

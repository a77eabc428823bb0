"""One seed per run, split by name: adding a step never changes the draws of another."""

import hashlib

import numpy as np


def derive_seed(seed: int, name: str) -> int:
    """A 32-bit seed for the step of this name.

    >>> derive_seed(1, "skip-gram/negatives/epoch-3") == derive_seed(1, "skip-gram/negatives/epoch-3")
    True
    >>> derive_seed(1, "skip-gram") == derive_seed(1, "cbow")
    False
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:4], "little")


def generator(seed: int, name: str) -> np.random.Generator:
    """A NumPy generator for the step of this name."""
    return np.random.Generator(np.random.PCG64(derive_seed(seed, name)))

"""Ending with the process that started this one, however that one ends. Light: every child of ours runs this first."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(sign: signal.Signals = signal.SIGTERM) -> None:
    """In a child: have the kernel send this signal when the parent dies. Linux only, elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sign)

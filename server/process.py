"""The process as a whole: that nothing in it keeps the rest waiting for long, and that it gives back what it took."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CDLL

SWITCH = 0.001  # seconds after which a thread that computes lets another go on; Python's 5 ms add up, turn by turn
YOUNG = (20_000, 10, 100)  # objects made until garbage is looked for, enough to validate most documents in
# What glibc is told: M_ARENA_MAX, as every thread would keep freed memory to itself, then M_MMAP_THRESHOLD and
# M_TRIM_THRESHOLD in bytes, which otherwise grow with the largest answer there was
MALLOC = ((-8, 2), (-3, 262_144), (-1, 262_144))


def tune() -> None:
    """Set up this process to answer many callers at the same time for months."""
    sys.setswitchinterval(SWITCH)
    collect_rarely()
    if sys.platform == "linux" and (mallopt := getattr(CDLL(None), "mallopt", None)):  # other libraries have none
        for name, value in MALLOC:
            mallopt(name, value)


def collect_rarely() -> None:
    """Look for garbage less often: rows and answers refer to nothing that refers to them, and are freed without."""
    gc.set_threshold(*YOUNG)


@contextmanager
def lasting() -> Iterator[None]:
    """A block that makes objects which live as long as the process, such as a schema: they are frozen, since the
    garbage collector would look through them again and again, while nothing is answered."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

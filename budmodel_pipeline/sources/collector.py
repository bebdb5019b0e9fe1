"""The garbage collector's pause while a whole leaderboard is in memory."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection within, for a block or, as a decorator, a function.

    What is made of a file lives until it is stored and goes by itself. The collector would look through it again and again:
    half of the time for a file of 400,000 scores.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

"""A hub in a process of its own, so that its work is not counted as ours."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection


@contextmanager
def hub_process(serve: Callable[["Connection[object, object]"], None]) -> Iterator[tuple[str, "Connection[object, object]"]]:
    """The first that `serve` says, its address, and the connection to it; it is told to stop at the end of the block."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield str(mine.recv()), mine
    finally:
        mine.send("stop")
        process.join()

import pytest

from budmodel_scanner.containers.sequential import SequentialContent
from budmodel_scanner.content import CHUNK, UnscannedError


def chunks(count: int) -> list[bytes]:
    return [bytes([number % 256]) * CHUNK for number in range(count)]


def test_small_content_can_be_read_anywhere_and_ends_where_its_source_does() -> None:
    content = SequentialContent([b"ab", b"", b"cdef"], 10)
    assert content.read(4, 100) == b"ef"
    assert content.read(0, 3) == b"abc"
    assert content.read(6, 1) == b""


def test_of_large_content_the_beginning_and_the_latest_stay_readable() -> None:
    content = SequentialContent(chunks(100), 100 * CHUNK)
    assert content.read(90 * CHUNK - 1, 2) == bytes([89, 90])
    assert content.read(0, 2) == bytes(2)
    assert content.read(20 * CHUNK, 1) == bytes([20])
    with pytest.raises(UnscannedError, match="had passed by"):
        content.read(50 * CHUNK, 1)


def test_finishing_runs_the_source_to_its_end() -> None:
    left = iter(chunks(5))
    SequentialContent(left, 5 * CHUNK).finish()
    assert next(left, None) is None

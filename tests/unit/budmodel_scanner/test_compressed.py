import bz2
import gzip
import lzma
import os
import random
import tracemalloc
import zlib
from collections.abc import Callable

import pyarrow as pa
import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.archive_making import HOSTILE_PICKLE, PICKLE, TEXT, rules, tarred, verdict, zipped


def arrow(codec: str) -> Callable[[bytes], bytes]:
    def compress(data: bytes) -> bytes:
        target = pa.BufferOutputStream()
        with pa.CompressedOutputStream(target, codec) as stream:
            stream.write(data)
        return bytes(target.getvalue())

    return compress


CODECS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "zst": arrow("zstd"),
    "lz4": arrow("lz4"),
    "br": arrow("brotli"),
}
every_codec = pytest.mark.parametrize("suffix", CODECS)


@every_codec
def test_what_is_inside_is_examined(suffix: str) -> None:
    compress = CODECS[suffix]
    assert verdict(f"a.pkl.{suffix}", compress(PICKLE)) is Verdict.SAFE
    assert verdict(f"a.pkl.{suffix}", compress(HOSTILE_PICKLE)) is Verdict.MALICIOUS
    assert verdict(f"a.txt.{suffix}", compress(TEXT * 3000 + os.urandom(3000).hex().encode())) is Verdict.SAFE


@every_codec
def test_archives_in_it_are_opened(suffix: str) -> None:
    compress = CODECS[suffix]
    assert verdict(f"a.tar.{suffix}", compress(tarred({"a/b.pkl": PICKLE, "c.txt": TEXT}))) is Verdict.SAFE
    assert verdict(f"a.tar.{suffix}", compress(tarred({"a/b.pkl": HOSTILE_PICKLE}))) is Verdict.MALICIOUS
    assert verdict(f"a.zip.{suffix}", compress(zipped({"a/b.pkl": HOSTILE_PICKLE}))) is Verdict.MALICIOUS


@pytest.mark.parametrize("suffix", sorted({*CODECS} - {"br"}))
def test_bytes_that_follow_are_suspicious(suffix: str) -> None:
    assert f"{_area(suffix)}.trailing-bytes" in rules(f"a.pkl.{suffix}", CODECS[suffix](PICKLE) + b"tail")


def test_a_stream_without_a_magic_number_is_damaged_where_bytes_follow() -> None:
    assert "brotli.damaged" in rules("a.pkl.br", CODECS["br"](PICKLE) + b"tail")


@every_codec
def test_a_stream_that_is_cut_off_is_never_safe(suffix: str) -> None:
    data = CODECS[suffix](TEXT)
    assert verdict(f"a.txt.{suffix}", data[: len(data) // 2]).rank >= Verdict.UNSCANNED.rank
    assert verdict(f"a.txt.{suffix}", data[:-1]).rank >= Verdict.UNSCANNED.rank


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst", "lz4"])
def test_streams_in_a_row_are_one_content(suffix: str) -> None:
    compress = CODECS[suffix]
    cut = len(HOSTILE_PICKLE) // 2
    data = compress(HOSTILE_PICKLE[:cut]) + compress(HOSTILE_PICKLE[cut:])
    assert verdict(f"a.pkl.{suffix}", data) is Verdict.MALICIOUS


@pytest.mark.cost
@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zlib", "zst"])
def test_bombs(suffix: str) -> None:
    assert f"{_area(suffix)}.bomb" in rules(f"a.txt.{suffix}", CODECS[suffix](bytes(64 << 20)))


@pytest.mark.parametrize(
    ("flags", "field", "rule"),
    [
        (0x04, b"\x20\x00" + bytes(32), "gzip.extra-field"),
        (0x08, b"../../a\0", "gzip.member-name"),
        (0x10, b"import os\0", "gzip.comment"),
        (0x20, b"", "gzip.header"),
    ],
)
def test_fields_of_a_gzip_header_carry_nothing(flags: int, field: bytes, rule: str) -> None:
    plain = gzip.compress(TEXT)
    assert rule in rules("a.txt.gz", plain[:3] + bytes([flags]) + plain[4:10] + field + plain[10:])
    assert verdict("a.txt.gz", plain[:3] + b"\x08" + plain[4:10] + b"a.txt\0" + plain[10:]) is Verdict.SAFE


def test_a_gzip_checksum_that_is_wrong() -> None:
    data = gzip.compress(TEXT)
    assert "gzip.checksum" in rules("a.txt.gz", data[:-8] + bytes(4) + data[-4:])


@pytest.mark.cost
@pytest.mark.parametrize("suffix", ["zst", "lz4", "br"])
def test_damaged_frames_leave_no_memory_behind(suffix: str) -> None:
    whole = CODECS[suffix](random.Random(1).randbytes(30_000))
    damaged = whole[: len(whole) // 2] + b"\xff" * 9_000 + whole[len(whole) // 2 :]
    assert verdict(f"a.{suffix}", damaged) is not Verdict.SAFE
    tracemalloc.start()
    try:
        for _ in range(30):
            verdict(f"a.{suffix}", damaged)
        assert tracemalloc.get_traced_memory()[0] < 4 << 20
    finally:
        tracemalloc.stop()


def test_frames_that_readers_skip_carry_nothing() -> None:
    frame = b"\x50\x2a\x4d\x18" + len(HOSTILE_PICKLE).to_bytes(4, "little") + HOSTILE_PICKLE
    assert "zstd.skippable-frame" in rules("a.txt.zst", CODECS["zst"](TEXT) + frame)


@pytest.mark.parametrize("name", ["a.joblib", "a.pkl"])
def test_joblib_compresses_and_keeps_the_name(name: str) -> None:
    assert verdict(name, zlib.compress(PICKLE)) is Verdict.SAFE


@pytest.mark.parametrize("length", ["0x3c", "0x1fL"])
@pytest.mark.parametrize("name", ["a.joblib", "a.pkl", "a.pkl.z"])
def test_the_old_container_of_joblib_is_opened(name: str, length: str) -> None:
    header = b"ZF" + length.ljust(19).encode()
    assert verdict(name, header + zlib.compress(PICKLE)) is Verdict.SAFE
    assert verdict(name, header + zlib.compress(HOSTILE_PICKLE)) is Verdict.MALICIOUS
    assert verdict(name, header + b" " + zlib.compress(HOSTILE_PICKLE, 1)) is Verdict.MALICIOUS


def _area(suffix: str) -> str:
    return {"gz": "gzip", "bz2": "bzip2", "zst": "zstd"}.get(suffix, suffix)

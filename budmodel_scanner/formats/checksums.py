"""CRC-32C, by which TensorFlow's record files and LevelDB tables guard their parts; Jenkins's lookup3, which HDF5 uses."""

import struct

_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8


def _row(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(_row(byte) for byte in range(256))


def masked_crc32c(data: bytes) -> int:
    """As TensorFlow stores it: rotated and offset, so that a checksum over checksums stays meaningful."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def lookup3(data: bytes) -> int:
    """https://burtleburtle.net/bob/c/lookup3.c, `hashlittle` from zero."""
    mask = 0xFFFFFFFF
    a: int
    b: int
    c: int
    a = b = c = (0xDEADBEEF + len(data)) & mask
    last = max(0, (len(data) - 1) // 12 * 12)
    for x, y, z in struct.iter_unpack("<III", data[:last]):
        a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
        for turn in (4, 6, 8, 16, 19, 4):
            a = ((a - c) & mask) ^ (c << turn & mask | c >> 32 - turn)
            a, b, c = b, (c + b) & mask, a
    if not data:
        return c
    x, y, z = struct.unpack("<III", data[last:].ljust(12, b"\0"))
    a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
    for turn in (14, 11, 25, 16, 4, 14, 24):
        a, b, c = b, ((c ^ b) - (b << turn & mask | b >> 32 - turn)) & mask, a
    return b  # Seven turns leave the three names one place further than they began.

"""CRC-32C, by which TensorFlow's record files and LevelDB tables guard their parts."""

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

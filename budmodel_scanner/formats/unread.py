"""Models and indexes of runtimes whose format is known by its first bytes and not read here: named, so that people know what
was not looked at."""

# Offset, magic, and whose it is.
_MAGICS = (
    (0, b"RKNN", "a model of Rockchip's RKNN"),
    (0, b"IMOD", "a model of Ascend"),
    (0, b"\x01HEF", "a model of Hailo"),
    (0, b"\xee\xaa\x55\xff", "a model of Sophon"),
    (0, b"MTLB", "a library of Metal"),
    (0, b"\x03\x02\x23\x07", "a program of SPIR-V"),
    (0, b"binf", "a model of XGBoost in its old format"),
    (4, b"MSL2", "a model of MindSpore"),
    (4, b"MSL1", "a model of MindSpore"),
    (4, b"CIR0", "a model of Circle"),
)
# Without a magic of their own, so that the name has to say it.
_SUFFIXES = {
    ".tmfile": "a model of Tengine",
    ".nb": "a model of Paddle Lite",
    ".dlc": "a model of Qualcomm",
    ".hbm": "a model of Horizon",
    ".nef": "a model of Kneron",
    ".mindir": "a model of MindSpore",
    ".ann": "an index of Annoy",
}


def named(head: bytes, name: str) -> str | None:
    """What content that nothing here reads is, as far as its first bytes or its name tell."""
    by_magic = next((what for offset, magic, what in _MAGICS if head.startswith(magic, offset)), None)
    return by_magic or _SUFFIXES.get("." + name.lower().rsplit(".", 1)[-1])

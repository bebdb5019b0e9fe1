"""The containers, in the form in which the router asks all formats."""

from functools import partial

from budmodel_scanner.containers import compressed
from budmodel_scanner.containers.compressed import Codec, examine_compressed
from budmodel_scanner.containers.distributed import examine_shard
from budmodel_scanner.containers.tar_files import examine_tar, recognizes_tar
from budmodel_scanner.containers.zip_files import examine_zip
from budmodel_scanner.containers.zip_reading import END, LOCAL
from budmodel_scanner.formats.recognized import archive, examine_archive, recognizes
from budmodel_scanner.formats.registry import Format

# joblib compresses a pickle and keeps its suffix.
_JOBLIB = (".pkl", ".pickle", ".joblib", ".jbl", ".p", ".sav", ".dat", ".data", ".model", ".bin")
_TORCH = (".pt", ".pth", ".bin", ".ckpt", ".th", ".tar")


def _codec(codec: Codec, suffixes: tuple[str, ...], shared: tuple[str, ...], plausible: bool = False) -> Format:
    def recognizes(head: bytes, name: str) -> bool:
        return codec.recognizes(head[:64]) and (codec is not compressed.BROTLI or name.lower().endswith(suffixes))

    examine = partial(examine_compressed, codec)
    return Format(codec.area, recognizes, examine, suffixes, shared, plausible, forward=examine)


_CODECS = (
    _codec(
        compressed.GZIP,
        (".gz", ".tgz", ".gzip", ".svgz"),
        (*_JOBLIB, ".nemo", ".z", ".rds", ".rda", ".rdata", ".mgz", ".crate", ".tfrecord"),
    ),
    _codec(compressed.BZIP2, (".bz2", ".tbz2", ".tbz", ".bz"), (*_JOBLIB, ".rds", ".rda", ".rdata")),
    _codec(compressed.XZ, (".xz", ".txz"), (*_JOBLIB, ".rds", ".rda", ".rdata")),
    _codec(compressed.LZMA, (".lzma", ".tlz"), _JOBLIB, plausible=True),
    _codec(compressed.ZLIB, (".zlib",), (*_JOBLIB, ".z", ".spacy"), plausible=True),
    _codec(compressed.ZFILE, (), (*_JOBLIB, ".z")),
    _codec(compressed.ZSTANDARD, (".zst", ".zstd", ".tzst"), (*_JOBLIB, ".nemo")),
    _codec(compressed.LZ4, (".lz4",), _JOBLIB),
    _codec(compressed.BROTLI, (".br",), (), plausible=True),
)

_ZIP = Format(
    "zip",
    lambda head, name: head.startswith((LOCAL, END)) and not name.endswith(".distcp"),
    examine_zip,
    (".zip", ".npz", ".skops", ".whl", ".jar", ".docx", ".xlsx", ".pptx", ".epub", ".egg"),
    (
        *_TORCH,
        ".ptl",
        *(".pt2", ".torchscript", ".jit", ".ts", ".keras", ".mar", ".nemo", ".odt", ".ods", ".task", ".pkl", ".pickle"),
        *(".model", ".weights", ".data", ".sd", ".state", ".checkpoint", ".params", ".apk", ".aar", ".kmz"),
        *(".opt", ".pdparams", ".pdopt", ".states", ".mlpackage", ".mlarchive", ".p", ".t7", ".lora", ".emb"),
    ),
)  # fmt: skip
_SHARD = Format(
    "shard of a checkpoint",
    lambda head, name: head.startswith(LOCAL) and name.endswith(".distcp"),
    examine_shard,
    (),
    zip_within=True,
)
_TAR = Format(
    "tar",
    lambda head, _: recognizes_tar(head),
    examine_tar,
    (".nemo",),
    (*_TORCH, ".mar", ".ova", ".gem"),
    forward=examine_tar,
)
_OTHER = Format(
    "archive",
    recognizes(archive),
    examine_archive,
    (".7z", ".rar", ".cab", ".lz", ".rpm", ".deb", ".msi", ".doc", ".xls", ".ppt"),
    (".db", ".a", ".lib", ".z", ".lzo", ".lz4", ".cpio", ".rtf", ".chm", ".lnk", ".index"),
    plausible=True,
)

CONTAINERS: tuple[Format, ...] = (_ZIP, _SHARD, *_CODECS, _TAR, _OTHER)

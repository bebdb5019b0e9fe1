"""Every binary format that is examined here, for the router: how it is recognized, examined, and named."""

from collections.abc import Callable
from dataclasses import dataclass

from budmodel_scanner.examiner import Examiner, ForwardExaminer
from budmodel_scanner.formats import (
    arrow,
    avro,
    catboost,
    coreml,
    event_log,
    gguf,
    msgpack,
    npy,
    onnx,
    parquet,
    pdf,
    r_data,
    recognized,
    safetensors,
    sentencepiece,
    serializers,
    tables,
    tensorflow,
    tensorflow_index,
    tflite,
    ubjson,
)
from budmodel_scanner.formats.hdf5 import examine as hdf5
from budmodel_scanner.formats.inert import INERT


@dataclass(frozen=True, slots=True)
class Format:
    """A format that the router may hand content to.

    `recognizes(head, name)` gets the first 4096 bytes and the innermost name, and decides by content; formats without a
    magic number also look at the name.
    `suffixes` are endings of lower-case names that agree with the content: any other name is a disguise. Without suffixes
    every name agrees, because the finding does not depend on the name.
    `shared` are suffixes that agree as well, but that other content goes by, too: under any of `suffixes`, content that
    nothing recognizes is a disguise; under those it is merely unknown.
    `plausible`: it goes by plausibility rather than by a magic number, so it is asked only where nothing else recognizes
    the content. `zip_behind`: files of this kind may have a zip file appended; `zip_within`: their values may be zip files.
    `forward` examines a stream that is read once, for formats that can be, without keeping what has passed. `claims`: other
    content under `suffixes` is a disguise.
    """

    name: str
    recognizes: Callable[[bytes, str], bool]
    examine: Examiner
    suffixes: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    plausible: bool = False
    zip_behind: bool = False
    zip_within: bool = False
    forward: ForwardExaminer | None = None
    claims: bool = True


# In the order in which they are asked: those with a long magic number first, those that go by plausibility last.
FORMATS: tuple[Format, ...] = (
    Format("executable", recognized.recognizes(recognized.program), recognized.examine_program),
    Format("GGUF", gguf.recognizes, gguf.examine, (".gguf",), (".bin", ".dat")),
    Format("CatBoost", catboost.recognizes, catboost.examine, (".cbm",), (".bin", ".model")),
    Format("npy", npy.recognizes, npy.examine, (".npy",)),
    Format(
        "HDF5", hdf5.recognizes, hdf5.examine, (".h5", ".hdf5", ".h5ad", ".h5mu"), (".hdf", ".he5", ".keras", ".nc", ".mat")
    ),
    Format("TensorFlow Lite", tflite.recognizes, tflite.examine, (".tflite",), (".lite",), zip_behind=True),
    Format("Parquet", parquet.recognizes, parquet.examine, (".parquet", ".geoparquet"), (".pq",), zip_within=True),
    Format(
        "Arrow",
        arrow.recognizes,
        arrow.examine,
        (".arrow", ".feather", ".arrows"),
        (".ipc", ".bin", ".stream"),
        zip_within=True,
    ),
    Format("Avro", avro.recognizes, avro.examine, (".avro",), zip_within=True),
    Format("ORC", tables.recognizes_orc, tables.examine_orc, (".orc",), zip_within=True, claims=False),
    Format("PDF", pdf.recognizes, pdf.examine, (".pdf",)),
    Format("safetensors", safetensors.recognizes, safetensors.examine, (".safetensors",), (".sft",)),
    Format("event log", event_log.recognizes, event_log.examine, plausible=True),
    Format("ONNX value", onnx.recognizes_value, onnx.examine_value, shared=(".pb", ".onnx"), plausible=True),
    Format(
        "TensorFlow graph",
        tensorflow.recognizes,
        tensorflow.examine,
        (".pb",),
        (".meta", ".graphdef", ".model"),
        plausible=True,
    ),
    Format(
        "TensorFlow checkpoint index",
        tensorflow_index.recognizes,
        tensorflow_index.examine,
        shared=(".index",),
        plausible=True,
    ),
    Format("ONNX", onnx.recognizes, onnx.examine, (".onnx",), plausible=True),
    Format(
        "SentencePiece",
        sentencepiece.recognizes,
        sentencepiece.examine,
        (".spm",),
        (".model", ".sp", ".bpe", ".vocab"),
        plausible=True,
    ),
    Format("Core ML", coreml.recognizes, coreml.examine, (".mlmodel",), ("weight.bin",), plausible=True),
    Format("UBJSON", ubjson.recognizes, ubjson.examine, (".ubj", ".ubjson"), (".model", ".bin", ".xgb")),
    Format("R's data", r_data.recognizes, r_data.examine, (".rds", ".rdata", ".rda"), (".rdb", ".rdx")),
    Format(
        "objects of another language",
        recognized.recognizes(recognized.objects),
        serializers.examine,
        (".ser",),
        (".rds", ".rdata", ".rda", ".t7", ".bin", ".dat", ".model"),
    ),
    Format("MATLAB arrays", serializers.is_matlab, serializers.examine_matlab, (), (".mat",)),
    Format(
        "MessagePack",
        msgpack.recognizes,
        msgpack.examine,
        (".msgpack",),
        (".mpk", ".msgpk", ".bin", ".spacy"),
        plausible=True,
    ),
    *(
        Format(row.name, row.recognizes, row.examine, row.suffixes, plausible=row.plausible, claims=row.claims)
        for row in INERT
    ),
)

"""What the suffix of a name claims of the content, and when the content denies it."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from budmodel_scanner.containers.registry import CONTAINERS
from budmodel_scanner.formats.registry import FORMATS, Format


def _suffixes(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Texts, whatever they say. Under these names, nothing that loads or unpacks has any business.
TEXTS = _suffixes(
    """
    .txt .md .markdown .rst .json .jsonl .ndjson .ipynb .yaml .yml .toml .ini .cfg .conf .properties .csv .tsv .xml
    .svg .html .htm .css .js .mjs .cjs .jsx .tsx .php .py .pyi .pyx .sh .bash .zsh .bat .cmd .ps1 .jinja .jinja2 .j2
    .tex .bib .log .sql .proto .pbtxt .prototxt .tiktoken .merges .c .cc .cpp .cu .cuh .h .hpp .java .go .rs .rb .pl .r
    .jl .lua .swift .kt .m .mm .metal .lock .license .gitattributes .gitignore .gitmodules .dockerfile .mk .cmake .srt
    .vtt .gbnf .modelfile .args .env
    """
)
# Under these, text is as ordinary as anything.
MIXED = _suffixes(
    """
    .bin .model .data .dat .vocab .bpe .sp .spm .meta .index .p .ts .task .params .state .opt .checkpoint .pb .obj
    .dump .a .lib .weights .states .z .db .ot .mat .nc .emb .lora .sd .t7 .ptc .graph .graphdef .ipc .lite .ggml
    .gem .qt .kv .lz .rtf .lnk .doc .dic .deb .nemo .idx .cache .features
    """
)
PICKLES = _suffixes(
    """
    .pkl .pickle .pck .pcl .p .pk .joblib .jbl .pt .pth .bin .ckpt .th .tar .t7 .model .sav .dill .cloudpickle
    .pdparams .pdopt .pdmodel .states .state .opt .data .dat .dump .weights .meta .sd .checkpoint .kv .bunch .gensim
    .d2v .w2v .wv .emb .obj .ptc .db .index .lora .distcp .vocab .params .pydata .features .cache .idx
    """
)
_CLAIMED = frozenset(
    suffix for known in (*FORMATS, *CONTAINERS) for suffix in (*known.suffixes, *known.shared) if suffix.startswith(".")
)
_BINARY_ONLY = (_CLAIMED | PICKLES) - MIXED - TEXTS
_OWNED = frozenset(suffix for known in (*FORMATS, *CONTAINERS) for suffix in known.suffixes if suffix.startswith("."))
# Weights of a kind, none of which is ever empty.
WEIGHTS = _OWNED | frozenset(
    (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".keras", ".model", ".nemo", ".mar")
)


def suffix_of(name: str) -> str:
    return PurePosixPath(name.lower()).suffix


def is_text_name(name: str) -> bool:
    return suffix_of(name) in TEXTS


def disguises(name: str, known: Format) -> bool:
    """Whether `name` says that the content is something else. A suffix that says nothing (`step.500`) cannot lie."""
    if not known.suffixes and not known.shared:
        return False
    return _denies(name, (*known.suffixes, *known.shared))


def disguises_pickle(name: str) -> bool:
    return _denies(name, PICKLES)


def disguises_text(name: str) -> bool:
    return suffix_of(name) in _BINARY_ONLY


def is_owned(name: str) -> bool:
    """Whether only content of one recognizable format goes by this name."""
    return suffix_of(name) in _OWNED - MIXED


def _denies(name: str, agreeing: Iterable[str]) -> bool:
    suffix = suffix_of(name)
    return suffix in _CLAIMED | TEXTS and not name.lower().endswith(tuple(agreeing))

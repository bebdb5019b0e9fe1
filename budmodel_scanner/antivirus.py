"""Which files are shown to ClamAV, and what its answers mean.

It is fast enough for programs, scripts, archives and documents, not for weights, and its default limits end at 25 or 100 MB.
The protocol and the wording of its answers: `man clamd`. The names of heuristic signatures: the manual of clamd.conf.
"""

import gzip
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, reduce

from budmodel_scanner.engines import CLEAN, FAILED, FLAGGED, EngineResult
from budmodel_scanner.expressions import expression
from budmodel_scanner.verdict import Finding, Verdict, verdict_of

CLAMAV = "clamav"
HEAD = 4096
LARGEST = 64 << 20
# Of pickles, texts and media: Debian's limits of 25 MB do not make ordinary repositories unscanned, then.
LARGEST_DATA = 24 << 20

_WEIGHTS = frozenset({"safetensors", "GGUF", "npy", "HDF5", "TensorFlow Lite", "Parquet", "Arrow"})
_PROGRAMS_AND_DOCUMENTS = frozenset({"executable", "PDF"})
_ARCHIVES_OF_WEIGHTS = frozenset({".npz", ".keras", ".nemo", ".mar", ".skops"})

_VERSION = expression(r"ClamAV [^/\n]+(?:/(?P<database>\d+)/(?P<made>[^/\n]+))?\n")
_ANSWER = expression(r"stream: (?:OK|(?P<signature>\S+) FOUND|(?P<trouble>.+) ERROR)\n")
_TOO_LONG = "INSTREAM size limit exceeded. ERROR\n"
_NESTED_GZIPS = 200
# The test file that every antivirus knows, encoded: otherwise one would remove this very file.
_EICAR = b"WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo="

# What the names of signatures begin with that tell of no malicious content, and what they tell instead.
_MEANINGS = {
    "Heuristics.Limits.": ("clamav.limits", Verdict.UNSCANNED, "looked at a part of it only, up to a limit of the daemon"),
    "Heuristics.Encrypted.": ("clamav.encrypted", Verdict.SUSPICIOUS, "cannot look into what is encrypted"),
    "Heuristics.": ("clamav.heuristic", Verdict.SUSPICIOUS, "finds it odd"),
    "PUA.": ("clamav.potentially-unwanted", Verdict.SUSPICIOUS, "calls it potentially unwanted"),
    "": ("clamav.signature", Verdict.MALICIOUS, "knows it by a signature"),
}


def reason_not_to_ask(name: str, head: bytes, size: int) -> str | None:
    """Why ClamAV need not look at a file that begins with `head`; None where it should, whatever the size."""
    # Here, because this is half of the scanner, and a scan that is answered by its cache asks about no file.
    from budmodel_scanner.containers.registry import CONTAINERS
    from budmodel_scanner.formats.registry import FORMATS
    from budmodel_scanner.names import PICKLES, suffix_of
    from budmodel_scanner.pickles.examine import looks_like_pickle
    from budmodel_scanner.texts.examine import looks_like_text

    if not size:
        return "it is empty"
    kinds = {known.name for known in (*CONTAINERS, *FORMATS) if known.recognizes(head, name)}
    if kinds & _PROGRAMS_AND_DOCUMENTS:
        return None
    if kinds & _WEIGHTS:
        return "weights, not a kind of file that it serves for"
    archives_of_weights = (PICKLES - {".tar"}) | _ARCHIVES_OF_WEIGHTS
    is_archive = bool(kinds & {known.name for known in CONTAINERS}) and suffix_of(name) not in archives_of_weights
    is_data = bool(kinds) or looks_like_pickle(head) or looks_like_text(head)
    if is_data and not is_archive and size > LARGEST_DATA:
        return f"data of more than {LARGEST_DATA >> 20} MiB"
    return None


def too_large() -> EngineResult:
    """Of a file that ClamAV should look at, and that is larger than what its limits are sure to allow."""
    what = f"ClamAV is asked about files up to {LARGEST >> 20} MiB, and nobody else looks for viruses in this one"
    return _unscanned("clamav.limits", what)


def result_of(answer: str) -> EngineResult:
    """What a complete answer to INSTREAM says. What is no such answer is a failure."""
    if answer == _TOO_LONG:
        return _unscanned("clamav.limits", "it is larger than what clamd takes: raise StreamMaxLength in clamd.conf")
    match = _ANSWER.fullmatch(answer)
    if match is None:
        return failed("clamav.unavailable", f"clamd should say what it found, and said {answer[:200]!r}")
    if match["trouble"]:
        return failed("clamav.unavailable", f"clamd could not examine it: {match['trouble'][:200]}")
    if match["signature"] is None:
        return EngineResult(CLEAN)
    signature = match["signature"]
    rule, verdict, meaning = next(meaning for start, meaning in _MEANINGS.items() if signature.startswith(start))
    finding = Finding(rule, verdict, f"ClamAV {meaning}: {signature}", engine=CLAMAV)
    return EngineResult(f"skipped: {signature}" if verdict is Verdict.UNSCANNED else FLAGGED, (finding,))


def failed(rule: str, what: str) -> EngineResult:
    return EngineResult(FAILED, (Finding(rule, Verdict.ERROR, what, engine=CLAMAV),))


def is_version(answer: str) -> bool:
    """Whether this answers VERSION."""
    return _VERSION.fullmatch(answer) is not None


def trouble_with_signatures(version: str, now: datetime, max_days: int) -> str | None:
    """Why the signatures of a daemon of this VERSION are no good; None where they are.

    The daemon tells number and date of the official signatures alone. `max_days` 0 accepts any date, and none.
    """
    if not max_days:
        return None
    match = _VERSION.fullmatch(version)
    advice = "run freshclam, or set BUDMODEL_CLAMD_SIGNATURE_DAYS=0 to accept signatures of any age"
    if match is None or not int(match["database"] or 0):
        return f"clamd has no official signatures: {advice}"
    try:
        # The daemon's local time, without its zone.
        made = datetime.strptime(match["made"], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return f"clamd does not tell the age of its signatures, but says {version.strip()!r}"
    if made > now + timedelta(days=1):
        return f"clamd says that its signatures were made in the future, on {made:%Y-%m-%d}: check the clocks"
    if made < now - timedelta(days=max_days):
        return f"clamd has signatures of {made:%Y-%m-%d}, older than {max_days} days: {advice}"
    return None


def trouble_with_settings(ask: Callable[[bytes], str]) -> list[tuple[str, str]]:
    """What two harmless probes show, as rules with sentences. `ask` has the daemon's answer to content."""
    troubles = []
    if result_of(ask(b64decode(_EICAR))).state != FLAGGED:
        what = "clamd finds not even the EICAR test file, so it lacks its signatures: run freshclam"
        troubles.append(("clamav.signatures", what))
    # Whether it says what it did not look at cannot be asked in another way.
    if verdict_of(result_of(ask(_nested_deeply())).findings) is not Verdict.UNSCANNED:
        what = "clamd does not tell when content exceeds its limits: set `AlertExceedsMax yes` in clamd.conf"
        troubles.append(("clamav.silent-limits", f"{what} (and MaxRecursion, if you set it, below {_NESTED_GZIPS})"))
    return troubles


@cache
def _nested_deeply() -> bytes:
    """Nothing at all, in more gzip streams than a daemon unpacks."""
    return reduce(lambda data, _: gzip.compress(data, mtime=0), range(_NESTED_GZIPS), b"")


def _unscanned(rule: str, what: str) -> EngineResult:
    return EngineResult("skipped: too large", (Finding(rule, Verdict.UNSCANNED, what, engine=CLAMAV),))

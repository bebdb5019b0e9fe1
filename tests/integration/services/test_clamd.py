"""ClamAV as an engine: what a real daemon finds, and whatever may be wrong with one, which never makes a file safe."""

import gzip
import io
import json
import os
import re
import socket
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from budmodel_pipeline.services.clamd import ClamAV, Clamd, ClamdError, ClamdPolicy, open_clamav
from budmodel_pipeline.targets.model_scan import disk_listing
from budmodel_scanner.antivirus import LARGEST, LARGEST_DATA, reason_not_to_ask, trouble_with_signatures
from budmodel_scanner.cache import NoCache, ScanCache, SqliteCache
from budmodel_scanner.engines import EngineResult
from budmodel_scanner.scanner import FileReport, Obtained, ScanOptions, WantedFile, scan_listing
from budmodel_scanner.verdict import Verdict
from tests.clamd import EICAR, MARKER, SIGNATURES, Answer, RunningClamd, running_clamd, speaking
from tests.cli import Installation

# The test database is none of clamav.net, so that nothing is known of its age.
OWN_SIGNATURES = ClamdPolicy(signature_days=0)
FRESH = b"ClamAV 1.4.6/27800/Mon Nov 23 08:26:32 2026\n"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def asked(engine: ClamAV, content: bytes, name: str = "run.sh") -> EngineResult:
    descriptor = os.memfd_create("content")
    try:
        os.write(descriptor, content)
        return engine.examine(descriptor, name, len(content))
    finally:
        os.close(descriptor)


def rules(result: EngineResult) -> list[tuple[str, Verdict]]:
    return [(finding.rule, finding.verdict) for finding in result.findings]


UNAVAILABLE = [("clamav.unavailable", Verdict.ERROR)]


def scanned(folder: Path, engine: ClamAV, cache: ScanCache | None = None) -> dict[str, FileReport]:
    options = ScanOptions(cache=cache or NoCache(), engines=[engine], cross_checker=None)
    found = scan_listing(disk_listing(folder), options)
    return {report.path: report for report in found}


def zipped(content: bytes, *, encrypted: bool = False) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("member.txt", content)
    data = bytearray(made.getvalue())
    if encrypted:  # Only the flags say so, of the member and in the directory.
        for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            data[data.index(mark) + flags] |= 1
    return bytes(data)


def test_what_a_signature_names_is_malicious_wherever_it_is(clamd: RunningClamd) -> None:
    for address in (clamd.address, clamd.unix_address):
        engine = open_clamav(address, OWN_SIGNATURES)
        for content in (MARKER, b"#!/bin/sh\n" * 300_000 + MARKER, gzip.compress(MARKER), zipped(MARKER)):
            result = asked(engine, content)
            assert (result.state, rules(result)) == ("flagged", [("clamav.signature", Verdict.MALICIOUS)])
            assert "Test.Marker" in result.findings[0].what
            assert result.findings[0].engine == "clamav"
        assert asked(engine, b"#!/bin/sh\ntrue\n") == EngineResult("clean: by signatures of any age")


def test_what_is_only_unwanted_is_suspicious(clamd: RunningClamd) -> None:
    result = asked(open_clamav(clamd.address, OWN_SIGNATURES), SIGNATURES["PUA.Test.Tool"])
    assert rules(result) == [("clamav.potentially-unwanted", Verdict.SUSPICIOUS)]


@pytest.mark.parametrize(
    ("settings", "content", "rule", "verdict"),
    [
        ({"MaxFileSize": "100K"}, b"x" * 200_000, "clamav.limits", Verdict.UNSCANNED),
        ({"MaxFiles": "2"}, gzip.compress(zipped(gzip.compress(zipped(b"x")))), "clamav.limits", Verdict.UNSCANNED),
        ({"StreamMaxLength": "100K"}, b"x" * 200_000, "clamav.limits", Verdict.UNSCANNED),
        ({"StreamMaxLength": "100K"}, b"x" * 20_000_000, "clamav.limits", Verdict.UNSCANNED),
        ({"AlertEncrypted": "yes"}, zipped(b"x", encrypted=True), "clamav.encrypted", Verdict.SUSPICIOUS),
    ],
)
def test_what_the_daemon_did_not_look_at(
    settings: Mapping[str, str], content: bytes, rule: str, verdict: Verdict, tmp_path: Path
) -> None:
    with running_clamd(tmp_path, settings=settings) as daemon:
        result = asked(open_clamav(daemon.address, OWN_SIGNATURES), content)
    assert rules(result) == [(rule, verdict)]


def test_a_daemon_that_is_silent_about_its_limits_is_no_witness(tmp_path: Path) -> None:
    with running_clamd(tmp_path, settings={"AlertExceedsMax": "no"}) as daemon:
        engine = open_clamav(daemon.address, OWN_SIGNATURES)
        result = asked(engine, b"harmless")
        assert (result.state, rules(result)) == ("failed", [("clamav.silent-limits", Verdict.ERROR)])
        assert "AlertExceedsMax yes" in result.findings[0].what
        assert rules(asked(engine, MARKER))[0] == ("clamav.signature", Verdict.MALICIOUS)


def test_a_daemon_without_signatures(tmp_path: Path) -> None:
    with running_clamd(tmp_path, {"Test.Marker": MARKER}) as daemon:
        engine = open_clamav(daemon.address, OWN_SIGNATURES)
        result = asked(engine, b"harmless")
        assert (result.state, rules(result)) == ("failed", [("clamav.signatures", Verdict.ERROR)])
        assert rules(asked(engine, MARKER))[0] == ("clamav.signature", Verdict.MALICIOUS)


def test_own_signatures_alone_have_to_be_accepted(clamd: RunningClamd) -> None:
    result = asked(open_clamav(clamd.address), b"harmless")
    assert (result.state, rules(result)) == ("failed", [("clamav.signatures", Verdict.ERROR)])
    assert "BUDMODEL_CLAMD_SIGNATURE_DAYS" in result.findings[0].what


@pytest.mark.parametrize(
    ("version", "trouble"),
    [
        ("ClamAV 1.4.6/27800/Mon Nov 23 08:26:32 2026\n", None),
        ("ClamAV 1.4.6/27800/Tue Nov 17 08:26:32 2026\n", None),
        ("ClamAV 1.4.6/27800/Mon Nov 16 08:26:32 2026\n", "older than 7 days"),
        ("ClamAV 1.4.6/27800/Sun Nov 23 08:26:32 2025\n", "older than 7 days"),
        ("ClamAV 1.4.6/27800/Fri Nov 27 08:26:32 2026\n", "in the future"),
        ("ClamAV 1.4.6/27800/yesterday\n", "does not tell the age"),
        ("ClamAV 1.4.6/0/Mon Nov 23 08:26:32 2026\n", "no official signatures"),
        ("ClamAV 1.4.6\n", "no official signatures"),
    ],
)
def test_the_age_of_signatures(version: str, trouble: str | None) -> None:
    said = trouble_with_signatures(version, NOW, 7)
    assert (said is None) if trouble is None else (trouble in str(said))
    assert trouble_with_signatures(version, NOW, 0) is None


def test_stale_signatures_are_an_error_and_of_another_version() -> None:
    with speaking(FRESH, b"stream: OK\n") as address:
        fresh, stale = open_clamav(address, now=NOW), open_clamav(address, now=NOW.replace(year=2027))
        assert asked(fresh, b"harmless") == EngineResult("clean")
        assert rules(asked(stale, b"harmless")) == [("clamav.signatures", Verdict.ERROR)]
    assert fresh.version != stale.version
    assert "27800" in fresh.version


def closing(connection: socket.socket, _: threading.Event) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def silent(_: socket.socket, over: threading.Event) -> None:
    over.wait()


def half(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"stream: OK\n")
    over.wait()


def endless(connection: socket.socket, _: threading.Event) -> None:
    while True:
        connection.sendall(b"stream: OK\n" * 1000)


def reset(connection: socket.socket, _: threading.Event) -> None:
    """Says that it is clean, and then ends the connection as one does who dies."""
    connection.sendall(b"stream: OK\n")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


# What may come instead of an answer, whether the content was read before, and what a person is told.
ANSWERS: dict[str, tuple[bytes | Answer, bool, str]] = {
    "an error": (b"stream: Can't allocate memory ERROR\n", True, "Can't allocate memory"),
    "an error of a command": (b"UNKNOWN COMMAND\n", True, "UNKNOWN COMMAND"),
    "nothing": (b"", True, "without an answer"),
    "nothing, and the content unread": (closing, False, "ended the connection"),
    "half an answer": (b"stream: OK", True, "ended the connection"),
    "an answer within half an answer": (b"stream: Test.Mark", True, "ended the connection"),
    "an answer before the content was read": (reset, False, "ended the connection"),
    "an answer and a crash": (reset, True, "ended the connection"),
    "an answer that does not end": (half, True, "within 1 seconds"),
    "two answers": (b"stream: OK\nstream: OK\n", True, "what it found"),
    "an answer about something else": (b"stdin: OK\n", True, "what it found"),
    "only an end of line": (b"\n", True, "what it found"),
    "a web page": (b"HTTP/1.1 200 OK\r\n\r\n", True, "what it found"),
    "no text": (bytes(range(256)) + b"\n", True, "what it found"),
    "a flood": (endless, True, "ended the connection"),
    "silence": (silent, True, "within 1 seconds"),
    "silence, and the content unread": (silent, False, "within 1 seconds"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_none(name: str) -> None:
    answer, reads, told = ANSWERS[name]
    with speaking(FRESH, answer, reads=reads) as address:
        engine = open_clamav(address, ClamdPolicy(answer_seconds=1 if "within" in told else 60), NOW)
        result = asked(engine, b"#!/bin/sh\n" + bytes(20_000_000))
    assert (result.state, rules(result)) == ("failed", UNAVAILABLE)
    assert told in result.findings[0].what


@pytest.mark.parametrize(
    "version", [b"", b"PONG\n", b"ClamAV 1.4.6/27800/Mon Nov 23 08:26:32 2026", b"COMMAND UNAVAILABLE\n"]
)
def test_a_daemon_that_does_not_tell_its_version(version: bytes) -> None:
    with speaking(version, b"stream: OK\n") as address:
        engine = open_clamav(address, now=NOW)
        assert rules(asked(engine, b"harmless")) == UNAVAILABLE


@contextmanager
def nobody() -> Iterator[str]:
    """The address of a port that is held and not listened at."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@contextmanager
def deaf() -> Iterator[str]:
    """The address of a port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (nobody(), "Connection refused"),
        (deaf(), "no answer within 1 seconds"),
        (nullcontext("unix:/nonexistent/clamd.sock"), "No such file"),
        (nullcontext("unix:/" + "long" * 100), "too long"),
        (nullcontext("no..host:3310"), "does not answer"),
    ],
    ids=["nobody", "deaf", "no socket", "no path", "no host"],
)
def test_no_daemon(place: "nullcontext[str]", told: str) -> None:
    with place as address:
        engine = open_clamav(address, ClamdPolicy(answer_seconds=1))
        result = asked(engine, b"harmless")
    assert (result.state, rules(result)) == ("failed", UNAVAILABLE)
    assert told in result.findings[0].what
    assert address in result.findings[0].what
    assert engine.version == "unavailable"


def test_what_does_not_want_clamav_needs_no_daemon() -> None:
    engine = open_clamav("unix:/nonexistent/clamd.sock")
    header = b"{}"
    result = asked(engine, len(header).to_bytes(8, "little") + header, "model.safetensors")
    assert (result.state.startswith("not asked"), result.findings) == (True, ())


def test_after_some_failures_the_rest_is_not_tried() -> None:
    questions: list[socket.socket] = []
    with speaking(FRESH, lambda connection, _: questions.append(connection)) as address:
        engine = open_clamav(address, ClamdPolicy(failures=2), NOW)
        results = [asked(engine, b"harmless") for _ in range(5)]
    assert [rules(result) for result in results] == [UNAVAILABLE] * 5
    assert len(questions) == 2
    assert "not asked, because" in results[-1].findings[0].what


def test_failures_with_answers_between_them_are_no_absence() -> None:
    """A large scan meets a busy daemon now and then: what is not asked is not safe."""
    questions: list[socket.socket] = []

    def every_second(connection: socket.socket, _: object) -> None:
        questions.append(connection)
        connection.sendall(b"" if len(questions) % 2 else b"stream: OK\n")

    with speaking(FRESH, every_second) as address:
        engine = open_clamav(address, ClamdPolicy(failures=2), NOW)
        states = [asked(engine, b"harmless").state for _ in range(6)]
    assert states == ["failed", "clean"] * 3


def test_a_daemon_that_is_killed_within_a_file(tmp_path: Path) -> None:
    with running_clamd(tmp_path) as daemon:
        engine = open_clamav(daemon.address, OWN_SIGNATURES)

        def pieces() -> Iterator[bytes]:
            yield bytes(1 << 20)
            daemon.kill()
            for _ in range(32):
                yield bytes(1 << 20)

        with pytest.raises(ClamdError, match="clamd at"):
            Clamd(daemon.address, ClamdPolicy()).examined(pieces())
        assert rules(asked(engine, b"harmless")) == UNAVAILABLE


def test_a_daemon_that_is_killed_within_a_scan(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("a.sh", "b.sh")}
    for file in files.values():
        file.write_text("true\n")
    with running_clamd(tmp_path / "clamd") as daemon:

        def second() -> "nullcontext[Obtained]":
            daemon.kill()
            return nullcontext(Obtained(files["b.sh"]))

        listing = replace(
            disk_listing(files["a.sh"]), files=[*disk_listing(files["a.sh"]).files, WantedFile("b.sh", second)]
        )
        options = ScanOptions(engines=[open_clamav(daemon.address, OWN_SIGNATURES)], cross_checker=None, children=1)
        first, last = scan_listing(listing, options)
    assert first.engines["clamav"] == "clean: by signatures of any age"
    assert (last.verdict, last.engines["clamav"]) == (Verdict.ERROR, "failed")


def test_a_scan_with_clamav(clamd: RunningClamd, tmp_path: Path) -> None:
    (tmp_path / "good.sh").write_text("true\n")
    (tmp_path / "bad.md").write_bytes(b"# Read me\n\n" + MARKER)
    (tmp_path / "eicar.txt").write_bytes(EICAR)
    found = scanned(tmp_path, open_clamav(clamd.unix_address, OWN_SIGNATURES))
    assert {path: report.verdict for path, report in found.items()} == {
        "good.sh": Verdict.SAFE,
        "bad.md": Verdict.MALICIOUS,
        "eicar.txt": Verdict.MALICIOUS,
    }


def test_remembered_results_end_with_their_signatures(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "run.sh").write_text("true\n")
    cache = SqliteCache(tmp_path / "scans.sqlite", pytest.fail)
    newer = FRESH.replace(b"27800", b"27801")
    from_cache = []
    for version, answer in ((FRESH, b"stream: OK\n"), (FRESH, b""), (newer, b"stream: Bad.Thing FOUND\n")):
        with speaking(version, answer) as address:
            report = scanned(folder, open_clamav(address, now=NOW), cache)["run.sh"]
            from_cache.append((report.verdict, report.from_cache))
    cache.close()
    assert from_cache == [(Verdict.SAFE, False), (Verdict.SAFE, True), (Verdict.MALICIOUS, False)]


def test_threads_get_their_own_answers(clamd: RunningClamd) -> None:
    engine = open_clamav(clamd.address, OWN_SIGNATURES)
    found: dict[int, bool] = {}

    def ask(number: int) -> None:
        found[number] = bool(asked(engine, MARKER if number % 2 else b"harmless").findings)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: bool(number % 2) for number in range(12)}


SAFETENSORS = (2).to_bytes(8, "little") + b"{}"
ZIP, GZIP, ELF = b"PK\3\4" + bytes(26), b"\x1f\x8b\x08" + bytes(7), b"\x7fELF\2\1\1" + bytes(60)
PICKLE = b"\x80\2}q\0."


@pytest.mark.parametrize(
    ("name", "head", "size", "wanted"),
    [
        ("model.safetensors", SAFETENSORS, 10, False),
        # Two bytes of its length look like the beginning of zlib data.
        ("model.safetensors", 0x9C78.to_bytes(8, "little") + b"{" + b" " * 4000, LARGEST + 1, False),
        ("model.gguf", b"GGUF\3\0\0\0" + bytes(16), 1000, False),
        ("empty", b"", 0, False),
        ("run.sh", b"#!/bin/sh\n", 10, True),
        ("config.json", b"{}", 2, True),
        ("tokenizer.json", b"{}" + b" " * 4000, LARGEST_DATA + 1, False),
        ("model.pkl", PICKLE, 10, True),
        ("model.pkl", PICKLE, LARGEST_DATA + 1, False),
        ("model.pt", ZIP, 10, True),
        ("model.pt", ZIP, LARGEST_DATA + 1, False),
        ("code.zip", ZIP, LARGEST + 1, True),
        ("code.tar.gz", GZIP, LARGEST + 1, True),
        ("model.safetensors", ELF, LARGEST + 1, True),
        ("paper.pdf", b"%PDF-1.7\n", LARGEST + 1, True),
        ("thing", bytes([0x91, 0x13, 0, 0xFF] * 1000), LARGEST + 1, True),
    ],
)
def test_which_files_want_clamav(name: str, head: bytes, size: int, wanted: bool) -> None:
    assert (reason_not_to_ask(name, head, size) is None) is wanted


def test_what_is_larger_than_any_limit_is_said(clamd: RunningClamd, tmp_path: Path) -> None:
    file = tmp_path / "program"
    file.write_bytes(ELF)
    os.truncate(file, LARGEST + 1)
    with file.open("rb") as opened:
        result = open_clamav(clamd.address, OWN_SIGNATURES).examine(opened.fileno(), "program", LARGEST + 1)
    assert rules(result) == [("clamav.limits", Verdict.UNSCANNED)]


def test_the_command_asks_the_daemon(clamd: RunningClamd, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "run.sh").write_text("true\n")
    (folder / "tool.sh").write_bytes(MARKER)
    installation = Installation(tmp_path)
    settings = {"BUDMODEL_CLAMD": clamd.address, "BUDMODEL_CLAMD_SIGNATURE_DAYS": "0"}
    for variables, states, code in (
        (settings, {"clean: by signatures of any age", "flagged"}, 1),
        (settings | {"BUDMODEL_CLAMD": "unix:/nonexistent/clamd.sock"}, {"failed"}, 2),
        ({}, {"not configured"}, 0),
    ):
        finished = installation.run("scan", str(folder), "--json", **variables)
        reports = [json.loads(line) for line in finished.out.splitlines()]
        assert ({report["engines"]["clamav"] for report in reports}, finished.code) == (states, code)
    finished = installation.run("scan", str(folder), BUDMODEL_CLAMD="nowhere")
    assert finished.code == 2
    assert re.search(r"host:port or unix:/path", finished.err)

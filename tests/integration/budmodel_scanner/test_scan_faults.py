"""Whatever happens to children, files, downloads and the cache: nothing is safe that was not looked at, and what lies beside
it gets its verdict."""

import fcntl
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import budmodel_pipeline
from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.targets.hub_requests import HubPolicy
from budmodel_pipeline.targets.model_scan import Download, disk_listing, hub_listing
from budmodel_scanner.cache import SqliteCache
from budmodel_scanner.engines import EngineResult
from budmodel_scanner.isolation import Allowance
from budmodel_scanner.scanner import FileReport, Listing, ScanOptions, scan_listing
from budmodel_scanner.verdict import Finding, Verdict
from tests.hub_server import Failure, HubServer, hub_server

ROOT = str(Path(budmodel_pipeline.__file__).parent.parent)

# A child as the scanner expects one, which says of every file that nothing is wrong with it, but for those named "bad".
CHILD = """
import json, os, resource, signal, socket, sys, time
requests = socket.socket(fileno=0)
while True:
    line, descriptors, _, _ = socket.recv_fds(requests, 100_000, 1)
    if not line:
        break
    request = json.loads(line)
    states = {engine: "clean" for engine in request.get("engines", ())}
    good = {"id": request["id"], "findings": [], "complete": True, "states": states}
    def say(answer):
        os.write(1, (answer if isinstance(answer, bytes) else json.dumps(answer).encode()) + b"\\n")
    if "bad" in os.path.basename(request.get("name", request.get("file"))):
        MISBEHAVE
    else:
        say(good)
    os.close(descriptors[0])
"""
MISBEHAVIORS = {
    "is killed": ("os.kill(os.getpid(), signal.SIGKILL)", "scan.child-died"),
    "crashes": ("os.abort()", "scan.child-died"),
    "ends": ("os._exit(0)", "scan.child-died"),
    "ends within its answer": ("os.write(1, json.dumps(good).encode()); os._exit(0)", "scan.child-died"),
    "uses up its processor time": (
        "resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n        while True: pass",
        "scan.child-died",
    ),
    "uses up its processor time with no limit of its own": ("while True: pass", "scan.timeout"),
    "hangs": ("signal.pause()", "scan.timeout"),
    "hangs within its answer": ("os.write(1, json.dumps(good).encode()); signal.pause()", "scan.timeout"),
    "leaves a child that hangs": ("os.fork() and os._exit(0); signal.pause()", "scan.timeout"),
    "talks of something else": ("say(b'Segmentation fault')", "scan.garbage"),
    "says nothing that can be read": ("say(bytes(range(128, 256)))", "scan.garbage"),
    "nests without end": ("say(b'[' * 200_000)", "scan.garbage"),
    "never stops talking": ("while True: os.write(1, b'x' * 60_000)", "scan.garbage"),
    "answers another question": ("say(good | {'id': request['id'] - 1})", "scan.garbage"),
    "does not say that it looked to the end": ("del good['complete']; say(good)", "scan.garbage"),
    "only nearly says so": ("say(good | {'complete': 1})", "scan.garbage"),
    "says no findings": ("del good['findings']; say(good)", "scan.garbage"),
    "invents a verdict": ("say(good | {'findings': [['a', 'clean', 'b', '', 'c']]})", "scan.garbage"),
    "answers with a list": ("say([good])", "scan.garbage"),
    "reports a failure": ("say({'id': request['id'], 'failure': 'it would not open'})", "scan.examiner-failed"),
}


def child(misbehavior: str = "say(good)") -> tuple[str, ...]:
    return sys.executable, "-I", "-c", CHILD.replace("MISBEHAVE", misbehavior)


def limited_child(attempt: str) -> tuple[str, ...]:
    """The real worker with its real limits, around an examination that does what `attempt` says and finds nothing wrong."""
    code = f"""
        import sys
        sys.path.insert(0, {ROOT!r})
        import pickle, os, socket, subprocess, threading
        from budmodel_scanner.worker import serve
        def examine(request, descriptor):
            {attempt}
            return {{"findings": []}}
        serve(examine, ())
    """
    return sys.executable, "-I", "-c", textwrap.dedent(code)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("a.txt", "bad.txt", "c.txt"):
        (folder / name).write_text("words\n")
    return folder


def scanned(listing: Path | Listing, options: ScanOptions) -> dict[str, FileReport]:
    found = scan_listing(disk_listing(listing) if isinstance(listing, Path) else listing, options)
    return {report.path: report for report in found}


def options_with(examiner: Sequence[str], cross_checker: Sequence[str] | None = None, **others: Any) -> ScanOptions:
    patience = Allowance(idle_seconds=20)
    return replace(ScanOptions(examiner=examiner, cross_checker=cross_checker, allowance=patience, children=1), **others)


def fails(report: FileReport, rule: str) -> None:
    assert (report.verdict, [finding.rule for finding in report.findings]) == (Verdict.ERROR, [rule])


@pytest.mark.parametrize("name", MISBEHAVIORS)
def test_a_child_that_misbehaves_costs_the_file_that_it_had(name: str, model: Path) -> None:
    misbehavior, rule = MISBEHAVIORS[name]
    impatient = Allowance(seconds=0.5, idle_seconds=1) if rule == "scan.timeout" else Allowance(idle_seconds=20)
    found = scanned(model, options_with(child(misbehavior), allowance=impatient))
    fails(found["bad.txt"], rule)
    assert found["bad.txt"].engines["budmodel"] == "failed"
    assert (found["a.txt"].verdict, found["c.txt"].verdict) == (Verdict.SAFE, Verdict.SAFE)


@pytest.mark.parametrize("name", MISBEHAVIORS)
def test_a_cross_check_that_misbehaves_is_no_silence(name: str, model: Path) -> None:
    (model / "bad.txt").rename(model / "bad.pkl")
    (model / "c.txt").rename(model / "good.pkl")
    misbehavior, rule = MISBEHAVIORS[name]
    impatient = Allowance(seconds=0.5, idle_seconds=1) if rule == "scan.timeout" else Allowance(idle_seconds=20)
    found = scanned(model, options_with(child(), child(misbehavior), allowance=impatient))
    fails(found["bad.pkl"], rule)
    assert found["bad.pkl"].engines["picklescan"] == "failed"
    assert (found["a.txt"].verdict, found["good.pkl"].verdict) == (Verdict.SAFE, Verdict.SAFE)


@pytest.mark.parametrize("program", [("/nonexistent/program",), (sys.executable, "-I", "-c", "raise SystemExit(3)")])
def test_without_children_nothing_is_safe(program: tuple[str, ...], model: Path) -> None:
    found = scanned(model, options_with(program))
    assert {report.verdict for report in found.values()} == {Verdict.ERROR}


def test_a_child_is_replaced_after_its_share_of_files(model: Path) -> None:
    program = limited_child('return {"findings": [["note.process", "safe", str(os.getpid()), "", "budmodel"]]}')
    found = scanned(model, options_with(program, allowance=Allowance(files=2)))
    assert {report.verdict for report in found.values()} == {Verdict.SAFE}
    told = [finding.what for path in sorted(found) for finding in found[path].findings if finding.rule == "note.process"]
    assert [len(told), len(set(told))] == [3, 2]


def test_a_grandchild_ends_with_its_group(model: Path, tmp_path: Path) -> None:
    held = tmp_path / "held"
    hold = f"import fcntl; held = open({str(held)!r}, 'w'); fcntl.flock(held, fcntl.LOCK_EX)"
    misbehavior = f"os.fork() and signal.pause(); {hold}; signal.pause()"
    scanned(model, options_with(child(misbehavior), allowance=Allowance(idle_seconds=1)))
    with held.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # Waits for as long as it lives.


ATTEMPTS = {
    "memory": "[bytearray(1 << 30) for _ in range(8)]",
    "a socket": "socket.create_connection(('127.0.0.1', 9))",
    "a socket pair": "socket.socketpair()",
    "a name to resolve": "socket.getaddrinfo('localhost', 80)",
    "a program": "subprocess.run(['true'])",
    "a shell": "os.system('true')",
    "a fork": "os.fork()",
    "a signal": "os.kill(os.getppid(), 0)",
    "a file to write": "open('/tmp/written-by-a-scan', 'w')",
    "a file to append to": "os.open('/tmp/written-by-a-scan', os.O_APPEND | os.O_WRONLY | os.O_CREAT)",
    "a directory": "os.mkdir('/tmp/made-by-a-scan')",
    "an unpickled class": "pickle.loads(b'cos\\nsystem\\n.')",
    "a library": "import numpy",
    "endless recursion": "(f := lambda: f())()",
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_the_limits_of_a_child(name: str, model: Path) -> None:
    (model / "a.txt").unlink()
    (model / "c.txt").unlink()
    fails(scanned(model, options_with(limited_child(ATTEMPTS[name])))["bad.txt"], "scan.examiner-failed")


def test_a_child_sees_nothing_of_our_environment(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    found = scanned(model, options_with(limited_child("assert 'HF_TOKEN' not in os.environ, 'it is there'")))
    assert found["bad.txt"].verdict is Verdict.SAFE


def test_a_child_within_its_limits_is_believed(model: Path) -> None:
    found = scanned(model, options_with(limited_child("assert os.pread(descriptor, 5, 0) == b'words'")))
    assert {report.verdict for report in found.values()} == {Verdict.SAFE}


CHANGES = {
    "grows": "open(FILE, 'a').write('more')",
    "is replaced": "open(FILE + '.new', 'w').write('other'); os.rename(FILE + '.new', FILE)",
    "is rewritten with its old times": (
        "s = os.stat(FILE); open(FILE, 'w').write('WORDS\\n'); os.utime(FILE, ns=(s.st_atime_ns, s.st_mtime_ns))"
    ),
    "vanishes": "os.unlink(FILE)",
    "becomes a link": "os.rename(FILE, FILE + '.moved'); os.symlink(FILE + '.moved', FILE)",
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_changes_during_its_scan(name: str, model: Path) -> None:
    change = CHANGES[name].replace("FILE", repr(str(model / "bad.txt")))
    found = scanned(model, options_with(child(f"{change}; say(good)")))
    fails(found["bad.txt"], "scan.changed")
    assert found["c.txt"].verdict is Verdict.SAFE


def test_a_file_that_vanishes_before_its_scan(model: Path) -> None:
    listing = disk_listing(model)
    (model / "bad.txt").unlink()
    fails(scanned(listing, options_with(child()))["bad.txt"], "scan.unreadable")


@pytest.mark.parametrize("kind", ["pipe", "link", "directory"])
def test_something_else_in_the_place_of_a_listed_file(kind: str, model: Path) -> None:
    listing = disk_listing(model)
    file = model / "bad.txt"
    file.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "link":
        file.symlink_to("a.txt")
    else:
        file.mkdir()
    fails(scanned(listing, options_with(child()))["bad.txt"], "scan.not-regular")


def test_what_is_no_file_is_reported_and_never_opened(model: Path) -> None:
    os.mkfifo(model / "pipe")
    (model / "link").symlink_to("/etc/passwd")
    (model / "folder").symlink_to(model)
    (model / "nowhere").symlink_to("nothing")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(model / "socket"))
    found = scanned(model, options_with(child()))
    assert {path for path, report in found.items() if report.verdict is Verdict.SAFE} == {"a.txt", "bad.txt", "c.txt"}
    assert {*found} == {"a.txt", "bad.txt", "c.txt", "pipe", "link", "folder", "nowhere", "socket"}


def test_what_may_not_be_read() -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        Path(folder, "file.txt").touch(mode=0)
        Path(folder, "closed").mkdir(mode=0)
        code = f"""
            import os, sys
            sys.path.insert(0, {ROOT!r})
            from pathlib import Path
            from budmodel_pipeline.targets.model_scan import disk_listing
            from budmodel_scanner.scanner import Listing, ScanOptions, scan_listing
            options = ScanOptions(examiner={child()!r}, cross_checker=None)
            scan_listing(Listing([], {{"link": "file"}}), options)  # Reads our own files, which may be closed to others.
            if os.geteuid() == 0:
                os.seteuid(65534)  # Root may read everything.
            for report in scan_listing(disk_listing(Path({folder!r})), options):
                print(report.path, report.verdict, *[finding.rule for finding in report.findings])
        """
        finished = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines() == ["closed error scan.unreadable", "file.txt error scan.unreadable"]


class Daemon:
    """An engine that runs elsewhere and says one thing of everything."""

    name = "daemon"
    version = "1"

    def __init__(self, result: EngineResult) -> None:
        self.result = result

    def examine(self, descriptor: int, name: str, size: int) -> EngineResult:
        assert len(os.pread(descriptor, 100, 0)) == size, name
        return self.result


@pytest.mark.parametrize("verdict", [Verdict.SUSPICIOUS, Verdict.UNSCANNED, Verdict.ERROR])
def test_an_engine_elsewhere_raises_and_never_lowers(verdict: Verdict, model: Path) -> None:
    objection = EngineResult("flagged", (Finding("daemon.said", verdict, "no", engine="daemon"),))
    found = scanned(model, options_with(child(), engines=[Daemon(objection)]))
    assert {report.verdict for report in found.values()} == {verdict}
    accepting = scanned(model, options_with(child("os.abort()"), engines=[Daemon(EngineResult("clean"))]))
    assert accepting["bad.txt"].verdict is Verdict.ERROR
    assert accepting["bad.txt"].engines["daemon"] == "clean"


@pytest.fixture
def troubles() -> list[str]:
    return []


@pytest.fixture
def cache(tmp_path: Path, troubles: list[str]) -> Iterator[SqliteCache]:
    opened = SqliteCache(tmp_path / "scans.sqlite", troubles.append)
    yield opened
    opened.close()


def test_a_failure_is_not_remembered(model: Path, cache: SqliteCache) -> None:
    first = scanned(model, options_with(child("os.abort()"), cache=cache))
    assert first["bad.txt"].verdict is Verdict.ERROR
    second = scanned(model, options_with(child(), cache=cache))
    assert {path: report.from_cache for path, report in second.items()} == {"a.txt": True, "bad.txt": False, "c.txt": True}
    assert second["bad.txt"].verdict is Verdict.SAFE


def test_what_is_remembered_needs_no_child(model: Path, cache: SqliteCache) -> None:
    remark = {"findings": [["a.rule", "suspicious", "it \udc80 is odd", "byte 3", "budmodel"]]}
    first = scanned(model, options_with(child(f"say(good | {remark!r})"), cache=cache))
    second = scanned(model, options_with(("/nonexistent/program",), cache=cache))
    assert {path: replace(report, from_cache=False) for path, report in second.items()} == first
    assert second["bad.txt"].verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("change", ["content", "name", "version"])
def test_what_has_changed_is_examined_again(change: str, model: Path, cache: SqliteCache) -> None:
    options = options_with(child(), cache=cache, engines=[Daemon(EngineResult("clean"))])
    scanned(model, options)
    if change == "content":
        (model / "bad.txt").write_text("other\n")
    elif change == "name":
        (model / "bad.txt").rename(model / "bad.json")
    else:
        newer = Daemon(EngineResult("clean"))
        newer.version = "2"
        options = replace(options, engines=[newer])
    found = scanned(model, replace(options, examiner=child("os.abort()")))
    assert found["bad.json" if change == "name" else "bad.txt"].verdict is Verdict.ERROR


def test_a_cache_that_is_no_database_is_set_aside(model: Path, tmp_path: Path, troubles: list[str]) -> None:
    file = tmp_path / "home" / "scans.sqlite"
    file.parent.mkdir()
    file.write_bytes(b"no database " * 1000)
    for remembered in (False, True):
        cache = SqliteCache(file, troubles.append)
        found = scanned(model, options_with(child(), cache=cache))
        cache.close()
        assert {(report.verdict, report.from_cache) for report in found.values()} == {(Verdict.SAFE, remembered)}
    assert len(troubles) == 1
    assert "broken" in troubles[0]
    assert [one.read_bytes()[:11] for one in file.parent.glob("*.broken-*")] == [b"no database"]


def test_a_cache_that_breaks_under_way(model: Path, cache: SqliteCache, tmp_path: Path, troubles: list[str]) -> None:
    scanned(model, options_with(child(), cache=cache))
    cache.close()
    file = tmp_path / "scans.sqlite"
    file.write_bytes(file.read_bytes()[:100] + b"\xff" * 50_000)
    broken = SqliteCache(file, troubles.append)
    found = scanned(model, options_with(child(), cache=broken))
    broken.close()
    assert {(report.verdict, report.from_cache) for report in found.values()} == {(Verdict.SAFE, False)}
    assert len(troubles) == 1


@pytest.mark.parametrize(
    "value",
    ["", "[]", "null", '{"findings": []}', '{"findings": [["a", "clean", "", "", ""]], "engines": {}}', '{"findings": 1}'],
)
def test_an_odd_entry_of_the_cache_is_no_verdict(
    value: str, model: Path, cache: SqliteCache, tmp_path: Path, troubles: list[str]
) -> None:
    scanned(model, options_with(child(), cache=cache))
    with sqlite3.connect(tmp_path / "scans.sqlite") as connection:
        connection.execute("update scans set value = ?", (value,))
    connection.close()
    found = scanned(model, options_with(child("os.abort()"), cache=cache))
    assert (found["bad.txt"].verdict, found["a.txt"].from_cache, troubles) == (Verdict.ERROR, False, [])


@pytest.mark.parametrize("place", ["in a file", "a directory"])
def test_a_cache_that_cannot_be(place: str, model: Path, tmp_path: Path, troubles: list[str]) -> None:
    (tmp_path / "home").touch()
    (tmp_path / "folder").mkdir()
    file = tmp_path / "home" / "scans.sqlite" if place == "in a file" else tmp_path / "folder"
    cache = SqliteCache(file, troubles.append)
    found = scanned(model, options_with(child(), cache=cache))
    assert {report.verdict for report in found.values()} == {Verdict.SAFE}
    assert len(troubles) == 1
    assert "not remembered" in troubles[0]


def test_a_cache_that_may_only_be_read(model: Path, cache: SqliteCache, tmp_path: Path, troubles: list[str]) -> None:
    scanned(model, options_with(child(), cache=cache))
    with sqlite3.connect(tmp_path / "scans.sqlite", isolation_level=None) as other:
        other.execute("create trigger closed before insert on scans begin select raise(abort, 'closed'); end")
    other.close()
    (model / "a.txt").write_text("new\n")
    found = scanned(model, options_with(child(), cache=cache))
    assert {report.verdict for report in found.values()} == {Verdict.SAFE}
    assert len(troubles) == 1


DIGITS = b"0123456789" * 1000


@pytest.fixture
def server() -> Iterator[HubServer]:
    with hub_server() as server:
        server.add("org/model", {"a.txt": b"words\n", "bad.bin": DIGITS, "bad.txt": DIGITS, "c.txt": b"words\n"})
        yield server


def hub_scanned(
    server: HubServer, work: Path, options: ScanOptions, download: Download | None = None
) -> dict[str, FileReport]:
    work.mkdir(exist_ok=True)
    model = Hub(server.endpoint, policy=HubPolicy(attempts=1, read_timeout=1)).open("org/model")
    found = scanned(hub_listing(model, work, options.cache, download or Download(piece=4000, spare_disk=0)), options)
    assert list(work.iterdir()) == []
    return found


HUB_FAILURES = {
    "cut off at once": Failure(cut_after=0),
    "cut off midway": Failure(cut_after=1000),
    "refused": Failure(status=403),
    "unavailable": Failure(status=503),
    "silent": Failure(stall=True),
    "something else": Failure(status=200, body=b"<html>sign in</html>"),
}


@pytest.mark.parametrize("name", HUB_FAILURES)
@pytest.mark.parametrize("path", ["bad.txt", "bad.bin"])
def test_a_hub_that_fails_on_a_file(path: str, name: str, server: HubServer, tmp_path: Path) -> None:
    server.fail("/cdn/" if path == "bad.bin" else path, HUB_FAILURES[name])
    found = hub_scanned(server, tmp_path / "work", options_with(child()))
    fails(found.pop(path), "scan.download-failed")
    assert {report.verdict for report in found.values()} == {Verdict.SAFE}


def test_a_hub_that_breaks_off_after_some_pieces(server: HubServer, tmp_path: Path) -> None:
    server.fail("/cdn/", Failure(times=1, cut_after=4000))  # The first piece, whole.
    server.fail("/cdn/", Failure(cut_after=100))
    fails(hub_scanned(server, tmp_path / "work", options_with(child()))["bad.bin"], "scan.download-failed")


def test_content_that_is_not_what_the_hub_promised(server: HubServer, tmp_path: Path) -> None:
    server.fail("/cdn/", Failure(status=200, body=b"9876543210" * 1000))
    found = hub_scanned(server, tmp_path / "work", options_with(child()), Download(spare_disk=0))
    fails(found["bad.bin"], "scan.digest-mismatch")
    assert found["c.txt"].verdict is Verdict.SAFE


def test_no_room_for_a_download(server: HubServer, tmp_path: Path) -> None:
    found = hub_scanned(server, tmp_path / "work", options_with(child()), Download(spare_disk=1 << 60))
    assert {report.findings[0].rule for report in found.values()} == {"scan.no-space"}


def test_a_disk_that_fills_up_during_a_download(server: HubServer, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))  # Written in part, then refused, as a full disk does.
    try:
        found = hub_scanned(server, tmp_path / "work", options_with(child()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    fails(found["bad.bin"], "scan.no-space")
    assert found["c.txt"].verdict is Verdict.SAFE


def test_a_network_that_is_down_is_not_asked_for_every_file(server: HubServer, tmp_path: Path) -> None:
    server.add("org/model", {f"{number}.txt": b"words\n" for number in range(20)})
    server.fail("/resolve/", Failure(status=503))
    found = hub_scanned(server, tmp_path / "work", options_with(child()))
    assert {report.verdict for report in found.values()} == {Verdict.ERROR}
    assert server.count("/resolve/") < 5


def test_an_unchanged_model_of_a_hub_is_not_downloaded_again(server: HubServer, tmp_path: Path, cache: SqliteCache) -> None:
    hub_scanned(server, tmp_path / "work", options_with(child(), cache=cache))
    server.reset()
    found = hub_scanned(server, tmp_path / "work", options_with(("/nonexistent/program",), cache=cache))
    assert {report.verdict for report in found.values()} == {Verdict.SAFE}
    assert server.count("/resolve/") + server.count("/cdn/") == 0

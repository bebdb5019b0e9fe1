"""What a scan makes of what was said: verdicts, exit statuses, what travels from a child, who is asked about which file."""

from dataclasses import replace

import pytest

from budmodel_pipeline.targets.model_scan import ModelScan
from budmodel_scanner.cache import cache_key
from budmodel_scanner.cross_checks import LARGEST, objections, states_without_asking
from budmodel_scanner.isolation import Allowance, Patience
from budmodel_scanner.scanner import FileReport, not_examined, with_findings
from budmodel_scanner.verdict import Finding, Verdict
from budmodel_scanner.versions import installed_version, scan_versions
from budmodel_scanner.worker import LONGEST_TEXT, MOST_FINDINGS, bounded


def report(verdict: Verdict) -> FileReport:
    return not_examined("file", Finding("a.rule", verdict, "it is so"))


@pytest.mark.parametrize(
    ("verdicts", "worst", "status"),
    [
        ("safe", "safe", 0),
        ("safe safe", "safe", 0),
        ("", "unscanned", 2),
        ("safe unscanned", "unscanned", 2),
        ("unscanned error", "error", 2),
        ("error suspicious safe", "suspicious", 1),
        ("suspicious malicious error", "malicious", 1),
    ],
)
def test_a_model_is_as_bad_as_its_worst_file(verdicts: str, worst: str, status: int) -> None:
    scan = ModelScan("disk", "model", None, tuple(report(Verdict(verdict)) for verdict in verdicts.split()))
    assert (scan.verdict, scan.verdict.exit_status) == (worst, status)


@pytest.mark.parametrize("more", list(Verdict))
@pytest.mark.parametrize("before", list(Verdict))
def test_more_findings_never_lower_a_verdict(before: Verdict, more: Verdict) -> None:
    assert with_findings(report(before), [Finding("b.rule", more, "also")]).verdict.rank == max(before.rank, more.rank)


def test_a_flood_of_findings_hides_none_of_the_worst() -> None:
    flood = [Finding("a.note", Verdict.UNSCANNED, "x" * 5000)] * 100_000
    kept = bounded([*flood, Finding("a.rule", Verdict.MALICIOUS, "there"), *flood])
    assert len(kept) == MOST_FINDINGS + 2
    assert ("a.rule", "malicious", "there", "", "budmodel") in kept
    assert kept[-1][:2] == ("scan.more-findings", "unscanned")
    assert max(len(text) for finding in kept for text in finding) == LONGEST_TEXT


PICKLE, ZIP, TEXT = b"\x80\x04\x95", b"PK\x03\x04", b'{"a": 1}'


@pytest.mark.skipif(
    None in (installed_version("modelscan"), installed_version("picklescan")), reason="they are not installed"
)
@pytest.mark.parametrize(
    ("name", "head", "size", "asked"),
    [
        ("model.pkl", PICKLE, 100, "modelscan picklescan"),
        ("model.pkl", TEXT, 100, "modelscan picklescan"),
        ("deep/pytorch_model.BIN", ZIP, 100, "modelscan picklescan"),
        ("model.dill", b"", 100, "modelscan"),
        ("model", PICKLE, 100, "picklescan"),
        ("notes.txt", ZIP, 100, "picklescan"),
        ("config.json", TEXT, 100, ""),
        ("model.safetensors", TEXT, 100, ""),
        ("model.pkl", PICKLE, LARGEST + 1, ""),
    ],
)
def test_who_is_asked_about_a_file(name: str, head: bytes, size: int, asked: str) -> None:
    states = states_without_asking(name, head, size)
    assert {"modelscan", "picklescan"} - {*states} == {*asked.split()}
    assert all(state.startswith("not asked: ") for state in states.values())


def test_a_result_is_remembered_for_one_content_name_and_version() -> None:
    versions = {"rules": "1", "clamav": "27000"}
    key = cache_key("aa", "config.json", versions)
    assert key == cache_key("aa", "config.json", dict(reversed(versions.items())))
    others = {
        cache_key("ab", "config.json", versions),
        cache_key("aa", "sub/config.json", versions),
        cache_key("aa", "config.json", versions | {"rules": "2"}),
        cache_key("aa", "config.json", versions | {"clamav": "27001"}),
        cache_key("aa", "\udc80.json", versions),
    }
    assert len(others - {key}) == 5


def test_versions_of_everything_that_looks() -> None:
    versions = scan_versions({"clamav": "27000"})
    assert versions["clamav"] == "27000"
    assert {"rules", "python", "modelscan", "picklescan"} <= {*versions}
    for parser in ("jinja2", "pyyaml", "tree-sitter", "tree-sitter-bash"):
        assert versions[parser] == installed_version(parser)
    assert len(versions["rules"]) == 16


def test_a_larger_file_may_take_longer() -> None:
    allowance = Allowance(seconds=10, dense_bytes=50_000_000, bytes_per_second=50e6)
    assert [allowance.seconds_for(size) for size in (0, 5_000_000, 50_000_000, 500_000_000)] == [10, 11, 20, 29]


@pytest.mark.parametrize(
    ("looks", "lost"),
    [
        ([(0, 0), (0, 59)], None),
        ([(0, 0), (0, 60)], "did nothing any more"),
        ([(0, 0), (0.01, 59), (0.02, 118), (0.03, 177)], None),
        ([(0, 0), (0.01, 59), (0.01, 119)], "did nothing any more"),
        ([(0, 0), (20, 4000)], None),
        ([(0, 0), (20.1, 21)], "more CPU time"),
    ],
)
def test_a_child_is_lost_by_what_it_does_and_not_by_the_time_that_passes(
    looks: list[tuple[float, float]], lost: str | None
) -> None:
    patience = Patience(idle_seconds=60, seconds=20, used=0)
    said = [patience.lost_with(used, now) for used, now in looks]
    assert said[:-1] == [None] * (len(looks) - 1)
    assert (said[-1] is None) if lost is None else (lost in str(said[-1]))


def test_what_a_child_used_before_counts_for_earlier_files() -> None:
    assert Patience(idle_seconds=60, seconds=20, used=100).lost_with(119, 0) is None


CLEARED = Finding("pickle.cleared", Verdict.SAFE, "every call was followed of builtins.getattr")
OBJECTION = Finding("picklescan.flagged", Verdict.SUSPICIOUS, "dangerous global builtins.getattr", engine="picklescan")


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        ((CLEARED,), OBJECTION, Verdict.SAFE),
        ((CLEARED,), replace(OBJECTION, what="dangerous global builtins.eval"), Verdict.SUSPICIOUS),
        ((CLEARED,), replace(OBJECTION, rule="picklescan.other"), Verdict.SUSPICIOUS),
        ((CLEARED, Finding("pickle.trailing-bytes", Verdict.UNSCANNED, "x")), OBJECTION, Verdict.SUSPICIOUS),
        ((CLEARED, Finding("pickle.unknown-global", Verdict.SUSPICIOUS, "x")), OBJECTION, Verdict.SUSPICIOUS),
        ((), OBJECTION, Verdict.SUSPICIOUS),
    ],
)
def test_a_cross_check_is_overruled_only_where_the_very_name_was_followed_in_a_safe_file(
    ours: tuple[Finding, ...], theirs: Finding, verdict: Verdict
) -> None:
    assert [found.verdict for found in objections(ours, [theirs])] == [verdict]


def test_versions_of_engines_that_are_not_asked_do_not_count() -> None:
    assert scan_versions({}, cross_checked=False) != scan_versions({})

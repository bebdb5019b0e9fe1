"""What people see of scans: the findings that decided, with the command that shows them again."""

from collections.abc import Sequence

from budmodel_pipeline.assets.markdown import inert, table
from budmodel_pipeline.workflows.model_loop import Outcome
from budmodel_pipeline.workflows.model_scanning import Scanned
from budmodel_scanner.scanner import FileReport
from budmodel_scanner.verdict import Verdict

SHOWN_MODELS, SHOWN_FILES, SHOWN_FINDINGS = 50, 20, 3


def verdict_of(outcome: Outcome[Scanned]) -> Verdict:
    """What is to be thought of a model: where its scan failed, nothing good."""
    return outcome.result.verdict if outcome.result is not None else Verdict.ERROR


def findings_table(outcomes: Sequence[Outcome[Scanned]]) -> str:
    """Markdown: each file that decided about a model, its worst findings, and how to see all of them."""
    if not any(outcome.problem or _worst_files(outcome) for outcome in outcomes):
        return "No file stands out."
    rows: list[Sequence[str]] = []
    for outcome in outcomes[:SHOWN_MODELS]:
        if outcome.problem:
            rows.append((outcome.target, "", verdict_of(outcome).value, outcome.problem, ""))
        for report in _worst_files(outcome)[:SHOWN_FILES]:
            worst = sorted(report.findings, key=lambda one: -one.verdict.rank)[:SHOWN_FINDINGS]
            rows += [(outcome.target, report.path, one.verdict.value, one.what, one.where) for one in worst]
    scanned = [outcome.target for outcome in outcomes if _worst_files(outcome)][:3]
    told = "".join(f"\n\nThis shows everything: budmodel scan {inert(target)}" for target in scanned)
    return table(("model", "file", "verdict", "what", "where"), rows) + told


def _worst_files(outcome: Outcome[Scanned]) -> Sequence[FileReport]:
    return outcome.result.worst_files if outcome.result is not None else ()

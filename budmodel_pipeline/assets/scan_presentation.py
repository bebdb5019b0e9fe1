"""What people see of scans: the findings that decided, with the command that shows them again."""

from collections.abc import Sequence

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
    lines = ["| model | file | verdict | what | where |", "|---|---|---|---|---|"]
    for outcome in outcomes[:SHOWN_MODELS]:
        if outcome.problem:
            lines.append(f"| {outcome.target} | | {verdict_of(outcome).value} | {_cell(outcome.problem)} | |")
        for report in _worst_files(outcome)[:SHOWN_FILES]:
            lines += [
                f"| {outcome.target} | {_cell(report.path)} | {finding.verdict.value} | {_cell(finding.what)} | "
                f"{_cell(finding.where)} |"
                for finding in sorted(report.findings, key=lambda one: -one.verdict.rank)[:SHOWN_FINDINGS]
            ]
    scanned = [outcome.target for outcome in outcomes if _worst_files(outcome)][:3]
    return "\n".join(lines) + "".join(f"\n\n`budmodel scan {target}` shows everything." for target in scanned)


def _worst_files(outcome: Outcome[Scanned]) -> Sequence[FileReport]:
    return outcome.result.worst_files if outcome.result is not None else ()


def _cell(text: str) -> str:
    """Names of files and findings are strangers' words: they shall not end the cell or become markup."""
    plain = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[:300])
    return plain.replace("|", "/").replace("<", "&lt;").replace("`", "'").replace("[", "(").replace("]", ")")

"""What the documents show is what happens: their requests, answers and corrections, as they are printed there."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.targets.target import target_of
from budmodel_pipeline.warehouse.requests import finish_request, open_requests, start_request
from tests.cli import Run
from tests.contract.house.documents import ROOT, block_with, read, section

README = read("README.md")
QUICK_START = read("docs/quick-start.md")
MODELS = read("docs/models.md")
ADDING_A_SOURCE = read("docs/adding-a-source.md")


def test_the_request_that_is_shown_is_one(engine: Engine) -> None:
    insert, select, *_ = block_with(MODELS, "insert into budmodel.extraction_requests").split("\n\n")
    with engine.begin() as connection:
        connection.execute(text(insert))
        now = datetime.now(UTC)
        requests = open_requests(connection, now, 10)
        targets = [target_of(request.provider, request.uri).key for request in requests]
        assert targets == ["hf:microsoft/phi-4", "hf:nobody/nothing"]
        assert {request.requested_by for request in requests} == {"ann"}
        for request, target, error in zip(requests, targets, (None, "nobody/nothing: no such repository"), strict=True):
            start_request(connection, request.request_id, target, 1, "a batch")
            finish_request(connection, request.request_id, error, now)
        statement, _, shown = select.partition(";\n")
        rows = connection.execute(text(statement)).all()
    printed = [[cell.strip() for cell in line.split("|")] for line in shown.splitlines()]
    assert [[row.target, row.status] for row in rows] == [cells[:2] for cells in printed]
    assert all(cells[3].startswith(row.error or "") for row, cells in zip(rows, printed, strict=True))


def test_the_fields_that_are_shown_are_known_so(samples_run: Run) -> None:
    block = block_with(MODELS, "budmodel model hf:Qwen/Qwen3-32B --json")
    command, _, answers = block.partition("\n")
    target, fields = (
        re.findall(r"budmodel model (\S+)|\.(\w+)(?=[ ,'])", command)[0][0],
        re.findall(r"facts \| (.*)'", command),
    )
    (card,) = samples_run.at.json("model", target)["cards"]
    decoder = json.JSONDecoder()
    for name in fields[0].split(", "):
        answer, end = decoder.raw_decode(answers.lstrip())
        answers = answers.lstrip()[end:]
        assert card["facts"][name.removeprefix(".")] == answer
    assert not answers.strip()


def test_the_query_of_the_readme_is_answered_so(samples_run: Run) -> None:
    block = block_with(README, "from marts.")
    query, names, rows = re.findall(r"=> (.*?);\n(.*?)\n[-+]+\n(.*)\n\(", block, re.DOTALL)[0]
    found = samples_run.at.query(query)
    printed = [[cell.strip() for cell in line.split("|")] for line in rows.splitlines()]
    assert [[str(cell) for cell in row] for row in found] == printed
    assert len(names.split("|")) == len(printed[0])


def told(lines: Sequence[str]) -> list[str]:
    """Lines without what differs from day to day, and with single blanks."""
    return [re.sub(r"\d{4}-\d\d-\d\d", "DATE", " ".join(line.split())) for line in lines]


def test_the_first_run_looks_as_in_the_quick_start(samples_run: Run) -> None:
    shown = told(block_with(section(QUICK_START, "Two commands"), "Extracting").splitlines())
    real = told(samples_run.first.out.splitlines())
    missing = [line for line in shown if line and line != "…" and not line.startswith("Next:") and line not in real]
    # The address of the command differs with where it is installed.
    assert [line for line in missing if "budmodel " not in line] == []
    assert f"Extracting {len(catalog())} of" in shown[0]


def test_the_override_that_is_shown_takes_effect(tmp_path: Path) -> None:
    block = block_with(ADDING_A_SOURCE, "[overrides]", "toml")
    ((model, name),) = re.findall(r'^"(.+)" = \["(.+)"\]$', block, re.MULTILINE)
    shutil.copytree(ROOT / "budmodel_pipeline" / "identity", tmp_path / "budmodel_pipeline" / "identity")
    shutil.copy(ROOT / "budmodel_pipeline" / "__init__.py", tmp_path / "budmodel_pipeline")
    file = tmp_path / "budmodel_pipeline" / "identity" / "knowledge.toml"
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from budmodel_pipeline.identity.resolve import resolve\n"
        f"found = resolve('', {name!r}); print(found.model_id, found.method)"
    )

    def resolved() -> list[str]:
        finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
        return finished.stdout.split()

    before = resolved()
    file.write_text(file.read_text("utf-8").replace("[overrides]\n", block), "utf-8")
    assert resolved() == [model, "override"] != before


def test_the_example_of_the_scanner_runs(tmp_path: Path) -> None:
    program = block_with(read("budmodel_scanner/README.md"), "from budmodel_scanner import", "python")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "weights.pkl malicious " in finished.stdout

"""The recipes: their page says what the samples say, and the cells of their notebook run as they stand."""

import json
import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine

from docs.recipes import PAGE, page, questions
from tests.cli import COMMAND, Run

NOTEBOOK = PAGE.with_suffix(".ipynb")
COUNT = "print([len(axes.collections) > 0 for number in plt.get_fignums() for axes in plt.figure(number).axes])"


def test_the_page_says_what_the_samples_say(samples_run: Run) -> None:
    assert list(questions()) == list("abcdefghij")
    assert all("{{" not in sql for sql in questions().values())
    server = samples_run.at.server
    assert server is not None
    engine = create_engine(server.url(samples_run.at.database))
    with engine.connect() as connection:
        assert page(connection) == PAGE.read_text("utf-8"), "python -m docs.recipes, on a new run of the samples, renews it"
    engine.dispose()


def test_the_notebook_draws_three_charts(samples_run: Run) -> None:
    cells = [cell for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    program = "\n".join([*(cell["source"] for cell in cells), COUNT])
    path = f"{Path(COMMAND).parent}:/usr/bin:/bin"
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env=samples_run.at.environment(MPLBACKEND="Agg", PATH=path),
        cwd=samples_run.at.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == "[True, True, True]\n"

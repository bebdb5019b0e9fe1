"""What a command imports: a name is resolved and a directory inspected without waiting for a database driver or Dagster."""

import subprocess
import sys
from pathlib import Path

import pytest

from budmodel_pipeline.cli import PLACES

ROOT = Path(__file__).parents[3]
MODEL = str(ROOT / "samples" / "huggingface.co" / "models" / "Qwen" / "Qwen3-32B")
HEAVY = ("alembic", "dagster", "dbt", "matplotlib", "numpy", "pandas", "psycopg", "pyarrow", "sqlalchemy", "transformers")
# What the settings are read with takes longer than many a command.
SETTINGS = ("huggingface_hub", "pydantic_settings", "requests")
PROGRAM = """
import sys
from budmodel_pipeline.cli import main
try:
    main(sys.argv[1:])
finally:
    print("\\nimported", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], (*HEAVY, *SETTINGS, "rich", "pydantic", "budmodel_scanner")),
        *[([name, "--help"], (*HEAVY, *SETTINGS, "rich", "pydantic")) for name in sorted(PLACES)],
        (["inspect", MODEL, "--json"], (*HEAVY, *SETTINGS, "budmodel_scanner")),
        (["license", MODEL, "--json"], (*HEAVY, *SETTINGS, "budmodel_scanner")),
        (["license", "mit"], (*HEAVY, *SETTINGS, "budmodel_scanner")),
        (["resolve", "Qwen3 32B"], (*HEAVY, *SETTINGS, "budmodel_scanner")),
        (["scan", MODEL, "--no-cache"], tuple(name for name in HEAVY if name != "numpy")),
        (["scan", "hf:a"], HEAVY),
        (["request", "hf:a"], HEAVY),
        (["model", "hf:a"], HEAVY),
    ],
)
def test_a_command_imports_what_it_needs(arguments: list[str], unwanted: tuple[str, ...], tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    *_, last = finished.stdout.splitlines()
    imported = last.split()
    assert imported[0] == "imported", finished.stderr
    assert {"click", "budmodel_pipeline"} <= set(imported)
    assert set(imported) & set(unwanted) == set()

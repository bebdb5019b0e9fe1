"""The lines of a run, from the events of real Dagster runs."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
import pytest

from budmodel_pipeline.commands.progress import NAME, progress_logger


def lines_of(asset: Callable[[], object], *, retry: dg.RetryPolicy | None = None) -> list[str]:
    """What is shown while one asset `scores/board` runs."""
    lines: list[str] = []
    definitions = dg.Definitions(
        assets=[dg.asset(key=["scores", "board"], retry_policy=retry)(asset)], loggers={NAME: progress_logger(lines.append)}
    )
    job = definitions.resolve_implicit_global_asset_job_def()
    job.execute_in_process(run_config={"loggers": {NAME: {}}}, raise_on_error=False)
    return lines


@pytest.mark.parametrize(
    ("metadata", "line"),
    [
        ({}, "  ✓ scores/board"),
        ({"unchanged": True, "rows_read": 3, "rows_kept": 3, "dagster/row_count": 6}, "  ✓ scores/board  unchanged"),
        ({"unchanged": False, "bytes": 1234567}, "  ✓ scores/board  1,234,567 bytes"),
        (
            {"unchanged": False, "rows_read": 1040, "rows_kept": 1038, "dagster/row_count": 2076},
            "  ✓ scores/board  1,038 of 1,040 rows, 2,076 scores",
        ),
        ({"dagster/row_count": 1234}, "  ✓ scores/board  1,234 rows"),
        ({"note": "of another kind"}, "  ✓ scores/board"),
    ],
)
def test_a_materialization_is_one_line(metadata: Mapping[str, Any], line: str) -> None:
    def board() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata=metadata)

    assert lines_of(board) == [line]


def test_a_failure_says_why() -> None:
    def board() -> None:
        raise dg.Failure("board: expected status 200; found 404 Not Found", allow_retries=False)

    assert lines_of(board) == ["  ✗ scores__board: board: expected status 200; found 404 Not Found"]


def test_an_unforeseen_failure_says_its_cause() -> None:
    def board() -> None:
        raise RuntimeError("the disk is full")

    (line,) = lines_of(board)
    assert line.startswith("  ✗ scores__board: ")
    assert "the disk is full" in line
    assert "\n" not in line


def test_a_retry_is_announced() -> None:
    def board() -> None:
        raise dg.Failure("board: 503")

    lines = lines_of(board, retry=dg.RetryPolicy(max_retries=1, delay=0))
    assert lines == ["  … scores__board is tried again in 0 s", "  ✗ scores__board: board: 503"]

"""Importing sources touches nothing, in an interpreter of its own."""

import subprocess
import sys
from textwrap import dedent

from budmodel_pipeline.sources.catalog import catalog

ALONE = """
    import sys

    def refuse(event, arguments):
        if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn")):
            raise RuntimeError(f"import did {event} {arguments}")
        # What installed packages say of themselves is read: they may bring sources.
        if event == "open" and not str(arguments[0]).endswith((".py", ".pyc", ".so", ".pyd", "entry_points.txt")):
            raise RuntimeError(f"import opened {arguments[0]}")

    sys.modules["dagster"] = None
    sys.addaudithook(refuse)

    from budmodel_pipeline.sources.catalog import catalog

    print(*catalog())
    print(*sorted({"pyarrow", "pandas", "numpy", "requests", "sqlalchemy"} & sys.modules.keys()))
"""


def test_sources_need_no_dagster_and_touch_nothing_when_imported() -> None:
    finished = subprocess.run(
        [sys.executable, "-B", "-c", dedent(ALONE)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
    sources, heavy = finished.stdout.split("\n")[:2]
    assert sources.split() == list(catalog())
    assert heavy == ""

"""What a person decides about a refused snapshot, and an older file as history: by the command, over HTTP."""

import shutil
from pathlib import Path

from budmodel_pipeline.fetching.mirror import mirror_path, serve_directory
from budmodel_pipeline.sources.catalog import catalog
from tests.checkout import SAMPLES
from tests.cli import Install

URL = catalog()["openvlm"].endpoints[0].url


def test_refused_accepted_and_loaded_as_history(install: Install, tmp_path: Path) -> None:
    board = tmp_path / "mirror" / mirror_path(URL)
    board.parent.mkdir(parents=True)
    shutil.copy(SAMPLES / mirror_path(URL), board)
    older = tmp_path / "older.json"
    older.write_bytes(board.read_bytes().replace(b"20250917132916", b"20250101000000"))
    installation = install()
    with serve_directory(tmp_path / "mirror") as mirror:
        said = {"BUDMODEL_MIRROR_URL": mirror, "BUDMODEL_ORIGIN": "mirror"}
        assert installation.run("run", "--source", "openvlm", **said).code == 0
        # Of a time before the one that is published, and by the publisher's own word.
        board.write_bytes(older.read_bytes())
        refused = installation.run("run", "--force", "--source", "openvlm", **said)
        assert refused.code == 1
        assert "the data are of 2025-01-01 (stated), older than those published, of 2025-09-17" in refused.out + refused.err
        assert "--accept 'WHY'" in refused.out + refused.err
        unnamed = installation.run("run", "--accept", "rolled back", **said)
        assert unnamed.code == 2
        assert "name it with --source" in unnamed.err
        assert installation.run("run", "--source", "openvlm", "--accept", "rolled back", **said).code == 0
        board.unlink()
        future = installation.run("backfill", "openvlm", str(older), "--as-of", "2999-01-01", **said)
        assert future.code == 2
        wrong = installation.run("backfill", "openvlm", str(older), "--as-of", "2025-01-02", **said)
        assert wrong.code == 1
        assert "the file says that it is of 2025-01-01, not of 2025-01-02" in wrong.err
        loaded = installation.run("backfill", "openvlm", str(older), "--as-of", "2025-01-01", **said)
        assert loaded.code == 0
        assert "entries as of 2025-01-01" in loaded.out + loaded.err

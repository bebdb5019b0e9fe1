"""Scanning what lies at a URL: an archive by the files in it, a weight file as itself."""

import io
import zipfile

import pytest

from budmodel_pipeline.targets.model_scan import scan_target
from budmodel_pipeline.targets.provider import ProviderError
from budmodel_scanner.verdict import Verdict
from tests.hostile_server import Reply, hostile_server

HOSTILE = b"cos\nsystem\n(S'true'\ntR."


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("config.json", "{}")
        packed.writestr("inner/model.pkl", HOSTILE)
    return content.getvalue()


def test_the_files_of_an_archive_are_scanned() -> None:
    with hostile_server() as server:
        server.on("/model.zip", Reply(body=archive()))
        found = scan_target(server.url("/model.zip"), trusted_hosts=frozenset({server.host()}))
    verdicts = {report.path: report.verdict for report in found.files}
    assert verdicts == {"config.json": Verdict.SAFE, "inner/model.pkl": Verdict.MALICIOUS}
    assert (found.provider, found.name, found.verdict) == ("url", server.url("/model.zip"), Verdict.MALICIOUS)
    assert found.revision is not None
    assert found.revision.startswith("sha256:")


def test_a_single_file_is_scanned_whole() -> None:
    with hostile_server() as server:
        server.on("/model.pkl", Reply(body=HOSTILE))
        found = scan_target(server.url("/model.pkl"), trusted_hosts=frozenset({server.host()}))
    assert {report.path: report.verdict for report in found.files} == {"model.pkl": Verdict.MALICIOUS}


def test_an_address_that_is_not_public_is_not_asked() -> None:
    with hostile_server() as server:
        server.on("/model.pkl", Reply(body=HOSTILE))
        with pytest.raises(ProviderError, match="public address"):
            scan_target(server.url("/model.pkl"))
        assert server.count("/model.pkl") == 0

"""Web pages and empty bodies where data were due."""

import pytest

from budmodel_pipeline.fetching.http import FetchError, refuse_page


@pytest.mark.parametrize("file_format", ["csv", "json", "parquet"])
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty body"),
        (b" \r\n\n", "4 bytes of white space"),
        (b"\xef\xbb\xbf", "3 bytes of white space"),
        (
            b"<!DOCTYPE html><html><head><title>Just a  moment...</title></head></html>",
            "a web page titled 'Just a moment...'",
        ),
        (b"\xef\xbb\xbf\n <HTML><body><h1>Moved</h1></body></HTML>", "a web page titled 'Moved'"),
        (b"<!-- cached --><html><title>Sign in</title>", "a web page titled 'Sign in'"),
        (b"<?xml version='1.0'?><Error><Message>Access Denied</Message></Error>", "a web page titled 'Access Denied'"),
        (b"<html><title>\x1b[31mred\r\nalert</title>", "a web page titled '[31mred alert'"),
        (b"<html></html>", "a web page without a title"),
        (b"<title>" + b"x" * 5000 + b"</title>", f"a web page titled '{'x' * 120}…'"),
    ],
)
def test_pages_and_empty_bodies_are_refused(content: bytes, found: str, file_format: str) -> None:
    with pytest.raises(FetchError) as refused:
        refuse_page(content, None, file_format, url="https://example.org/a?token=s3cret")
    assert refused.value.permanent
    assert refused.value.found == found
    assert refused.value.expected == f"{file_format} data"
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "file_format"),
    [
        (b"name,score\na,1\n", "csv"),
        (b"\xef\xbb\xbfname,score\n", "csv"),
        (b"<5B,score\na,1\n", "csv"),
        (b'[{"html": "<html><title>x</title>"}]', "json"),
        (b"PAR1....PAR1", "parquet"),
    ],
)
def test_data_pass_whatever_their_content_type(content: bytes, file_format: str) -> None:
    refuse_page(content, "text/html; charset=utf-8", file_format, url="https://example.org/a")

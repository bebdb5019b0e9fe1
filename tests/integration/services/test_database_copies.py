"""A backup is put back into servers that are older than the programs that wrote it."""

import pytest

from budmodel_pipeline.services.database_copies import for_any_server

SET = b"SET transaction_timeout = 0;\n"
SEARCH = b"SELECT pg_catalog.set_config('search_path', '', false);\n"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([b"SET lock_timeout = 0;\n", SET, SEARCH], [b"SET lock_timeout = 0;\n", SEARCH]),
        # What looks like it further on is a row.
        (
            [SET, SEARCH, b"COPY notes (words) FROM stdin;\n", SET, b"\\.\n"],
            [SEARCH, b"COPY notes (words) FROM stdin;\n", SET, b"\\.\n"],
        ),
        ([], []),
    ],
)
def test_a_setting_that_older_servers_do_not_know_is_left_out(script: list[bytes], expected: list[bytes]) -> None:
    assert list(for_any_server(script)) == expected

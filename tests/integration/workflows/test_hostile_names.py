"""Published names that mean something to a database, a program or a page are names: published, resolved and shown."""

import csv
from io import StringIO
from pathlib import Path

from sqlalchemy import text

from budmodel_pipeline.fetching.http import HttpPolicy
from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.services.object_store import open_directory
from budmodel_pipeline.warehouse.aliases import resolve_aliases
from tests.board import FIRST, empty_board

NAMES = [
    # SQL, and the placeholders of drivers.
    *("x'; drop table budmodel.scores; --", '"; delete from budmodel.sources; --', "' or '1'='1", "$$; select 1; $$"),
    *(":value and %(value)s and %s and {value} and $1", "E'\\x27'", "/* */ union select usename from pg_user"),
    # How COPY says "no value" and "the end".
    *("\\N", "\\.", "a\\tb\\nc", "back\\slash"),
    # Pages, plots, sheets, templates, paths.
    *("![x](http://a.example/x.png)", "<img src=x onerror=alert(1)>", "$_$", "\\frac", "=cmd|' /C calc'!A0"),
    *("{{ 7*7 }}", "../../etc/passwd", "${jndi:ldap://a.example/x}", "\U0001d54f" * 200),
]


def test_a_name_is_published_and_resolved_as_it_is_written(database: str, tmp_path: Path) -> None:
    head, *rows = csv.reader(StringIO(FIRST.decode()))
    written = StringIO()
    renamed = [[name, *row[1:]] for name, row in zip(NAMES, rows, strict=True)]
    csv.writer(written, lineterminator="\n").writerows([head, *renamed])
    with empty_board(database, open_directory(tmp_path / "objects"), HttpPolicy(attempts=1)) as board:
        assert board.extract(written.getvalue().encode()).snapshot.rows_kept == len(NAMES)
        with board.engine.begin() as connection:
            resolve_aliases(connection, resolve)
            published: set[str] = set(connection.execute(text("select published_name from budmodel.entries")).scalars())
            resolved = text("select published_name from budmodel.model_aliases join budmodel.models using (model_id)")
            assert published == set(NAMES) == set(connection.execute(resolved).scalars())
        assert board.count("scores") > 0
        assert board.count("sources") == 1

"""Writing rows: inserted, renewed, replaced, or left alone."""

import pytest
from sqlalchemy import Connection, Engine, text

from budmodel_pipeline.warehouse.rows import replace_rows, upsert
from budmodel_pipeline.warehouse.tables import licenses, models


def known(connection: Connection) -> list[tuple[str, str | None, str]]:
    rows = connection.execute(text("select license_id, spdx_id, xmin::text from budmodel.licenses order by 1"))
    return [(row[0], row[1], row[2]) for row in rows]


def of_license(license_id: str, spdx_id: str | None) -> dict[str, object]:
    return {"license_id": license_id, "spdx_id": spdx_id, "terms_version": "1"}


def test_rows_are_inserted_or_renewed_and_what_says_nothing_new_is_not_written(engine: Engine) -> None:
    with engine.begin() as connection:
        upsert(connection, licenses, [of_license("mit", "MIT"), of_license("x", None)])
        before = known(connection)
    with engine.begin() as connection:
        upsert(connection, licenses, [of_license("mit", "MIT"), of_license("x", "X"), of_license("y", None)])
        after = known(connection)
    assert [row[:2] for row in after] == [("mit", "MIT"), ("x", "X"), ("y", None)]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)


def test_columns_that_are_not_named_keep_what_they_hold(engine: Engine) -> None:
    with engine.begin() as connection:
        upsert(connection, licenses, [of_license("mit", "MIT")])
        upsert(connection, licenses, [{"license_id": "mit", "terms_version": "2"}])
        assert [row[:2] for row in known(connection)] == [("mit", "MIT")]


def test_no_rows_are_no_statement(engine: Engine) -> None:
    with engine.begin() as connection:
        upsert(connection, models, [])
        replace_rows(connection, licenses, {}, [])
        assert known(connection) == []


@pytest.mark.parametrize(
    ("of", "rows", "left"),
    [
        ({}, ["b"], ["b"]),
        ({}, [], []),
        ({"spdx_id": "1"}, ["b"], ["b", "c"]),
        ({"spdx_id": "1", "license_id": "a"}, [], ["b", "c"]),
        ({"spdx_id": "2"}, [], ["a", "b"]),
    ],
)
def test_a_set_of_rows_is_replaced_and_no_other(
    engine: Engine, of: dict[str, object], rows: list[str], left: list[str]
) -> None:
    with engine.begin() as connection:
        upsert(connection, licenses, [of_license("a", "1"), of_license("c", "2")])
        if "license_id" in of or of == {"spdx_id": "2"}:
            upsert(connection, licenses, [of_license("b", "1")])
        replace_rows(connection, licenses, of, [of_license(name, "1") for name in rows])
        assert [row[0] for row in known(connection)] == left

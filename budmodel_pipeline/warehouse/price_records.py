"""What providers charge, as rows, with the file of the catalog that they are from."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from budmodel_pipeline.warehouse.rows import replace_rows, upsert
from budmodel_pipeline.warehouse.tables import catalog_files, model_prices


@dataclass(frozen=True, slots=True)
class CatalogFileRecord:
    """The file of a catalog that its rows are from."""

    catalog: str
    url: str
    origin: str
    sha256: str
    object_key: str
    size_bytes: int
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class PriceRecord:
    """An offer of a provider; either `model_id` or `unmatched`, the reason why there is none, is None.

    `precedence` is how much the catalog's word on it counts, the least first.
    """

    catalog: str
    provider: str
    published_id: str
    mode: str
    context_above: int
    provider_name: str
    name: str
    status: str | None
    model_id: str | None
    variant: str | None
    unmatched: str | None
    basis: str
    input_usd_per_million_tokens: float | None
    output_usd_per_million_tokens: float | None
    cache_read_usd_per_million_tokens: float | None
    cache_write_usd_per_million_tokens: float | None
    published_as_zero: Sequence[str]
    refused: Sequence[str]
    precedence: int
    retires_on: date | None
    context_length: int | None
    output_tokens: int | None
    input_modalities: Sequence[str] | None
    output_modalities: Sequence[str] | None
    tool_use: bool | None
    reasoning: bool | None
    structured_output: bool | None


def held_catalog(connection: Connection, catalog: str) -> CatalogFileRecord | None:
    """The file that the rows of `catalog` are from, None before the first."""
    found = text("select * from budmodel.catalog_files where catalog = :catalog")
    row = connection.execute(found, {"catalog": catalog}).mappings().one_or_none()
    return CatalogFileRecord(**row) if row else None


def catalog_keys(connection: Connection) -> frozenset[str]:
    """The keys of the files that any rows are from."""
    return frozenset(connection.execute(text("select object_key from budmodel.catalog_files")).scalars())


def store_prices(connection: Connection, file: CatalogFileRecord, prices: Sequence[PriceRecord]) -> None:
    """The rows of the catalog are these from now on, and no others."""
    upsert(connection, catalog_files, [asdict(file)])
    replace_rows(connection, model_prices, {"catalog": file.catalog}, [asdict(price) for price in prices])

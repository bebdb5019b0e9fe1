"""Engines on the database of the data."""

from sqlalchemy import URL, Engine, create_engine


def open_engine(url: URL | str) -> Engine:
    """An engine that notices dead connections and gives up on an unreachable server after ten seconds."""
    return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "application_name": "budmodel"})

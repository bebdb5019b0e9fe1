"""Engines on the database of the data."""

from sqlalchemy import URL, Engine, create_engine


def open_engine(url: URL | str) -> Engine:
    """An engine that notices dead connections and gives up on an unreachable server after ten seconds."""
    return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "application_name": "budmodel"})


def open_reading_engine(url: URL | str, connections: int, statement_seconds: int) -> Engine:
    """An engine whose connections write nothing; whoever finds all in use waits. Every statement stands for itself."""
    options = f"-c default_transaction_read_only=on -c statement_timeout={statement_seconds}s -c timezone=UTC"
    connect = {"connect_timeout": 10, "application_name": "budmodel api", "options": options}
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=statement_seconds,
        isolation_level="AUTOCOMMIT",
        connect_args=connect,
    )

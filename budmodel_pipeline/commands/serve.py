"""The command that serves the HTTP API."""

import click

from budmodel_pipeline.commands.context import database

# Below what Postgres gives to readers, so that analysts find a place beside it.
CONNECTIONS = 10
STATEMENT_SECONDS = 10


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it listens; 0.0.0.0 is everywhere.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes one that is free.")
def serve(host: str, port: int) -> None:
    """Serve the HTTP API: the marts for programs, and requests for models. /docs describes it."""
    import uvicorn

    from budmodel_pipeline.api.application import build_application
    from budmodel_pipeline.api.served import Served
    from budmodel_pipeline.commands import quickstart
    from budmodel_pipeline.connections import live

    with database() as (settings, engine):
        reading = live.reading_database(quickstart.reader_url(settings), CONNECTIONS, STATEMENT_SECONDS)
        application = build_application(
            Served(
                read=reading,
                write=engine,
                open_hub=lambda: live.hub_of(settings),
                origin=settings.effective_origin,
                tokens=[one for one in settings.budmodel_api_tokens.split(",") if one],
                reads_need_token=settings.budmodel_api_reads == "token",
                disk_roots=live.disk_roots(settings.budmodel_disk_roots),
                dagster_url=settings.budmodel_dagster_url,
                web_origins=[one for one in settings.budmodel_api_web_origins.split(",") if one],
                per_minute=settings.budmodel_api_requests_per_minute,
            )
        )
        try:
            uvicorn.run(application, host=host, port=port, access_log=False, server_header=False)
        finally:
            reading.dispose()

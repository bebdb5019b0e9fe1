"""The command that serves the HTTP API."""

from typing import TYPE_CHECKING

import click

from budmodel_pipeline.commands.console import tell
from budmodel_pipeline.commands.context import database
from budmodel_pipeline.commands.options import Count, as_json
from budmodel_pipeline.commands.ports import is_free

if TYPE_CHECKING:
    from socket import socket

# Together half of what Postgres gives to readers, so that analysts find a place beside it.
PAGE_CONNECTIONS, OTHER_CONNECTIONS = 7, 3
STATEMENT_SECONDS = 10


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it listens; 0.0.0.0 is everywhere.")
@click.option("--port", type=Count(0, 65535), default=8000, show_default=True, help="0 takes one that is free.")
@as_json
def serve(host: str, port: int, as_json: bool) -> None:
    """Serve the HTTP API: the marts for programs, and requests for models. /docs describes it."""
    import uvicorn

    from budmodel_pipeline.api.application import build_application
    from budmodel_pipeline.api.reading_pool import open_pool
    from budmodel_pipeline.api.served import Served
    from budmodel_pipeline.commands import quickstart
    from budmodel_pipeline.connections import live

    if port and not is_free(host, port):
        raise click.ClickException(
            f"Something else listens on port {port}: --port names another, and 0 takes one that is free."
        )
    with database() as (settings, engine):
        reader = quickstart.reader_url(settings)
        reading = live.reading_database(reader, OTHER_CONNECTIONS, STATEMENT_SECONDS)
        application = build_application(
            Served(
                pages=open_pool(reader, PAGE_CONNECTIONS, STATEMENT_SECONDS),
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

        class Server(uvicorn.Server):
            async def startup(self, sockets: "list[socket] | None" = None) -> None:
                await super().startup(sockets)
                if as_json:
                    tell({"url": f"http://{host}:{self.servers[0].sockets[0].getsockname()[1]}"})

        try:
            Server(uvicorn.Config(application, host, port, access_log=False, server_header=False)).run()
        finally:
            reading.dispose()

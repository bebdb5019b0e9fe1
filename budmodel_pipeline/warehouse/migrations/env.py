"""How Alembic runs here: on the connection that `migrate` hands over."""

from alembic import context
from sqlalchemy import Connection

from budmodel_pipeline.warehouse.tables import SCHEMA, metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, version_table_schema=SCHEMA, include_schemas=True)
with context.begin_transaction():
    context.run_migrations()

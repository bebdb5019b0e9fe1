"""Which model of the hub the link of a published name leads to: decided once, where names are resolved."""

import sqlalchemy as sa
from alembic import op

from budmodel_pipeline.identity.hub_links import hub_repository

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("model_aliases", sa.Column("hub_repository", sa.Text(), nullable=True), schema="budmodel")
    # Until names are resolved again, a model without it would count as one that no link leads to.
    connection = op.get_bind()
    linked = sa.text("select distinct link from budmodel.model_aliases where link is not null")
    links: list[str] = list(connection.execute(linked).scalars())
    found = [{"link": link, "repository": name} for link in links if (name := hub_repository(link)) is not None]
    if found:
        update = "update budmodel.model_aliases set hub_repository = :repository where link = :link"
        connection.execute(sa.text(update), found)

"""Groups of models, and names keyed by all that identifies an entry: the source's own id and the day of the release too."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("entries", sa.Column("published_id", sa.Text()), schema="budmodel")
    op.create_table(
        "model_groups",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_model_groups")),
        schema="budmodel",
    )
    for column in ("group_id", "maker", "hub_repository"):
        op.add_column("models", sa.Column(column, sa.Text()), schema="budmodel")
    op.create_foreign_key(
        op.f("fk_models_group_id"),
        "models",
        "model_groups",
        ["group_id"],
        ["group_id"],
        source_schema="budmodel",
        referent_schema="budmodel",
    )
    op.add_column("model_aliases", sa.Column("published_id", sa.Text()), schema="budmodel")
    op.add_column("model_aliases", sa.Column("released_on", sa.Date()), schema="budmodel")
    op.drop_constraint("uq_model_aliases_name", "model_aliases", schema="budmodel")
    op.create_unique_constraint(
        "uq_model_aliases_name",
        "model_aliases",
        ["source", "published_name", "link", "organization", "published_id", "released_on"],
        schema="budmodel",
        postgresql_nulls_not_distinct=True,
    )

"""What providers charge for models, and the bytes of the catalog that says so."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "catalog_files",
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("catalog", name="pk_catalog_files"),
        sa.CheckConstraint("origin in ('sample', 'mirror', 'live')", name="origin"),
        schema="budmodel",
    )
    op.create_table(
        "model_prices",
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("published_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("context_above", sa.BigInteger(), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text()),
        sa.Column("model_id", sa.Text()),
        sa.Column("variant", sa.Text()),
        sa.Column("unmatched", sa.Text()),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("input_usd_per_million_tokens", sa.Double()),
        sa.Column("output_usd_per_million_tokens", sa.Double()),
        sa.Column("cache_read_usd_per_million_tokens", sa.Double()),
        sa.Column("cache_write_usd_per_million_tokens", sa.Double()),
        sa.Column("published_as_zero", postgresql.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
        sa.PrimaryKeyConstraint("catalog", "provider", "published_id", "mode", "context_above", name="pk_model_prices"),
        sa.ForeignKeyConstraint(
            ["catalog"], ["budmodel.catalog_files.catalog"], name="fk_model_prices_catalog", ondelete="CASCADE"
        ),
        sa.CheckConstraint("basis in ('priced', 'free', 'unclear', 'unpublished')", name="basis"),
        sa.CheckConstraint("(model_id is null) = (unmatched is not null)", name="matched"),
        schema="budmodel",
    )
    op.create_index("ix_model_prices_model_id", "model_prices", ["model_id"], schema="budmodel")

"""Several catalogs of prices: whose word counts most, which prices nobody can mean, and what a model does there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"

_WORDS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    for column in (
        sa.Column("refused", _WORDS, nullable=False, server_default=sa.text("'{}'")),
        # What is held is of models.dev alone, until it is read anew by the next run.
        sa.Column("precedence", sa.SmallInteger(), nullable=False, server_default=sa.text("1")),
        sa.Column("retires_on", sa.Date()),
        sa.Column("context_length", sa.BigInteger()),
        sa.Column("output_tokens", sa.BigInteger()),
        sa.Column("input_modalities", _WORDS),
        sa.Column("output_modalities", _WORDS),
        sa.Column("tool_use", sa.Boolean()),
        sa.Column("reasoning", sa.Boolean()),
        sa.Column("structured_output", sa.Boolean()),
    ):
        op.add_column("model_prices", column, schema="budmodel")
    op.drop_constraint(op.f("ck_model_prices_basis"), "model_prices", schema="budmodel")
    op.create_check_constraint(
        "basis",
        "model_prices",
        "basis in ('priced', 'free', 'unclear', 'refused', 'unpublished')",
        schema="budmodel",
    )

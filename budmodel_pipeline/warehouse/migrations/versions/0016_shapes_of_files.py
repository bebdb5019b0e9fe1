"""Whether a real file of a source was ever seen, or its shape is known from documents alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("sources", sa.Column("shape", sa.Text(), nullable=False, server_default="seen"), schema="budmodel")
    op.add_column(
        "sources",
        sa.Column("documented_files", postgresql.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
        schema="budmodel",
    )
    op.create_check_constraint("shape", "sources", "shape in ('seen', 'documented')", schema="budmodel")

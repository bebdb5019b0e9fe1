"""Where a license is granted, what has to be done before use, and weaker evidence that did not decide."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for column in ("territory", "territory_note", "duties", "duties_note"):
        op.add_column("licenses", sa.Column(column, sa.Text(), nullable=True), schema="budmodel")
    for column in ("territory", "duties"):
        op.add_column("license_documents", sa.Column(column, sa.Text(), nullable=True), schema="budmodel")
    op.add_column(
        "model_licenses",
        sa.Column("passed_over", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        schema="budmodel",
    )

"""What a tick looks at does not grow with the models that are known, and no clock says which snapshot was fetched last."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "sweeps",
        sa.Column("sweep", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sweep", name="pk_sweeps"),
        schema="budmodel",
    )
    targets = "extraction_targets"
    # Many wait for the same moment.
    op.drop_index("ix_extraction_targets_status_next_attempt_at", targets, schema="budmodel")
    waiting = ["status", "next_attempt_at", "target"]
    op.create_index("ix_extraction_targets_waiting", targets, waiting, schema="budmodel")
    read = sa.text("status = 'extracted' and batch_id is null")
    op.create_index("ix_extraction_targets_read", targets, ["extracted_at"], schema="budmodel", postgresql_where=read)
    op.create_index("ix_extraction_targets_extracted_at", targets, ["extracted_at"], schema="budmodel")
    op.drop_index("ix_extraction_targets_checked_at", targets, schema="budmodel")
    compared = sa.text("provider = 'hugging_face' and status = 'extracted'")
    op.create_index(
        "ix_extraction_targets_compared", targets, ["checked_at", "target"], schema="budmodel", postgresql_where=compared
    )
    for name in ("target", "uri"):
        op.create_index(f"ix_extraction_targets_any_case_{name}", targets, [sa.text(f"lower({name})")], schema="budmodel")
    op.add_column("sources", sa.Column("latest_snapshot_id", sa.Text()), schema="budmodel")
    op.execute("""
        update budmodel.sources set latest_snapshot_id = (
            select snapshot_id from budmodel.snapshots
            where snapshots.source = sources.source and origin <> 'backfill'
            order by last_seen_at desc, fetched_at desc limit 1
        )
    """)

"""In which order the snapshots of a source became current: clocks jump, and what was published last stands."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("snapshots", sa.Column("published_no", sa.Integer()), schema="budmodel")
    # Each names the one that was current before it.
    op.execute("""
        with recursive chain as (
            select snapshot_id, 1 as published_no from budmodel.snapshots
            where previous_snapshot_id is null and status = 'published' and origin <> 'backfill'
            union all
            select later.snapshot_id, chain.published_no + 1 from budmodel.snapshots later
            join chain on later.previous_snapshot_id = chain.snapshot_id where later.status = 'published'
        )
        update budmodel.snapshots set published_no = chain.published_no from chain
        where snapshots.snapshot_id = chain.snapshot_id
    """)

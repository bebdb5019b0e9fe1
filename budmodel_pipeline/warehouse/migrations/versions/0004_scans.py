"""Whether files are safe: scans of models, their findings, and the results that later scans need not find out again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_model_files_outcome"), "model_files", schema="budmodel")
    op.create_check_constraint(
        op.f("ck_model_files_outcome"),
        "model_files",
        "outcome in ('stored', 'present', 'left_out', 'failed', 'quarantined')",
        schema="budmodel",
    )
    op.create_table(
        "file_digests",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_file_digests")),
        schema="budmodel",
    )
    op.create_table(
        "scan_results",
        sa.Column("cache_key", sa.Text(), nullable=False),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
        sa.Column("engines", postgresql.JSONB(), nullable=False),
        sa.Column("examined_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cache_key", name=op.f("pk_scan_results")),
        schema="budmodel",
    )
    op.create_table(
        "model_scans",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("versions", postgresql.JSONB(), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict in ('safe', 'unscanned', 'error', 'suspicious', 'malicious')", name=op.f("ck_model_scans_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["target"], ["budmodel.extraction_targets.target"], name=op.f("fk_model_scans_target"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_model_scans")),
        schema="budmodel",
    )
    op.create_table(
        "scans",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("engines", postgresql.JSONB(), nullable=False),
        sa.Column("from_cache", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "verdict in ('safe', 'unscanned', 'error', 'suspicious', 'malicious')", name=op.f("ck_scans_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["target"], ["budmodel.model_scans.target"], name=op.f("fk_scans_target"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target", "path", name=op.f("pk_scans")),
        schema="budmodel",
    )
    op.create_index(op.f("ix_scans_sha256"), "scans", ["sha256"], unique=False, schema="budmodel")
    op.create_table(
        "scan_findings",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("finding_no", sa.Integer(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target", "path"],
            ["budmodel.scans.target", "budmodel.scans.path"],
            name=op.f("fk_scan_findings_target"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("target", "path", "finding_no", name=op.f("pk_scan_findings")),
        schema="budmodel",
    )

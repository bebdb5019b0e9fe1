"""Per-model work: targets and their state, what is known of each model, its files, and what people asked for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "extraction_requests",
        sa.Column("request_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('queued', 'running', 'succeeded', 'failed')", name=op.f("ck_extraction_requests_status")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_extraction_requests")),
        schema="budmodel",
    )
    op.create_index(
        op.f("ix_extraction_requests_status_priority_request_id"),
        "extraction_requests",
        ["status", "priority", "request_id"],
        unique=False,
        schema="budmodel",
    )
    op.create_table(
        "extraction_targets",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=True),
        sa.Column("discovered_by", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("failure_state", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("extracted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "provider in ('hugging_face', 'disk', 'url', 'cloud_model')", name=op.f("ck_extraction_targets_provider")
        ),
        sa.CheckConstraint("status in ('waiting', 'extracted', 'failed')", name=op.f("ck_extraction_targets_status")),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_extraction_targets")),
        sa.UniqueConstraint("provider", "uri", name=op.f("uq_extraction_targets_provider_uri")),
        schema="budmodel",
    )
    op.create_index(
        op.f("ix_extraction_targets_checked_at"), "extraction_targets", ["checked_at"], unique=False, schema="budmodel"
    )
    op.create_index(
        op.f("ix_extraction_targets_model_id"), "extraction_targets", ["model_id"], unique=False, schema="budmodel"
    )
    op.create_index(
        op.f("ix_extraction_targets_status_next_attempt_at"),
        "extraction_targets",
        ["status", "next_attempt_at"],
        unique=False,
        schema="budmodel",
    )
    op.create_table(
        "marts_inputs",
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("built_from", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("input", name=op.f("pk_marts_inputs")),
        schema="budmodel",
    )
    op.create_table(
        "model_info",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("extracted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("base_models", postgresql.JSONB(), nullable=False),
        sa.Column("evaluations", postgresql.JSONB(), nullable=False),
        sa.Column("prose", postgresql.JSONB(), nullable=True),
        sa.Column("warnings", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("problems", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("origin in ('sample', 'mirror', 'live')", name=op.f("ck_model_info_origin")),
        sa.ForeignKeyConstraint(
            ["target"], ["budmodel.extraction_targets.target"], name=op.f("fk_model_info_target"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target", "revision", name=op.f("pk_model_info")),
        schema="budmodel",
    )
    op.create_table(
        "model_files",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("copied_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome in ('stored', 'present', 'left_out', 'failed')", name=op.f("ck_model_files_outcome")),
        sa.ForeignKeyConstraint(
            ["target", "revision"],
            ["budmodel.model_info.target", "budmodel.model_info.revision"],
            name=op.f("fk_model_files_target"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("target", "revision", "path", name=op.f("pk_model_files")),
        schema="budmodel",
    )
    op.create_index(op.f("ix_model_files_sha256"), "model_files", ["sha256"], unique=False, schema="budmodel")

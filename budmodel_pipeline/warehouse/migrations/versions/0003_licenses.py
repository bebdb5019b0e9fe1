"""What licenses permit: documents that were read, their answers, which model is under which, and what contradicts itself."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "license_documents",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("text_sha256", sa.Text(), nullable=True),
        sa.Column("object_key", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("license_id", sa.Text(), nullable=True),
        sa.Column("spdx_id", sa.Text(), nullable=True),
        sa.Column("license_type", sa.Text(), nullable=True),
        sa.Column("suitability", sa.Text(), nullable=True),
        sa.Column("coverage", sa.Double(), nullable=False),
        sa.Column("remainder", postgresql.JSONB(), nullable=False),
        sa.Column("near", postgresql.JSONB(), nullable=False),
        sa.Column("candidates", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("llm", postgresql.JSONB(), nullable=True),
        sa.Column("terms_version", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_license_documents")),
        schema="budmodel",
    )
    op.create_table(
        "licenses",
        sa.Column("license_id", sa.Text(), nullable=False),
        sa.Column("spdx_id", sa.Text(), nullable=True),
        sa.Column("license_type", sa.Text(), nullable=True),
        sa.Column("suitability", sa.Text(), nullable=True),
        sa.Column("terms_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("license_id", name=op.f("pk_licenses")),
        schema="budmodel",
    )
    op.create_table(
        "license_answers",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("impact", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=True),
        sa.Column("quote_start", sa.Integer(), nullable=True),
        sa.Column("quote_end", sa.Integer(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "value in ('YES', 'NO', 'CONDITIONAL', 'NOT_APPLICABLE', 'SILENT', 'UNKNOWN')",
            name=op.f("ck_license_answers_value"),
        ),
        sa.CheckConstraint("num_nulls(quote, quote_start, quote_end) in (0, 3)", name=op.f("ck_license_answers_quote")),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["budmodel.license_documents.document_id"],
            name=op.f("fk_license_answers_document_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", "question", name=op.f("pk_license_answers")),
        schema="budmodel",
    )
    op.create_table(
        "license_conflicts",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("claimed", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("severity in ('conflict', 'note')", name=op.f("ck_license_conflicts_severity")),
        sa.ForeignKeyConstraint(
            ["target"], ["budmodel.extraction_targets.target"], name=op.f("fk_license_conflicts_target"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target", "kind", "other", "dimension", name=op.f("pk_license_conflicts")),
        schema="budmodel",
    )
    op.create_table(
        "model_licenses",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("evidence in ('text', 'link', 'tag', 'none')", name=op.f("ck_model_licenses_evidence")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["budmodel.license_documents.document_id"], name=op.f("fk_model_licenses_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["target"], ["budmodel.extraction_targets.target"], name=op.f("fk_model_licenses_target"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_model_licenses")),
        schema="budmodel",
    )
    op.create_index(
        op.f("ix_model_licenses_document_id"), "model_licenses", ["document_id"], unique=False, schema="budmodel"
    )

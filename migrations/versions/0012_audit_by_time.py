"""An index to find entries of the audit log by their time."""

from alembic import op

revision = "0012"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_audit_at_id"), "audit", ["at", "id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_at_id"), table_name="audit")

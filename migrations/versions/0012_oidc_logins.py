"""Logins by OpenID Connect; and an index to find entries of the audit log by their time."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "oidc_logins",
        sa.Column("user_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("linked_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_oidc_logins_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_oidc_logins")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_oidc_logins_issuer_subject")),
    )
    op.create_table(
        "oidc_attempts",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", ROW_ID, nullable=True),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_oidc_attempts_user_id_users")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_oidc_attempts")),
    )
    op.create_index(op.f("ix_audit_at_id"), "audit", ["at", "id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_at_id"), table_name="audit")
    for table in ("oidc_attempts", "oidc_logins"):
        op.drop_table(table)

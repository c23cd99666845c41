"""Attempts that failed, what became of deliveries by the time, and since when a forwarder is in its state."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "delivery_attempts",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("outbox_id", ROW_ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("code", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_delivery_attempts_outbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
    )
    op.create_index(
        op.f("ix_delivery_attempts_outbox_id_id"), "delivery_attempts", ["outbox_id", "id"], unique=False
    )
    op.create_table(
        "delivery_counts",
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("within_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "began_at", "channel", "outcome", "within_ms", name=op.f("pk_delivery_counts")
        ),
    )
    _create_forwarders(sa.Column("state_since", INSTANT, nullable=False))


def downgrade() -> None:
    _create_forwarders()
    for table in ("delivery_counts", "delivery_attempts"):
        op.drop_table(table)


def _create_forwarders(*more: sa.Column[datetime]) -> None:
    """Anew, and empty: each forwarder writes its row every two seconds."""
    op.drop_table("forwarders")
    op.create_table(
        "forwarders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("heartbeat_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        *more,
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forwarders")),
    )

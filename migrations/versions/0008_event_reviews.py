"""Which user has reviewed which event."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "event_reviews",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("reviewed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_event_reviews_event_id_events")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_event_reviews_user_id_users")),
        sa.PrimaryKeyConstraint("event_id", "user_id", name=op.f("pk_event_reviews")),
    )


def downgrade() -> None:
    op.drop_table("event_reviews")

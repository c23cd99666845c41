"""How many events each box sent in each hour, with which oddities, and how late."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
KEY = ("hour", "dev_sno", "source_address", "code")


def upgrade() -> None:
    op.create_table(
        "box_hours",
        sa.Column("hour", INSTANT, nullable=False),
        sa.Column("dev_sno", sa.Text(), nullable=False),
        sa.Column("source_address", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("least_lag_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_at", INSTANT, nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("pk_box_hours")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("box_hours")

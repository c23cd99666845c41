"""Pictures and refused bodies may be encrypted: with which key."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = ("pictures", "quarantine")
_IS_ENCRYPTED = sa.text("key_id IS NOT NULL")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("key_id", sa.LargeBinary(), nullable=True))
        op.create_index(
            f"ix_{table}_key_id",
            table,
            ["key_id"],
            sqlite_where=_IS_ENCRYPTED,
            postgresql_where=_IS_ENCRYPTED,
        )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_index(f"ix_{table}_key_id", table)
        op.drop_column(table, "key_id")

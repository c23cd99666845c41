"""What was delivered leaves the indexes of the outbox; it is counted as it happens instead."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COUNT = sa.text(
    "INSERT INTO counters (name, value)"
    " SELECT 'deliveries_' || state, count(*) FROM outbox"
    " WHERE state IN ('delivered', 'skipped') GROUP BY state"
)


def upgrade() -> None:
    op.drop_index("ix_outbox_state", "outbox")  # first: then nobody settles any more while they are counted
    op.execute(_COUNT)
    _create_partial_index("ix_outbox_claimed", ["channel", "id"], "state = 'claimed'")
    _create_partial_index("ix_outbox_stopped", ["state", "id"], "state IN ('parked', 'skipped', 'dropped')")


def _create_partial_index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "outbox", columns, unique=False, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_outbox_stopped", "outbox")
    op.drop_index("ix_outbox_claimed", "outbox")
    op.create_index("ix_outbox_state", "outbox", ["state"], unique=False)
    op.execute("DELETE FROM counters WHERE name IN ('deliveries_delivered', 'deliveries_skipped')")

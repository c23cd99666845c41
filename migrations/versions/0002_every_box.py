"""Every box: forms with fewer fields, sightings of two copies, warnings, counters."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("events") as events:
        events.alter_column("identity_name", existing_type=sa.Text(), nullable=True)
        events.alter_column("group_name", existing_type=sa.Text(), nullable=True)
        events.alter_column("score", existing_type=sa.Double(), nullable=True)
        events.add_column(sa.Column("sighting_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE events SET sighting_id = id")
    with op.batch_alter_table("events") as events:
        events.alter_column("sighting_id", existing_type=sa.Uuid(), nullable=False)
        events.create_index("ix_events_occurred_at", ["occurred_at"])
        events.create_index("ix_events_sighting_id", ["sighting_id"])
    op.create_table(
        "event_warnings",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("pointer", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_event_warnings_event_id")),
        sa.PrimaryKeyConstraint("event_id", "position", name=op.f("pk_event_warnings")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.add_column("quarantine", sa.Column("code", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("quarantine") as quarantine:
        quarantine.drop_column("code")
    op.drop_table("counters")
    op.drop_table("event_warnings")
    op.drop_index("ix_events_sighting_id", "events")
    op.drop_index("ix_events_occurred_at", "events")
    op.execute("UPDATE events SET identity_name = coalesce(identity_name, '')")
    op.execute("UPDATE events SET group_name = coalesce(group_name, ''), score = coalesce(score, 0)")
    with op.batch_alter_table("events") as events:
        events.alter_column("identity_name", existing_type=sa.Text(), nullable=False)
        events.alter_column("group_name", existing_type=sa.Text(), nullable=False)
        events.alter_column("score", existing_type=sa.Double(), nullable=False)
        events.drop_column("sighting_id")

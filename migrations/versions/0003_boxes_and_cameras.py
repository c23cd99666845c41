"""Boxes, cameras, and the history of their changes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "boxes",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("dev_sno", sa.Text(), nullable=True),
        sa.Column("gateway_sn", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("addresses", sa.Text(), nullable=True),
        sa.Column("port", sa.BigInteger(), nullable=True),
        sa.Column("mac", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("short_version", sa.Text(), nullable=True),
        sa.Column("sdk_version", sa.Text(), nullable=True),
        sa.Column("temperature", sa.Double(), nullable=True),
        sa.Column("cpu_usage", sa.Double(), nullable=True),
        sa.Column("memory_size", sa.Double(), nullable=True),
        sa.Column("memory_usage", sa.Double(), nullable=True),
        sa.Column("disk_size", sa.Double(), nullable=True),
        sa.Column("disk_free_size", sa.Double(), nullable=True),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.Column("period_seconds", sa.Double(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_boxes")),
    )
    op.create_table(
        "cameras",
        sa.Column("box_key", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["box_key"], ["boxes.key"], name=op.f("fk_cameras_box_key")),
        sa.PrimaryKeyConstraint("box_key", "key", name=op.f("pk_cameras")),
    )
    op.create_table(
        "device_changes",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("box_key", sa.Text(), nullable=False),
        sa.Column("camera_key", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["box_key"], ["boxes.key"], name=op.f("fk_device_changes_box_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_changes")),
    )
    op.create_index(op.f("ix_device_changes_box_key_id"), "device_changes", ["box_key", "id"], unique=False)


def downgrade() -> None:
    for table in ("device_changes", "cameras", "boxes"):
        op.drop_table(table)

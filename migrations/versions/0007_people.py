"""People are found by id, and faces compared."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_IS_INDEXED = "length(identity_id) <= 200"  # PostgreSQL refuses rows with much longer ones in an index


def upgrade() -> None:
    _create_partial_index("ix_events_known", f"(person_type IS NULL OR person_type != 4) AND {_IS_INDEXED}")
    _create_partial_index("ix_events_strangers", f"person_type = 4 AND {_IS_INDEXED}")
    op.create_table(
        "face_likeness",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("likeness", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sha256"], ["pictures.sha256"], name=op.f("fk_face_likeness_sha256_pictures"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_face_likeness")),
    )


def _create_partial_index(name: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(
        name, "events", ["identity_id", "id"], unique=False, sqlite_where=where, postgresql_where=where
    )


def downgrade() -> None:
    op.drop_table("face_likeness")
    op.drop_index("ix_events_strangers", "events")
    op.drop_index("ix_events_known", "events")

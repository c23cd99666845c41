"""From which address a login by OpenID Connect was begun: one address must not begin all there may be."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("oidc_attempts", sa.Column("source_address", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("oidc_attempts", "source_address")

"""Presence, capacity and assignment."""

revision = "0008_work"
down_revision = "0007_desk"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

"""Saved views and canned replies."""

revision = "0011_console"
down_revision = "0010_macros"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

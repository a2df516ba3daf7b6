"""Macros and rules for tickets."""

revision = "0010_macros"
down_revision = "0009_case"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

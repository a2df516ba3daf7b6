"""Feedback, and what queued customers chose."""

revision = "0012_feedback"
down_revision = "0011_console"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

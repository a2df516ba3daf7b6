"""Transcripts that were sent, and their hashes."""

revision = "0013_transcripts"
down_revision = "0012_feedback"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

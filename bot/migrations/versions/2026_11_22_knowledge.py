"""Articles proposed from tickets."""

revision = "0014_knowledge"
down_revision = "0013_transcripts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

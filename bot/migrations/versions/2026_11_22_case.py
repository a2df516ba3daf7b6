"""Categories, tags, links, watchers, mentions and files of tickets."""

revision = "0009_case"
down_revision = "0008_work"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

"""Queue rules, assignment, feedback."""

revision = "0007_desk"
down_revision = "0006_service_level"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

"""Days of the working calendar a utility enters in place of the shipped ones."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "planning_holidays",
        sa.Column("day", sa.String(10), primary_key=True, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("planning_holidays")

"""Months closed (月度封账): the figures as they were reported, and every restatement of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def words(name: str, length: int, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), primary_key=key, nullable=False)


def when(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.create_table(
        "reliability_months",
        words("network", 100, key=True),
        words("month", 7, key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False, nullable=False),
        words("fingerprint", 64),
        when("known_at"),
        when("closed_at"),
        words("actor", 100),
        words("reason", 400),
        sa.Column("body", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("reliability_months")

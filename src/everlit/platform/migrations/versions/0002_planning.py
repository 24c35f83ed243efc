"""Requests, outages, assessments, plans, past outages, budgets, the calendar of protected periods, local rules."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def when(name: str, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), primary_key=key, nullable=False)


def words(name: str, length: int, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), primary_key=key, nullable=False)


def number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False)


def body() -> sa.Column[Any]:
    return sa.Column("body", sa.JSON, nullable=False)


def sequence(name: str) -> sa.Column[Any]:
    return sa.Column(name, SEQ, primary_key=True, autoincrement=True)


def upgrade() -> None:
    op.create_table(
        "planning_requests",
        words("network", 100, key=True),
        words("request_id", 80, key=True),
        words("state", 20),
        words("outage_id", 120),
        words("content_hash", 64),
        words("assessment", 64),
        number("version"),
        when("earliest"),
        when("latest"),
        body(),
    )
    op.create_index("ix_planning_requests_network_earliest", "planning_requests", ["network", "earliest"])
    op.create_table(
        "planning_outages",
        words("outage_id", 120, key=True),
        words("network", 100),
        words("state", 20),
        number("version"),
        when("starts_at"),
        when("ends_at"),
        body(),
    )
    op.create_index("ix_planning_outages_network_starts_at", "planning_outages", ["network", "starts_at"])
    op.create_table(
        "planning_assessments",
        sequence("assessment_id"),
        words("network", 100),
        words("subject", 200),
        words("fingerprint", 64),
        when("computed_at"),
        body(),
    )
    op.create_index("ix_planning_assessments_subject", "planning_assessments", ["subject", "assessment_id"])
    op.create_table(
        "planning_plans", sequence("plan_id"), words("network", 100), words("month", 7), when("computed_at"), body()
    )
    op.create_index("ix_planning_plans_network_month", "planning_plans", ["network", "month", "plan_id"])
    op.create_table(
        "planning_history",
        words("network", 100, key=True),
        words("outage_id", 120, key=True),
        when("starts_at"),
        body(),
    )
    op.create_table(
        "planning_budgets",
        words("network", 100, key=True),
        words("unit", 100, key=True),
        words("month", 7, key=True),
        sa.Column("allotted_h", sa.Float, nullable=False),
    )
    op.create_table(
        "planning_calendar",
        words("network", 100, key=True),
        words("key", 100, key=True),
        when("starts_at", key=True),
        when("ends_at"),
        body(),
    )
    op.create_table("planning_policies", words("key", 100, key=True), words("valid_from", 10, key=True), body())
    op.create_table(
        "planning_emergency_plans", words("network", 100, key=True), words("name", 200, key=True), when("approved_at")
    )


def downgrade() -> None:
    for table in (
        "planning_emergency_plans",
        "planning_policies",
        "planning_calendar",
        "planning_budgets",
        "planning_history",
        "planning_plans",
        "planning_assessments",
        "planning_outages",
        "planning_requests",
    ):
        op.drop_table(table)

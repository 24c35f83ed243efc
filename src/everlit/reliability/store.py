"""Where closed months are kept: one row a version, only ever added."""

from collections.abc import Sequence

from sqlalchemy import JSON, Column, Connection, DateTime, Integer, String, Table, insert, select

from everlit.platform.database import metadata
from everlit.platform.events import aware
from everlit.reliability.closing import ClosedMonth

reliability_months = Table(
    "reliability_months",
    metadata,
    Column("network", String(100), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", String(64), nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("reason", String(400), nullable=False),
    Column("body", JSON, nullable=False),
)


def keep_month(connection: Connection, closed: ClosedMonth) -> None:
    """Add one version of a closed month."""
    row = {
        name: getattr(closed, name)
        for name in ("network", "month", "version", "known_at", "closed_at", "actor", "reason")
    }
    body = {"basis": dict(closed.basis), "figures": [dict(one) for one in closed.figures]}
    connection.execute(insert(reliability_months).values(**row, fingerprint=closed.fingerprint, body=body))


def closed_months(connection: Connection, network: str, *, months: Sequence[str] = ()) -> list[ClosedMonth]:
    """Every version of the closed months of a network (of some months), in order of month and version."""
    t = reliability_months.c
    query = select(reliability_months).where(t.network == network).order_by(t.month, t.version)
    if months:
        query = query.where(t.month.in_(months))
    return [
        ClosedMonth(
            row.network, row.month, row.version, aware(row.known_at), aware(row.closed_at), row.actor, row.reason,
            row.body["basis"], tuple(row.body["figures"]),
        )
        for row in connection.execute(query)
    ]  # fmt: skip

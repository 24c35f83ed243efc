"""Where steps done are kept: one row a telling, never changed; of a step told twice the newest counts."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    String,
    Table,
    insert,
    select,
)

from everlit.control.model import DoneStep
from everlit.platform.database import metadata
from everlit.platform.events import aware
from everlit.switching.ticket import Direction

control_steps = Table(
    "control_steps",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("outage_id", String(120), nullable=False),
    Column("way", String(4), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
    Column("by", String(100), nullable=False),
    Column("device", String(200), nullable=False),
    Column("left_out", Boolean, nullable=False),
    Column("note", String(400), nullable=False),
    Index("ix_control_steps_outage", "outage_id", "seq"),
)


def keep_step(connection: Connection, outage_id: str, step: DoneStep, *, told_at: datetime) -> None:
    """Append one telling."""
    row = {
        "outage_id": outage_id, "way": step.way.value, "number": step.number, "at": step.at, "told_at": told_at,
        "by": step.by, "device": step.device, "left_out": step.left_out, "note": step.note,
    }  # fmt: skip
    connection.execute(insert(control_steps).values(row))


def steps_done(connection: Connection, outage_id: str) -> tuple[DoneStep, ...]:
    """The steps of an outage as they count now, in the order of its tickets."""
    query = select(control_steps).where(control_steps.c.outage_id == outage_id).order_by(control_steps.c.seq)
    newest = {
        (row.way, row.number): DoneStep(
            Direction(row.way), row.number, aware(row.at), row.by, row.device, row.left_out, row.note
        )
        for row in connection.execute(query)
    }
    return tuple(sorted(newest.values(), key=lambda one: (one.way is Direction.BACK, one.number)))

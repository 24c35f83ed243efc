"""Where planning keeps its facts: requests, outages, assessments, plans, budgets, calendar, local rules.

Bodies are JSON; what is searched for has a column of its own. Every function works inside the caller's transaction
and is the same on SQLite and PostgreSQL. A change of a request or an outage names the version it was made on: two
planners who change the same outage do not overwrite each other, the second is refused (`UnableToRecord`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    DateTime,
    Float,
    Index,
    Integer,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from everlit.kernel import Finding, Period, Policy, Refusal, Text
from everlit.planning.holidays import CalendarDay
from everlit.planning.model import (
    Budget,
    PlannedOutage,
    ProtectedPeriod,
    State,
    WorkRequest,
    policy_of,
)
from everlit.platform.database import metadata
from everlit.platform.events import aware

_SEQ = BigInteger().with_variant(Integer, "sqlite")

planning_requests = Table(
    "planning_requests",
    metadata,
    Column("network", String(100), primary_key=True),
    Column("request_id", String(80), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("outage_id", String(120), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("assessment", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("earliest", DateTime(timezone=True), nullable=False),
    Column("latest", DateTime(timezone=True), nullable=False),
    Column("body", JSON, nullable=False),
    Index("ix_planning_requests_network_earliest", "network", "earliest"),
)
planning_outages = Table(
    "planning_outages",
    metadata,
    Column("outage_id", String(120), primary_key=True),
    Column("network", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("body", JSON, nullable=False),
    Index("ix_planning_outages_network_starts_at", "network", "starts_at"),
)
planning_assessments = Table(
    "planning_assessments",
    metadata,
    Column("assessment_id", _SEQ, primary_key=True, autoincrement=True),
    Column("network", String(100), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("computed_at", DateTime(timezone=True), nullable=False),
    Column("body", JSON, nullable=False),
    Index("ix_planning_assessments_subject", "subject", "assessment_id"),
)
planning_plans = Table(
    "planning_plans",
    metadata,
    Column("plan_id", _SEQ, primary_key=True, autoincrement=True),
    Column("network", String(100), nullable=False),
    Column("month", String(7), nullable=False),
    Column("computed_at", DateTime(timezone=True), nullable=False),
    Column("body", JSON, nullable=False),
    Index("ix_planning_plans_network_month", "network", "month", "plan_id"),
)
planning_budgets = Table(
    "planning_budgets",
    metadata,
    Column("network", String(100), primary_key=True),
    Column("unit", String(100), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("allotted_h", Float, nullable=False),
)
planning_calendar = Table(
    "planning_calendar",
    metadata,
    Column("network", String(100), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("starts_at", DateTime(timezone=True), primary_key=True),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("body", JSON, nullable=False),
)
planning_holidays = Table(
    "planning_holidays",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("body", JSON, nullable=False),
)
planning_policies = Table(
    "planning_policies",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("valid_from", String(10), primary_key=True),
    Column("body", JSON, nullable=False),
)
planning_emergency_plans = Table(
    "planning_emergency_plans",
    metadata,
    Column("network", String(100), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("approved_at", DateTime(timezone=True), nullable=False),
)
TABLES: tuple[Table, ...] = (
    planning_requests,
    planning_outages,
    planning_assessments,
    planning_plans,
    planning_budgets,
    planning_calendar,
    planning_holidays,
    planning_policies,
    planning_emergency_plans,
)


class UnableToRecord(Refusal):
    """Somebody else changed it meanwhile, or it is there already with other content."""

    title = Text(en="The change was not recorded.", zh="变更未能记录。")


class UnableToFindPlanned(Refusal):
    """No request, outage, assessment or plan of that identity."""

    title = Text(en="No such request or outage.", zh="没有该申请或停电单。")


@dataclass(frozen=True, slots=True)
class FiledRequest:
    """A request as kept: where it stands, in which outage, in which version."""

    network: str
    request: WorkRequest
    state: State
    outage_id: str = ""
    assessment: str = ""
    version: int = 1

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            **self.request.as_json(),
            "network": self.network,
            "state": self.state.value,
            "outage_id": self.outage_id,
            "assessment": self.assessment,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class Stored:
    """An assessment or a plan as kept."""

    identity: int
    network: str
    subject: str
    fingerprint: str
    at: datetime
    body: Mapping[str, Any]


# ------------------------------------------------------------------------------------------------ requests
def file_request(connection: Connection, filed: FiledRequest) -> None:
    """Keep a new request."""
    connection.execute(insert(planning_requests).values(_request_row(filed)))


def change_request(connection: Connection, filed: FiledRequest) -> FiledRequest:
    """Keep a changed request; `filed.version` is the one the change was made on. Raises UnableToRecord."""
    table, after = planning_requests, replace(filed, version=filed.version + 1)
    where = (table.c.network == filed.network, table.c.request_id == filed.request.request_id)
    query = update(table).where(*where, table.c.version == filed.version).values(_request_row(after))
    if connection.execute(query).rowcount != 1:
        raise _conflict(f"request:{filed.request.request_id}", filed.version)
    return after


def _request_row(filed: FiledRequest) -> dict[str, Any]:
    request = filed.request
    return {
        "network": filed.network,
        "request_id": request.request_id,
        "state": filed.state.value,
        "outage_id": filed.outage_id,
        "content_hash": request.content_hash,
        "assessment": filed.assessment,
        "version": filed.version,
        "earliest": request.earliest,
        "latest": request.latest,
        "body": request.as_json(),
    }


def find_request(connection: Connection, network: str, request_id: str) -> FiledRequest | None:
    """A request by identity."""
    table = planning_requests
    query = select(table).where(table.c.network == network, table.c.request_id == request_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _filed(row)


def filed_requests(
    connection: Connection,
    network: str,
    *,
    during: Period | None = None,
    states: Sequence[State] = (),
    outage_id: str | None = None,
) -> list[FiledRequest]:
    """Requests of a network, by identity; `during` keeps those whose offered days touch it."""
    table = planning_requests
    query = select(table).where(table.c.network == network).order_by(table.c.request_id)
    if during is not None:
        query = query.where(table.c.earliest < during.end, table.c.latest > during.start)
    if states:
        query = query.where(table.c.state.in_([state.value for state in states]))
    if outage_id is not None:
        query = query.where(table.c.outage_id == outage_id)
    return [_filed(row) for row in connection.execute(query)]


def _filed(row: Any) -> FiledRequest:
    request = WorkRequest.from_json(row.body)
    return FiledRequest(row.network, request, State(row.state), row.outage_id, row.assessment, row.version)


# ------------------------------------------------------------------------------------------------- outages
def open_outage(connection: Connection, outage: PlannedOutage) -> None:
    """Keep a new outage."""
    connection.execute(insert(planning_outages).values(_outage_row(outage)))


def change_outage(connection: Connection, outage: PlannedOutage, *, made_on: int) -> None:
    """Keep a changed outage made on version `made_on`; raises UnableToRecord."""
    table = planning_outages
    query = update(table).where(table.c.outage_id == outage.outage_id, table.c.version == made_on)
    if connection.execute(query.values(_outage_row(outage))).rowcount != 1:
        raise _conflict(f"outage:{outage.outage_id}", made_on)


def _outage_row(outage: PlannedOutage) -> dict[str, Any]:
    return {
        "outage_id": outage.outage_id,
        "network": outage.network,
        "state": outage.state.value,
        "version": outage.version,
        "starts_at": outage.period.start,
        "ends_at": outage.period.end,
        "body": outage.as_json(),
    }


def find_outage(connection: Connection, outage_id: str) -> PlannedOutage | None:
    """An outage by identity."""
    row = connection.execute(select(planning_outages.c.body).where(planning_outages.c.outage_id == outage_id)).scalar()
    return None if row is None else PlannedOutage.from_json(row)


def outages(
    connection: Connection, network: str, *, during: Period | None = None, states: Sequence[State] = ()
) -> list[PlannedOutage]:
    """Outages of a network by start; `during` keeps those that touch it."""
    table = planning_outages
    query = select(table.c.body).where(table.c.network == network).order_by(table.c.starts_at, table.c.outage_id)
    if during is not None:
        query = query.where(table.c.starts_at < during.end, table.c.ends_at > during.start)
    if states:
        query = query.where(table.c.state.in_([state.value for state in states]))
    return [PlannedOutage.from_json(body) for body in connection.execute(query).scalars()]


# --------------------------------------------------------------------------------- assessments and plans
def keep_assessment(
    connection: Connection, *, network: str, subject: str, fingerprint: str, at: datetime, body: Mapping[str, Any]
) -> int:
    """Keep an assessment and return its identity; assessments are never changed."""
    values = {"network": network, "subject": subject, "fingerprint": fingerprint, "computed_at": at, "body": dict(body)}
    query = insert(planning_assessments).values(values).returning(planning_assessments.c.assessment_id)
    return int(connection.execute(query).scalar_one())


def find_assessment(
    connection: Connection, *, identity: int | None = None, subject: str | None = None, fingerprint: str | None = None
) -> Stored | None:
    """An assessment by identity, or the newest of a subject (of a fingerprint)."""
    table = planning_assessments
    query = select(table).order_by(table.c.assessment_id.desc()).limit(1)
    for column, value in (
        (table.c.assessment_id, identity),
        (table.c.subject, subject),
        (table.c.fingerprint, fingerprint),
    ):
        if value is not None:
            query = query.where(column == value)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Stored(row.assessment_id, row.network, row.subject, row.fingerprint, aware(row.computed_at), row.body)


def dark_loads(
    connection: Connection, network: str, standing: Mapping[str, str]
) -> dict[str, Mapping[str, Sequence[Any]]]:
    """Who is dark by the assessments some subjects stand on (subject to fingerprint): `households` and `patterns` alone."""
    table, subjects = planning_assessments, sorted(standing)
    parts = [table.c.body[part].label(part) for part in DARK_PARTS]
    found: dict[str, Mapping[str, Sequence[Any]]] = {}
    for begin in range(0, len(subjects), 500):
        some = table.c.subject.in_(subjects[begin : begin + 500])
        named = select(table.c.assessment_id, table.c.subject, table.c.fingerprint).where(
            table.c.network == network, some
        )
        newest = {
            row.subject: row.assessment_id
            for row in connection.execute(named.order_by(table.c.assessment_id))
            if row.fingerprint == standing[row.subject]
        }
        query = select(table.c.subject, *parts).where(table.c.assessment_id.in_(newest.values()))
        for row in connection.execute(query).mappings():
            found[row["subject"]] = {part: row[part] for part in DARK_PARTS}
    return found


DARK_PARTS = ("households", "patterns")


def assessment_summaries(
    connection: Connection, network: str, *, subjects: str, known: Collection[int] = ()
) -> tuple[dict[str, int], dict[int, Mapping[str, Any]]]:
    """The newest assessment of every subject that begins with `subjects` ("outage:"), and their headline parts.

    Assessments never change, so those whose numbers are `known` are not read again. The households stay where they are.
    """
    table = planning_assessments
    newest = select(table.c.subject, func.max(table.c.assessment_id)).group_by(table.c.subject)
    where = (table.c.network == network, table.c.subject.startswith(subjects, autoescape=True))
    identities = {subject: int(identity) for subject, identity in connection.execute(newest.where(*where))}
    parts = [table.c.body[part].label(part) for part in SUMMARY_PARTS]
    wanted = [identity for identity in identities.values() if identity not in known]
    found: dict[int, Mapping[str, Any]] = {}
    for begin in range(0, len(wanted), 500):
        query = select(table.c.assessment_id, *parts).where(table.c.assessment_id.in_(wanted[begin : begin + 500]))
        for row in connection.execute(query).mappings():
            found[int(row["assessment_id"])] = {part: row[part] for part in SUMMARY_PARTS}
    return identities, found


SUMMARY_PARTS = (
    "fingerprint", "request_ids", "start", "end", "hours", "hours_without_transfer", "unit_hours", "affected", "gates",
    "important", "approver", "certificate", "isolation", "transfer", "notice_deadline",
)  # fmt: skip


def keep_plan(connection: Connection, *, network: str, month: str, at: datetime, body: Mapping[str, Any]) -> int:
    """Keep a month plan and return its identity; older plans of the month stay."""
    values = {"network": network, "month": month, "computed_at": at, "body": dict(body)}
    query = insert(planning_plans).values(values).returning(planning_plans.c.plan_id)
    return int(connection.execute(query).scalar_one())


def find_plan(connection: Connection, network: str, month: str) -> Stored | None:
    """The newest plan of a month."""
    table = planning_plans
    query = select(table).where(table.c.network == network, table.c.month == month)
    row = connection.execute(query.order_by(table.c.plan_id.desc()).limit(1)).one_or_none()
    return None if row is None else Stored(row.plan_id, row.network, row.month, "", aware(row.computed_at), row.body)


# ------------------------------------------------------------ what an assessment reads beside the network
def keep_budget(connection: Connection, network: str, budget: Budget) -> None:
    """Keep the customer-hours allotted to a unit for a month."""
    table = planning_budgets
    where = (table.c.network == network, table.c.unit == budget.unit, table.c.month == budget.month)
    connection.execute(delete(table).where(*where))
    values = {"network": network, "unit": budget.unit, "month": budget.month, "allotted_h": budget.allotted_h}
    connection.execute(insert(table).values(values))


def budgets(connection: Connection, network: str, month: str) -> dict[str, Budget]:
    """Allotted customer-hours of a month by unit, nothing used yet."""
    table = planning_budgets
    query = select(table).where(table.c.network == network, table.c.month == month).order_by(table.c.unit)
    return {row.unit: Budget(row.unit, row.month, row.allotted_h) for row in connection.execute(query)}


def keep_protected(connection: Connection, network: str, periods: Iterable[ProtectedPeriod]) -> None:
    """Keep protected periods; one of the same key and start is replaced."""
    table = planning_calendar
    for one in periods:
        where = (table.c.network == network, table.c.key == one.key, table.c.starts_at == one.period.start)
        connection.execute(delete(table).where(*where))
        values = {"network": network, "key": one.key, "starts_at": one.period.start, "ends_at": one.period.end}
        connection.execute(insert(table).values(values | {"body": one.as_json()}))


def protected_periods(connection: Connection, network: str, *, during: Period) -> list[ProtectedPeriod]:
    """Protected periods that touch a period."""
    table = planning_calendar
    query = select(table).where(
        table.c.network == network, table.c.starts_at < during.end, table.c.ends_at > during.start
    )
    return [
        ProtectedPeriod(
            row.key,
            Text(**row.body["name"]),
            Period(aware(row.starts_at), aware(row.ends_at)),
            tuple(row.body["units"]),
        )
        for row in connection.execute(query.order_by(table.c.starts_at, table.c.key))
    ]


def keep_days(connection: Connection, days: Iterable[CalendarDay]) -> None:
    """Keep days of the working calendar; one that is there already is replaced."""
    table = planning_holidays
    for one in days:
        connection.execute(delete(table).where(table.c.day == one.day.isoformat()))
        connection.execute(insert(table).values({"day": one.day.isoformat(), "body": one.as_json()}))


def calendar_days(connection: Connection) -> list[CalendarDay]:
    """Every day of the working calendar that was entered."""
    table = planning_holidays
    return [
        CalendarDay.from_json(body) for body in connection.execute(select(table.c.body).order_by(table.c.day)).scalars()
    ]


def keep_policy(connection: Connection, row: Policy) -> None:
    """Keep a local policy row; one of the same key and first day is replaced."""
    table = planning_policies
    where = (table.c.key == row.key, table.c.valid_from == row.valid_from.isoformat())
    connection.execute(delete(table).where(*where))
    connection.execute(
        insert(table).values({"key": row.key, "valid_from": row.valid_from.isoformat(), "body": row.as_json()})
    )


def local_policies(connection: Connection) -> list[Policy]:
    """Every local policy row."""
    return [policy_of(body) for body in connection.execute(select(planning_policies.c.body)).scalars()]


def keep_emergency_plan(connection: Connection, network: str, name: str, *, at: datetime) -> None:
    """Keep that a customer or usage point has an approved emergency plan."""
    table = planning_emergency_plans
    connection.execute(delete(table).where(table.c.network == network, table.c.name == name))
    connection.execute(insert(table).values({"network": network, "name": name, "approved_at": at.astimezone(UTC)}))


def emergency_plans(connection: Connection, network: str) -> frozenset[str]:
    """Customers and usage points with an approved emergency plan."""
    table = planning_emergency_plans
    return frozenset(connection.execute(select(table.c.name).where(table.c.network == network)).scalars())


def _conflict(subject: str, version: int) -> UnableToRecord:
    text = Text(
        f"{subject} was changed by somebody else after version {version}: read it again.",
        f"{subject} 在版本 {version} 之后已被他人修改，请重新读取。",
    )
    return UnableToRecord(Finding("planning.conflict", subject, text, {"version": version}))

"""The nouns of planned outages (停电计划): a request, the outage that carries it, what was computed, who decided.

    WorkRequest (停电申请) ─┐
    WorkRequest            ─┼─► PlannedOutage (一停多用: one outage, several jobs) ─► Assessment (先算) ─► Approval
    WorkRequest            ─┘         │
                                      └─► Execution, Delay ─► review

Everything is frozen; a change is a new value and an event. `as_json` and `from_json` are exact inverses. What people
send is read by `from_json` too: it raises `UnableToReadRequest` with a finding per cell, never anything else.

Departments (五类部门): operations 运维检修, construction 工程建设, metering 计量试验, marketing 营销业扩,
municipal 市政客户.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Self

from everlit.kernel import Finding, Hardness, Period, Policy, Refusal, Text, fingerprint
from everlit.kernel.reading import CHINA, Row

LONGEST_JOB_MIN = 30 * 24 * 60
LARGEST_CREW = 500
MOST_EQUIPMENT = 500
MOST_PRECEDENCE = 100


class Department(StrEnum):
    """Who asks (申报部门)."""

    OPERATIONS = "operations"
    CONSTRUCTION = "construction"
    METERING = "metering"
    MARKETING = "marketing"
    MUNICIPAL = "municipal"


class WorkKind(StrEnum):
    """What is done (工作类别)."""

    MAINTENANCE = "maintenance"
    CONSTRUCTION = "construction"
    TEST = "test"
    NEW_CONNECTION = "new_connection"
    MUNICIPAL = "municipal"


class Nature(StrEnum):
    """Planned: in the approved month plan. Temporary (临时停电): appeared after the monthly freeze."""

    PLANNED = "planned"
    TEMPORARY = "temporary"
    FAULT = "fault"
    RATIONING = "rationing"

    @property
    def arranged(self) -> bool:
        """True for pre-arranged interruptions (预安排停电)."""
        return self is not Nature.FAULT


class State(StrEnum):
    """Where a request or an outage stands (domain rule 3.2)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ASSESSED = "assessed"
    MERGED = "merged"
    BALANCED = "balanced"
    APPROVED = "approved"
    NOTIFIED = "notified"
    PERMITTED = "permitted"
    IN_PROGRESS = "in_progress"
    WORK_DONE = "work_done"
    RESTORING = "restoring"
    RESTORED = "restored"
    ANALYSED = "analysed"
    CLOSED = "closed"
    REJECTED = "rejected"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


class Role(StrEnum):
    """In which role a person acts; the last four are the approval ladder (审批层级) from the lowest up."""

    REQUESTER = "requester"
    PLANNER = "planner"
    RELIABILITY = "reliability"
    DISPATCHER = "dispatcher"
    MARKETING = "marketing"
    CREW = "crew"
    OPERATION_MANAGER = "operation_manager"
    VICE_MANAGER = "vice_manager"
    DEPARTMENT_HEAD = "department_head"
    VICE_DIRECTOR = "vice_director"


LADDER: tuple[Role, ...] = (Role.OPERATION_MANAGER, Role.VICE_MANAGER, Role.DEPARTMENT_HEAD, Role.VICE_DIRECTOR)

DEPARTMENT_WORDS = {
    "运维检修": Department.OPERATIONS,
    "运维": Department.OPERATIONS,
    "工程建设": Department.CONSTRUCTION,
    "工程": Department.CONSTRUCTION,
    "计量试验": Department.METERING,
    "计量": Department.METERING,
    "营销业扩": Department.MARKETING,
    "营销": Department.MARKETING,
    "市政客户": Department.MUNICIPAL,
    "市政": Department.MUNICIPAL,
}
KIND_WORDS = {
    "检修": WorkKind.MAINTENANCE,
    "施工": WorkKind.CONSTRUCTION,
    "试验": WorkKind.TEST,
    "业扩": WorkKind.NEW_CONNECTION,
    "市政": WorkKind.MUNICIPAL,
}


class UnableToReadRequest(Refusal):
    """A work request is not usable; one finding per cell."""

    title = Text(en="The work request could not be read.", zh="停电申请无法读取。")


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """The local hours in which supply may be off for the work, minutes after midnight, half-open; may pass midnight.

    >>> DailyWindow(22 * 60, 6 * 60).minutes
    480
    """

    from_minute: int = 0
    to_minute: int = 1440

    @property
    def minutes(self) -> int:
        """Length of the window; the whole day when both ends are equal."""
        return (self.to_minute - self.from_minute) % 1440 or 1440

    def as_json(self) -> dict[str, str]:
        """As clock times."""
        return {"from": _clock(self.from_minute), "to": _clock(self.to_minute)}


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@dataclass(frozen=True, slots=True)
class WorkRequest:
    """A department's request to work on equipment that has to be dead (停电申请).

    `duration_min` is work time, between permit and return; the switching before and after it is computed and comes on
    top. `latest` is the instant by which supply must be back; `earliest`..`latest` and the daily window hold the whole
    outage; `wanted` is the start its department would choose. `precedence` names requests whose work comes first. `live_line_possible` is the
    applicant's live-line verdict (带电作业判定). With `night_allowed` the work may also stand at night, outside the daily
    window; without `rest_allowed` not on a rest day.
    """

    request_id: str
    department: Department
    kind: WorkKind
    title: Text
    equipment_ids: tuple[str, ...]
    duration_min: int
    earliest: datetime
    latest: datetime
    wanted: datetime | None = None
    daily_window: DailyWindow = DailyWindow()
    crew: str = ""
    crew_size: int = 1
    precedence: tuple[str, ...] = ()
    live_line_possible: bool = False
    generator_kw: float = 0.0
    priority: int = 3
    submitted_at: datetime | None = None
    requester: str = ""
    night_allowed: bool = False
    rest_allowed: bool = True

    def __post_init__(self) -> None:
        if self.duration_min <= 0 or self.latest <= self.earliest:
            raise ValueError("a request needs a positive duration and an earliest before its latest")

    @property
    def window(self) -> Period:
        """The days offered by the applicant."""
        return Period(self.earliest, self.latest)

    @property
    def duration(self) -> timedelta:
        """Length of the work."""
        return timedelta(minutes=self.duration_min)

    @property
    def content_hash(self) -> str:
        """Same content, same hash: sending a request twice changes nothing. Who sent it and when is no content."""
        content = self.as_json()
        return fingerprint({key: content[key] for key in content if key not in ("submitted_at", "requester")})

    def as_json(self) -> dict[str, Any]:
        """The request as files, the API and the store keep it."""
        return {
            "request_id": self.request_id,
            "department": self.department.value,
            "kind": self.kind.value,
            "title_en": self.title.en,
            "title_zh": self.title.zh,
            "equipment_ids": list(self.equipment_ids),
            "duration_min": self.duration_min,
            "earliest": self.earliest.isoformat(),
            "latest": self.latest.isoformat(),
            "wanted": self.wanted and self.wanted.isoformat(),
            "window_from": _clock(self.daily_window.from_minute),
            "window_to": _clock(self.daily_window.to_minute),
            "crew": self.crew,
            "crew_size": self.crew_size,
            "precedence": list(self.precedence),
            "live_line_possible": self.live_line_possible,
            "generator_kw": self.generator_kw,
            "priority": self.priority,
            "submitted_at": self.submitted_at and self.submitted_at.isoformat(),
            "requester": self.requester,
            "night_allowed": self.night_allowed,
            "rest_allowed": self.rest_allowed,
        }

    @classmethod
    def from_json(cls, cells: Mapping[str, Any], *, number: int | None = None, zone: tzinfo = CHINA) -> Self:
        """Read one record; raises UnableToReadRequest with every fault of it."""
        row = Row(cells, subject=str(cells.get("request_id", ""))[:80], number=number, zone=zone)
        values = _request_values(row)
        _check_request(row, values)
        if row.refused:
            raise UnableToReadRequest(*row.findings)
        return cls(**values)


def _request_values(row: Row) -> dict[str, Any]:
    request_id = row.text("request_id", longest=80)
    title_en, title_zh = row.text("title_en", default=""), row.text("title_zh", default="")
    if not (title_en or title_zh):
        row.note("title_en", "missing", "title_en or title_zh is missing.", "缺少 title_en 或 title_zh。")
    return {
        "request_id": request_id,
        "department": row.choice("department", Department, words=DEPARTMENT_WORDS),
        "kind": row.choice("kind", WorkKind, words=KIND_WORDS),
        "title": Text(title_en or title_zh or "", title_zh or title_en or ""),
        "equipment_ids": row.words("equipment_ids", most=MOST_EQUIPMENT),
        "duration_min": row.integer("duration_min", low=1, high=LONGEST_JOB_MIN),
        "earliest": row.instant("earliest"),
        "latest": row.instant("latest", end_of_day=True),
        "wanted": row.instant("wanted", required=False),
        "daily_window": DailyWindow(
            row.minute_of_day("window_from", default=0), row.minute_of_day("window_to", default=1440)
        ),
        "crew": row.text("crew", default="", longest=80),
        "crew_size": row.integer("crew_size", low=1, high=LARGEST_CREW, default=1),
        "precedence": row.words("precedence", most=MOST_PRECEDENCE, default=()),
        "live_line_possible": row.flag("live_line_possible"),
        "generator_kw": row.number_between("generator_kw", low=0, high=100_000, default=0.0),
        "priority": row.integer("priority", low=1, high=5, default=3),
        "submitted_at": row.instant("submitted_at", required=False),
        "requester": row.text("requester", default="", longest=80),
        "night_allowed": row.flag("night_allowed"),
        "rest_allowed": row.flag("rest_allowed", default=True),
    }


def _check_request(row: Row, values: Mapping[str, Any]) -> None:
    """What no single cell can say."""
    earliest, latest, minutes = values["earliest"], values["latest"], values["duration_min"]
    window: DailyWindow = values["daily_window"]
    if earliest and latest and latest <= earliest:
        row.note("latest", "window.order", "latest is not after earliest.", "最晚时间不晚于最早时间。")
    elif earliest and latest and minutes and latest - earliest < timedelta(minutes=minutes):
        row.note(
            "duration_min", "window.short", "The offered days are shorter than the work.", "可停时段短于工作时长。"
        )
    wanted = values["wanted"]
    if wanted and earliest and latest and not earliest <= wanted < latest:
        row.note(
            "wanted", "window.wanted", "The wanted start lies outside the offered days.", "期望开始不在可停时段内。"
        )
    if minutes and minutes > window.minutes and window.minutes < 1440:
        row.note(
            "duration_min", "window.daily", "The daily window is shorter than the work.", "每日可停时段短于工作时长。"
        )
    if values["request_id"] in values["precedence"]:
        row.note("precedence", "precedence.self", "A request cannot come before itself.", "申请不能以自身为前置。")


@dataclass(frozen=True, slots=True)
class ProtectedPeriod:
    """A time in which supply is protected (保供电时段): examinations, festivals, elections, extreme weather."""

    key: str
    name: Text
    period: Period
    units: tuple[str, ...] = ()  # operating units concerned; empty means all

    def as_json(self) -> dict[str, Any]:
        """As the calendar shows it."""
        return {"key": self.key, "name": self.name.as_json(), "units": list(self.units), **self.period.as_json()}


@dataclass(frozen=True, slots=True)
class Budget:
    """Customer-hours (时户数) one operating unit may use in one month, and what is used and committed of it."""

    unit: str
    month: str
    allotted_h: float
    used_h: float = 0.0
    committed_h: float = 0.0

    @property
    def left_h(self) -> float:
        """What is left."""
        return self.allotted_h - self.used_h - self.committed_h

    def as_json(self) -> dict[str, Any]:
        """As the assessment shows it."""
        names = {"unit": self.unit, "month": self.month}
        return {
            **names,
            "allotted_h": self.allotted_h,
            "used_h": self.used_h,
            "committed_h": self.committed_h,
            "left_h": self.left_h,
        }


class AlternativeKind(StrEnum):
    """What can be done instead of, or beside, cutting people off."""

    LIVE_LINE = "live_line"
    BYPASS_CABLE = "bypass_cable"
    MOBILE_GENERATOR = "mobile_generator"


@dataclass(frozen=True, slots=True)
class Alternative:
    """One option (带电作业, 旁路电缆, 发电车) with what it keeps and what it costs."""

    kind: AlternativeKind
    possible: bool
    reason: Text
    units: int = 0
    households: int = 0
    customer_hours: float = 0.0
    cost_yuan: float = 0.0
    places: tuple[str, ...] = ()

    @property
    def yuan_per_customer_hour(self) -> float | None:
        """Price of one customer-hour kept, None when none is kept."""
        return self.cost_yuan / self.customer_hours if self.customer_hours > 0 else None

    def as_json(self) -> dict[str, Any]:
        """As the assessment page shows it."""
        price = self.yuan_per_customer_hour
        return {
            "kind": self.kind.value,
            "possible": self.possible,
            "reason": self.reason.as_json(),
            "units": self.units,
            "households": self.households,
            "customer_hours": round(self.customer_hours, 4),
            "cost_yuan": round(self.cost_yuan, 2),
            "yuan_per_customer_hour": None if price is None else round(price, 2),
            "places": list(self.places),
        }


def policy_of(body: Mapping[str, Any]) -> Policy:
    """The row `Policy.as_json` wrote."""
    last = body["valid_to"]
    return Policy(
        body["key"],
        body["value"],
        body["unit"],
        body["comparator"],
        Text(**body["title"]),
        Hardness(body["hardness"]),
        body["jurisdiction"],
        body["document"],
        body["confidence"],
        date.fromisoformat(body["valid_from"]),
        None if last is None else date.fromisoformat(last),
    )


class Outcome(StrEnum):
    """What a gate says: pass, warn (shown and kept), approve (a higher level must agree), block (nobody can)."""

    PASS = "pass"
    WARN = "warn"
    APPROVE = "approve"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Gate:
    """One checked rule with the row it cites, what was measured and whom it concerns."""

    key: str
    outcome: Outcome
    policy: Policy
    measured: float
    message: Text
    subjects: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As the assessment shows it, the policy row included."""
        return {
            "key": self.key,
            "outcome": self.outcome.value,
            "measured": round(self.measured, 6),
            "message": self.message.as_json(),
            "subjects": list(self.subjects),
            "policy": self.policy.as_json(),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Inverse of as_json."""
        row, message = policy_of(raw["policy"]), Text(**raw["message"])
        return cls(raw["key"], Outcome(raw["outcome"]), row, raw["measured"], message, tuple(raw["subjects"]))

    def as_finding(self) -> Finding:
        """The gate as the reason of a refusal."""
        evidence = {
            "policy": self.policy.key,
            "value": self.policy.value,
            "unit": self.policy.unit,
            "measured": self.measured,
        }
        return Finding(f"gate.{self.key}", self.key, self.message, {**evidence, "subjects": list(self.subjects)})


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved what, in which role, when, on which assessment."""

    actor: str
    role: Role
    at: datetime
    fingerprint: str

    def as_json(self) -> dict[str, Any]:
        """As the outage keeps it."""
        return {
            "actor": self.actor,
            "role": self.role.value,
            "at": self.at.isoformat(),
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Inverse of as_json."""
        return cls(raw["actor"], Role(raw["role"]), datetime.fromisoformat(raw["at"]), raw["fingerprint"])


class DelayCode(StrEnum):
    """Why restoration was late (延时送电原因); the list of domain rule 3.5."""

    SWITCHING_CREW_LATE = "switching_crew_late"
    PERMIT_LATE = "permit_late"
    SCOPE_GREW = "scope_grew"
    QUALITY_RETEST = "quality_retest"
    WEATHER = "weather"
    MATERIAL = "material"
    USER_COORDINATION = "user_coordination"
    PROTECTION_COMMISSIONING = "protection_commissioning"
    FAULT_DURING_RESTORATION = "fault_during_restoration"
    SAFETY_STOP = "safety_stop"
    DISPATCH_BUSY = "dispatch_busy"


@dataclass(frozen=True, slots=True)
class Delay:
    """A late restoration with its mandatory reason (延时送电)."""

    outage_id: str
    minutes: float
    code: DelayCode
    note: str
    actor: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """As the outage keeps it."""
        return {
            "outage_id": self.outage_id,
            "minutes": self.minutes,
            "code": self.code.value,
            "note": self.note,
            "actor": self.actor,
            "at": self.at.isoformat(),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Inverse of as_json."""
        when = datetime.fromisoformat(raw["at"])
        return cls(raw["outage_id"], float(raw["minutes"]), DelayCode(raw["code"]), raw["note"], raw["actor"], when)


@dataclass(frozen=True, slots=True)
class Execution:
    """When things really happened: work permitted, switched off, work finished, switching back begun and ended."""

    permitted_at: datetime | None = None
    off_at: datetime | None = None
    work_done_at: datetime | None = None
    restoring_at: datetime | None = None
    restored_at: datetime | None = None

    def as_json(self) -> dict[str, str | None]:
        """Instants, None where not reached."""
        return {name: _iso(getattr(self, name)) for name in Execution.__slots__}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Inverse of as_json."""
        return cls(**{name: _instant(raw.get(name)) for name in Execution.__slots__})


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class PlannedOutage:
    """One outage for one or several requests (一停多用), from the merge to the closed file.

    `version` counts changes, so that two planners cannot overwrite each other. `noticed` is the fingerprint of what
    people were told; a later change or cancellation sets `renotice`. `starts` says when the work of each request
    begins, in the order of `request_ids`; empty when all begin with the outage. `requesters` are all who asked for it
    or handled a request of it: they do not approve it. `why_temporary` says why a temporary one could not wait.
    """

    outage_id: str
    network: str
    request_ids: tuple[str, ...]
    equipment_ids: tuple[str, ...]
    period: Period
    state: State = State.MERGED
    nature: Nature = Nature.PLANNED
    units: tuple[str, ...] = ()
    requesters: tuple[str, ...] = ()
    version: int = 1
    assessment: str = ""
    approval: Approval | None = None
    noticed: str = ""
    renotice: bool = False
    execution: Execution = Execution()
    delay: Delay | None = None
    reason: str = ""
    starts: tuple[datetime, ...] = ()
    why_temporary: str = ""

    def at(self, period: Period) -> "PlannedOutage":
        """The same outage at another time; the work inside moves with it."""
        later = period.start - self.period.start
        return replace(self, period=period, starts=tuple(start + later for start in self.starts))

    def lasting(self, period: Period) -> "PlannedOutage":
        """The same outage with another length: work that began with it begins with it again, other work stays."""
        first = self.period.start
        starts = (period.start if start == first else max(start, period.start) for start in self.starts)
        return replace(self, period=period, starts=tuple(starts))

    def start_of(self, request_id: str) -> datetime:
        """When the work of a request begins."""
        known = dict(zip(self.request_ids, self.starts, strict=False))
        return known.get(request_id, self.period.start)

    def as_json(self) -> dict[str, Any]:
        """As the store and the API keep it."""
        return {
            "outage_id": self.outage_id,
            "network": self.network,
            "request_ids": list(self.request_ids),
            "equipment_ids": list(self.equipment_ids),
            "start": self.period.start.isoformat(),
            "end": self.period.end.isoformat(),
            "state": self.state.value,
            "nature": self.nature.value,
            "units": list(self.units),
            "requesters": list(self.requesters),
            "version": self.version,
            "assessment": self.assessment,
            "approval": self.approval and self.approval.as_json(),
            "noticed": self.noticed,
            "renotice": self.renotice,
            "execution": self.execution.as_json(),
            "delay": self.delay and self.delay.as_json(),
            "reason": self.reason,
            "starts": [start.isoformat() for start in self.starts],
            "why_temporary": self.why_temporary,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Inverse of as_json."""
        return cls(
            raw["outage_id"],
            raw["network"],
            tuple(raw["request_ids"]),
            tuple(raw["equipment_ids"]),
            Period(datetime.fromisoformat(raw["start"]), datetime.fromisoformat(raw["end"])),
            State(raw["state"]),
            Nature(raw["nature"]),
            tuple(raw["units"]),
            tuple(raw["requesters"]),
            int(raw["version"]),
            raw["assessment"],
            raw["approval"] and Approval.from_json(raw["approval"]),
            raw["noticed"],
            bool(raw["renotice"]),
            Execution.from_json(raw["execution"]),
            raw["delay"] and Delay.from_json(raw["delay"]),
            raw["reason"],
            tuple(datetime.fromisoformat(start) for start in raw.get("starts", ())),
            str(raw.get("why_temporary", "")),
        )

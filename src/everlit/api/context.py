"""What every route may ask for: the application, and who acts.

Until accounts exist the acting person and role are picked at entry and sent with each change (headers X-Actor, X-Role;
the browser keeps them in cookies). The server therefore binds to loopback only.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, cast
from urllib.parse import unquote

import msgspec
from fastapi import Depends, Path, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime

from everlit.app import LONGEST, App
from everlit.grid.compile import Bools
from everlit.kernel import Finding, Period, Refusal, Text
from everlit.planning.model import Role
from everlit.platform.events import Actor, UnableToAct, nameless

ROLES: dict[str, Text] = {
    Role.REQUESTER: Text("requesting department", "申请部门"),
    Role.PLANNER: Text("outage planner", "停电计划员"),
    Role.RELIABILITY: Text("reliability engineer", "可靠性专责"),
    Role.DISPATCHER: Text("dispatcher", "调度员"),
    Role.MARKETING: Text("service and notices", "营销服务"),
    Role.CREW: Text("switching crew", "操作班组"),
    Role.OPERATION_MANAGER: Text("operation manager", "运维主管"),
    Role.VICE_MANAGER: Text("vice manager", "分管副经理"),
    Role.DEPARTMENT_HEAD: Text("department head", "部门负责人"),
    Role.VICE_DIRECTOR: Text("vice director", "分管副局长"),
}


MONTH = r"^20\d\d-(0[1-9]|1[0-2])$"
"""A month as paths and queries name it, 2000-01 to 2099-12."""


EARLIEST, LATEST = 1900, 2199
"""Years an instant may lie in: beyond them no calendar and no database agrees on anything."""


def reachable(at: datetime) -> datetime:
    """The instant itself; raises ValueError when its year is beyond reason, which is where changing its zone may fail.

    >>> reachable(datetime(2026, 6, 1)).year
    2026
    """
    if not EARLIEST <= at.year <= LATEST:
        raise ValueError(f"the year must lie within {EARLIEST} and {LATEST}")
    return at


Instant = Annotated[AwareDatetime, AfterValidator(reachable)]
"""An instant as requests name it: ISO 8601 with an offset, in a year within reason."""


class UnableToUsePeriod(Refusal):
    """The period is empty, runs backwards or is absurdly long."""

    title = Text(en="The period is not valid.", zh="时间段无效。")


def period_of(start: datetime, end: datetime) -> Period:
    """The half-open period of a request body; raises UnableToUsePeriod."""
    if not timedelta(0) < end - start <= LONGEST:
        words = Text("The period must end after it starts, within 31 days.", "结束必须晚于开始,且不超过31天。")
        raise UnableToUsePeriod(Finding("period.invalid", start.isoformat(), words))
    return Period(start, end)


def application(request: Request) -> App:
    """The application the server was built with."""
    return cast(App, request.app.state.app)


def acting(request: Request) -> Actor:
    """Who acts: header or cookie; raises UnableToAct when the name is missing or the role unknown."""
    name = unquote(request.headers.get("x-actor") or request.cookies.get("actor") or "").strip()
    role = request.headers.get("x-role") or request.cookies.get("role") or ""
    if nameless(name) is not None or role not in ROLES:
        roles = ", ".join(ROLES)
        raise UnableToAct(
            Finding(
                "actor.role",
                name or "?",
                Text(f"Name who acts and one role of {roles}.", f"请指明操作人和角色:{roles}。"),
            )
        )
    return Actor(name, role)


def json_response(value: Any, status: int = 200) -> Response:
    """A response encoded once, fast."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


@dataclass(frozen=True, slots=True)
class AsOf:
    """Which state is asked about: the one at `at` (now unless told), as it was known at `known_at`."""

    at: datetime | None = None
    known_at: datetime | None = None

    def closed(self, app: App, network: str) -> Bools:
        """Switch positions of a network in that state."""
        return app.closed(network, at=self.at, known_at=self.known_at)


def as_of(at: Instant | None = None, known_at: Instant | None = None) -> AsOf:
    """Query parameters `at` and `known_at`: any instant, ISO 8601 with an offset."""
    return AsOf(at, known_at)


def network_of(request: Request, network: Annotated[str, Query(max_length=100)] = "") -> str:
    """The network asked for, or the one shown first; raises what `App.grid` raises for one that does not exist."""
    name = network or str(getattr(request.app.state, "network", "urban"))
    application(request).grid(name)
    return name


TheApp = Annotated[App, Depends(application)]
TheNetwork = Annotated[str, Depends(network_of)]
TheState = Annotated[AsOf, Depends(as_of)]
Month = Annotated[str, Path(pattern=MONTH)]
TheActor = Annotated[Actor, Depends(acting)]

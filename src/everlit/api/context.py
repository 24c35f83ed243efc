"""What every route may ask for: the application, and who acts.

Until accounts exist the acting person and role are picked at entry and sent with each change (headers X-Actor, X-Role;
the browser keeps them in cookies). The server therefore binds to loopback only.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, cast
from urllib.parse import unquote

import msgspec
from fastapi import Depends, Request, Response

from everlit.app import LONGEST, App
from everlit.kernel import Finding, Period, Refusal, Text
from everlit.planning.model import Role
from everlit.platform.events import Actor

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


class UnableToAct(Refusal):
    """A change needs a person and a known role."""

    title = Text(en="Nobody was named for this change.", zh="未指明操作人。")


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
    if not name or len(name) > 100 or role not in ROLES:
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


TheApp = Annotated[App, Depends(application)]
TheActor = Annotated[Actor, Depends(acting)]

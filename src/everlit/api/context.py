"""What every route may ask for: the application, and who acts.

Until accounts exist the acting person and role are picked at entry and sent with each change (headers X-Actor, X-Role;
the browser keeps them in cookies). The server therefore binds to loopback only.
"""

from typing import Annotated, Any, cast
from urllib.parse import unquote

import msgspec
from fastapi import Depends, Request, Response

from everlit.app import App
from everlit.kernel import Finding, Refusal, Text
from everlit.platform.events import Actor

ROLES: dict[str, Text] = {
    "planner": Text("outage planner", "停电计划员"),
    "dispatcher": Text("dispatcher", "调度员"),
    "reliability": Text("reliability engineer", "可靠性专责"),
    "requester": Text("requesting department", "申请部门"),
    "marketing": Text("service and notices", "营销服务"),
    "crew": Text("switching crew", "操作班组"),
    "approver": Text("approving manager", "审批人"),
}


class UnableToAct(Refusal):
    """A change needs a person and a known role."""

    title = Text(en="Nobody was named for this change.", zh="未指明操作人。")


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

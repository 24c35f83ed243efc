"""Who may, what is refused, and under which subjects planning files what happened."""

from everlit.kernel import Finding, Refusal, Text
from everlit.planning.model import PlannedOutage, Role
from everlit.planning.roles import MAY
from everlit.planning.store import FiledRequest, UnableToFindPlanned
from everlit.platform.events import Actor


class UnableToPlan(Refusal):
    """The planning command cannot be carried out."""

    title = Text(en="The planning command was refused.", zh="计划操作被拒绝。")


def role_of(actor: Actor) -> Role:
    """The planning role of an actor; raises UnableToPlan for a role planning does not know."""
    try:
        return Role(actor.role)
    except ValueError:
        known = ", ".join(role.value for role in Role)
        en, zh = f"{actor.role} is no planning role; known: {known}.", f"{actor.role} 不是停电计划角色；可用：{known}。"
        raise UnableToPlan(fault("role", actor.name, en, zh)) from None


def only(actor: Actor, what: str) -> None:
    """Refuse a command to everybody but the roles it is for; raises UnableToPlan."""
    if role_of(actor) not in MAY[what]:
        names = ", ".join(sorted(role.value for role in MAY[what]))
        raise UnableToPlan(fault("role", actor.name, f"{what} is for {names}.", f"{what} 限 {names}。"))


def fault(kind: str, subject: str, en: str, zh: str) -> Finding:
    """A finding of planning."""
    return Finding(f"planning.{kind}", subject, Text(en, zh))


def unknown(kind: str, identity: str) -> UnableToFindPlanned:
    """No request, outage, assessment or plan of that identity."""
    words = {"request": "申请", "outage": "停电单", "assessment": "评估", "plan": "月度计划"}
    return UnableToFindPlanned(
        fault(f"{kind}.unknown", identity, f"No {kind} {identity}.", f"没有{words[kind]} {identity}。")
    )


def request_subject(filed: FiledRequest) -> str:
    """What events and assessments of a request are filed under."""
    return f"request:{filed.network}/{filed.request.request_id}"


def outage_subject(outage: PlannedOutage) -> str:
    """What events and assessments of an outage are filed under."""
    return f"outage:{outage.outage_id}"

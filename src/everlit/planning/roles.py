"""Who may do what beside the steps of the lifecycle (岗位权限): one row a command. `lifecycle` names the roles of the steps.

>>> sorted(role.value for role in MAY["month.plan"])
['planner', 'reliability']
"""

from collections.abc import Mapping

from everlit.planning.model import LADDER, Role

_PLANS = frozenset({Role.PLANNER, Role.RELIABILITY})
_RULES = frozenset({*_PLANS, *LADDER})

MAY: Mapping[str, frozenset[Role]] = {
    "request.submit": frozenset({Role.REQUESTER, Role.PLANNER}),
    "month.plan": _PLANS,
    "month.adopt": _PLANS,
    "policy.set": _RULES,
    "budget.set": _RULES,
    "calendar.protected": _RULES,
    "calendar.days": _RULES,
    "notices.queue": frozenset({Role.MARKETING}),
    "faults.signals": frozenset({Role.DISPATCHER, Role.CREW, Role.RELIABILITY}),
    "faults.calls": frozenset({Role.DISPATCHER, Role.MARKETING}),
    "emergency_plan.approve": frozenset({Role.MARKETING, *LADDER}),
}
"""An emergency plan lifts gates of the assessment: who plans the outage does not approve it."""

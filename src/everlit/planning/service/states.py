"""States of outages and requests by what planning asks of them: who is agreed, under way, open for a month plan."""

from everlit.planning.lifecycle import Command
from everlit.planning.model import State

EXECUTED = (State.RESTORED, State.ANALYSED, State.CLOSED)
COMMITTED = (
    State.APPROVED, State.NOTIFIED, State.PERMITTED, State.IN_PROGRESS, State.WORK_DONE, State.RESTORING,
)  # fmt: skip
SWITCHED = (State.IN_PROGRESS, State.WORK_DONE, State.RESTORING)
"""Outages under way: what they have operated is put back when they end."""
ALONE = (State.SUBMITTED, State.ASSESSED)
OPEN = (State.MERGED, State.BALANCED)
FIXED = (*COMMITTED, *EXECUTED)
"""Outages that were approved: they use up budgets."""
AGREED = (State.BALANCED, *FIXED)
"""Outages whose time is agreed: a new plan leaves them where they stand. To plan a balanced one anew, cancel it."""
TO_COME = (State.BALANCED, *COMMITTED)
"""Outages that are agreed and not restored yet: they count for repeats as assessed. What happened, the ledger tells."""
CHECKED_AGAIN = (Command.BALANCE, Command.APPROVE, Command.NOTIFY, Command.PERMIT)
"""Steps before which the gates are asked again about what others entered or agreed since the assessment."""

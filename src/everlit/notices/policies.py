"""The thresholds of notices as rows (规则登记表), and the numbers the rules read of them.

>>> rules = rules_of(NOTICE_POLICIES, on=date(2026, 6, 1))
>>> rules.retry_first_s, rules.link_certain
(5.0, 0.9)
"""

from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from everlit.kernel import Policies
from everlit.kernel.policy import register

NOTICE_POLICIES = Policies(register((files("everlit.notices") / "policies.csv").read_text("utf-8")))
"""The rows as shipped; those of the law (7 days, 24 hours) stand in the register of planning, which asks them first."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What deciding and sending compare with on a day."""

    link_certain: float
    link_least: float
    rounding_min: float
    early_min: float
    restored_h: float
    attempts: int
    retry_first_s: float
    retry_longest_s: float
    lease_s: int
    ask_first_s: float
    ask_patience_s: float
    ask_delivery_s: float
    breaker_failures: int
    breaker_rest_s: float
    second_after_s: float


def rules_of(policies: Policies, *, on: date) -> Rules:
    """The rules in force on a day; raises UnableToFindPolicy."""

    def value(key: str) -> float:
        return policies.value(key, on=on)

    return Rules(
        link_certain=value("link.certain"),
        link_least=value("link.least"),
        rounding_min=value("text.rounding"),
        early_min=value("early_restore.tolerance"),
        restored_h=value("restored.told_within"),
        attempts=int(value("outbox.attempts")),
        retry_first_s=value("outbox.retry_first"),
        retry_longest_s=value("outbox.retry_longest"),
        lease_s=int(value("outbox.lease")),
        ask_first_s=value("outbox.ask_first"),
        ask_patience_s=value("outbox.ask_patience"),
        ask_delivery_s=value("outbox.ask_delivery"),
        breaker_failures=int(value("outbox.breaker_failures")),
        breaker_rest_s=value("outbox.breaker_rest"),
        second_after_s=value("outbox.second_after"),
    )

"""How far each source is believed, as rows (规则登记表): miss and false rates, half-lives, and how faults behave.

None has been checked against a text: all are starting values, shown as unverified, to be replaced by the utility's own.
`Rules` is what the inference reads.

>>> rules = rules_of(FAULT_POLICIES, on=date(2026, 6, 1))
>>> rules.rates[SignalKind.OVERCURRENT]
Rates(miss=0.05, false=0.01, half_s=86400.0)
>>> any(row.verified for row in FAULT_POLICIES.rows)
False
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from everlit.faults.model import MEASURED, SignalKind
from everlit.kernel import Policies
from everlit.kernel.policy import register

FAULT_POLICIES = Policies(register((files("everlit.faults") / "policies.csv").read_text("utf-8")))
"""The rows as shipped."""
LEAST = 1e-9
"""No rate is nearer to 0 or 1 than this: nothing anybody says is beyond doubt."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Of one kind of signal: silent though it is so, said though it is not, and the age at which half is forgotten."""

    miss: float
    false: float
    half_s: float


@dataclass(frozen=True, slots=True)
class Rules:
    """The rows as numbers; shares unless the name says otherwise."""

    rates: Mapping[SignalKind, Rates]
    over: float
    mute: float
    certain: float
    refuses: float
    alone: float
    source_lost: float
    own: float
    window_h: float
    place_per_year: float
    earth_share: float
    open_share: float
    shown: float
    shown_device: float


def rules_of(policies: Policies, *, on: date) -> Rules:
    """The rules in force on a day, `policies` over the shipped rows; raises UnableToFindPolicy."""
    rows = FAULT_POLICIES.replaced(policies.rows)

    def share(name: str) -> float:
        return min(max(rows.value(f"fault.{name}", on=on), LEAST), 1 - LEAST)

    rates = {
        kind: Rates(
            share(f"{kind.value}.miss"),
            share(f"{kind.value}.false"),
            max(rows.value(f"fault.{kind.value}.half", on=on) * 3600, 1.0),
        )
        for kind in sorted(MEASURED)
    }
    return Rules(
        rates=rates,
        over=share("group.over"),
        mute=share("group.mute"),
        certain=share("group.certain"),
        refuses=share("device.refuses"),
        alone=share("device.alone"),
        source_lost=share("source.lost"),
        own=share("customer.own"),
        window_h=max(rows.value("fault.window", on=on), LEAST),
        place_per_year=rows.value("fault.rate.place", on=on),
        earth_share=share("earth.share"),
        open_share=share("open.share"),
        shown=share("shown"),
        shown_device=share("shown.device"),
    )

"""Nouns of fault location: a signal as it came, a place that may be faulty, a device that may have opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from everlit.kernel import Text


class SignalKind(StrEnum):
    """What a signal tells of; `value` says yes or no to it.

    position open?, trip of a protection, overcurrent passed?, earth fault behind (directional)?, power_off (last gasp),
    power_on, ping answered?, call, concentrator reports its area lost, crew found a fault?, reporting: this meter's last
    gasps do arrive, disconnected (for arrears, or by the customer).
    """

    POSITION = "position"
    TRIP = "trip"
    OVERCURRENT = "overcurrent"
    EARTH = "earth"
    POWER_OFF = "power_off"
    POWER_ON = "power_on"
    PING = "ping"
    CALL = "call"
    CONCENTRATOR = "concentrator"
    CREW = "crew"
    REPORTING = "reporting"
    DISCONNECTED = "disconnected"


MEASURED = frozenset(SignalKind) - {SignalKind.DISCONNECTED}
"""Kinds with rates of their own; a disconnection is taken as told."""
AT_EDGES = (SignalKind.POSITION, SignalKind.TRIP, SignalKind.OVERCURRENT, SignalKind.EARTH)
"""Said of a switch; indicators also of a line."""
AT_PLACES = (SignalKind.CONCENTRATOR, SignalKind.CREW)
"""Said of a place: any equipment."""


class FaultKind(StrEnum):
    """What may have happened in a place: a short circuit, an earth fault that trips nothing, an open conductor."""

    SHORT_CIRCUIT = "short_circuit"
    EARTH_FAULT = "earth_fault"
    OPEN_CONDUCTOR = "open_conductor"

    @property
    def label(self) -> Text:
        """As people say it."""
        return _FAULT_LABELS[self]


_FAULT_LABELS = {
    FaultKind.SHORT_CIRCUIT: Text("short circuit", "短路"),
    FaultKind.EARTH_FAULT: Text("single-phase earth fault", "单相接地"),
    FaultKind.OPEN_CONDUCTOR: Text("open conductor", "断线缺相"),
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal (信号): who said what of which equipment, when by his own clock (offset kept), and when it arrived.

    `value` is the yes or no of its kind; `phase` A, B, C or empty; `group` the concentrator that passed it on, or empty.
    """

    source: str
    source_id: str
    kind: SignalKind
    subject: str
    value: bool
    occurred_at: datetime
    arrived_at: datetime
    phase: str = ""
    group: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "source": self.source, "source_id": self.source_id, "kind": self.kind.value, "subject": self.subject,
            "value": self.value, "occurred_at": self.occurred_at.isoformat(), "arrived_at": self.arrived_at.isoformat(),
            "phase": self.phase, "group": self.group,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a place is believed or not: what was said, and its weight, the natural logarithm of a likelihood ratio.

    Positive weights speak for the place, negative ones against it.
    """

    subject: str
    words: Text
    weight: float

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {"subject": self.subject, "words": self.words.as_json(), "weight": round(self.weight, 4)}


@dataclass(frozen=True, slots=True)
class Place:
    """A place that may be faulty: its section, the equipment in it, how probable, as which fault, and the reasons."""

    section: str
    equipment: tuple[str, ...]
    feeder: str
    p: float
    kinds: Mapping[FaultKind, float]
    phase: str
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        kinds = {kind.value: round(p, 6) for kind, p in self.kinds.items()}
        reasons = [reason.as_json() for reason in self.reasons]
        return {
            "section": self.section, "p": round(self.p, 6), "equipment": list(self.equipment), "feeder": self.feeder,
            "kinds": kinds, "phase": self.phase, "reasons": reasons,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Device:
    """A device that has opened, how probably, and how many households hang under it."""

    equipment: str
    p: float
    households: int

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {"equipment": self.equipment, "p": round(self.p, 6), "households": self.households}


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What would decide between the places: a meter to ping or a place to patrol, and what it is expected to tell, bits."""

    action: str
    subject: str
    section: str
    bits: float

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {"action": self.action, "subject": self.subject, "section": self.section, "bits": round(self.bits, 4)}


@dataclass(frozen=True, slots=True)
class Located:
    """The answer: places and devices, most probable first; customers who are off by themselves; who was explained by
    planned work or a disconnection; whatever says nothing because nobody is fed through it; and what would decide it.

    `faults_expected` are those beyond what any day brings: the sum of what the evidence has added to every place.
    """

    at: datetime
    signals: int
    places: tuple[Place, ...]
    devices: tuple[Device, ...]
    faults_expected: float
    customer_side: tuple[str, ...]
    explained: tuple[str, ...]
    unused: tuple[str, ...]
    decide: tuple[Inquiry, ...]

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "at": self.at.isoformat(),
            "signals": self.signals,
            "faults_expected": round(self.faults_expected, 6),
            "places": [place.as_json() for place in self.places],
            "devices": [device.as_json() for device in self.devices],
            "customer_side": list(self.customer_side),
            "explained": list(self.explained),
            "unused": list(self.unused),
            "decide": [inquiry.as_json() for inquiry in self.decide],
        }

"""Feeder automation by voltage and time: what the field does by itself after a trip, without anybody's order.

    breaker ── 0 ── S1 ── 1 ── S2 ── 2 ── S3 ── 3 ── tie ∙ another feeder

A sectionaliser opens when voltage is lost and closes X after one of its sides has voltage again. Loses it the voltage
within Y of its closing, it has closed onto the fault and stays open (Y-lock); a flash of voltage on its dead far side
keeps it open too (X-lock). The tie closes when one of its sides has been dead for its own delay, unless a flash locked it.
A feeder without branches, one permanent fault, cleared at once.
"""

import heapq
from dataclasses import dataclass
from datetime import date

from everlit.faults.policies import FAULT_POLICIES
from everlit.kernel import Finding, Policies, Refusal, Text

WORDS = {
    "trips": Text("trips", "跳闸"),
    "closes": Text("closes", "合闸"),
    "Y-lock": Text("stays open (Y-lock)", "Y时限闭锁"),
    "X-lock": Text("stays open (X-lock)", "X时限闭锁"),
}


class UnableToAutomate(Refusal):
    """The settings or the place contradict the logic."""

    title = Text(en="The automation cannot be simulated.", zh="无法模拟馈线自动化。")


@dataclass(frozen=True, slots=True)
class Automation:
    """Settings of a feeder with so many sectionalisers, seconds; sections are numbered 0 to `sectionalisers`."""

    sectionalisers: int
    x_s: int = 7
    y_s: int = 5
    reclose_s: int = 5
    recloses: int = 2
    tie_s: int = 60


@dataclass(frozen=True, slots=True)
class Happening:
    """What a device does at a second after the fault."""

    at_s: int
    device: str
    what: str


def automation_of(policies: Policies, *, on: date, sectionalisers: int) -> Automation:
    """The settings in force on a day, `policies` over the shipped rows."""
    rows = FAULT_POLICIES.replaced(policies.rows)
    x, y, reclose, recloses, tie = (
        round(rows.value(f"fault.automation.{name}", on=on)) for name in ("x", "y", "reclose", "recloses", "tie")
    )
    return Automation(sectionalisers, x, y, reclose, recloses, tie)


def field_timeline(feeder: Automation, *, fault: int) -> tuple[Happening, ...]:
    """What happens after a permanent fault in section `fault`, in order; raises UnableToAutomate (domain 5.3).

    >>> for each in field_timeline(Automation(sectionalisers=3), fault=2):
    ...     print(each.at_s, each.device, each.what)
    0 breaker trips
    5 breaker closes
    12 S1 closes
    19 S2 closes
    19 breaker trips
    19 S2 Y-lock
    19 S3 X-lock
    24 breaker closes
    31 S1 closes
    60 tie closes
    """
    _refuse(feeder, fault)
    return _Field(feeder, fault).run()


def _refuse(feeder: Automation, fault: int) -> None:
    if not 0 <= fault <= feeder.sectionalisers:
        text = Text(f"There is no section {fault}.", f"没有区段 {fault}。")
        raise UnableToAutomate(Finding("automation.section", str(fault), text))
    waits = feeder.recloses * feeder.reclose_s + feeder.sectionalisers * feeder.x_s
    if not (0 < feeder.y_s < feeder.x_s and feeder.recloses >= 1 <= feeder.reclose_s and feeder.tie_s > waits):
        text = Text(
            f"Y must be shorter than X, the breaker recloses at least once, the tie waits longer than {waits} s.",
            f"Y 时限应小于 X 时限,断路器至少重合一次,联络开关延时应大于 {waits} s。",
        )
        raise UnableToAutomate(Finding("automation.settings", "settings", text))


class _Field:
    """Devices 0 (breaker), 1 … n (sectionalisers), n + 1 (tie); device i stands before section i."""

    def __init__(self, feeder: Automation, fault: int) -> None:
        self.feeder, self.fault, self.tie = feeder, fault, feeder.sectionalisers + 1
        self.closed = [False] * (self.tie + 1)
        self.locked: set[int] = set()
        self.queue: list[tuple[int, int]] = []
        self.said: list[Happening] = [Happening(0, "breaker", "trips")]
        self.left = feeder.recloses

    def run(self) -> tuple[Happening, ...]:
        self._reclose(0)
        heapq.heappush(self.queue, (self.feeder.tie_s, self.tie))
        while self.queue:
            at, device = heapq.heappop(self.queue)
            if device not in self.locked and not self.closed[device]:
                self._close(at, device)
        return tuple(self.said)

    def _reclose(self, at: int) -> None:
        self.left -= 1
        if self.left >= 0:
            heapq.heappush(self.queue, (at + self.feeder.reclose_s, 0))

    def _close(self, at: int, device: int) -> None:
        self._say(at, device, "closes")
        self.closed[device] = True
        backwards = device == self.tie or (device > 0 and not self.closed[device - 1])
        reached, beyond = (device - 1, device - 1) if backwards else (device, device + 1)
        if reached == self.fault:
            self._trip(at, device, beyond)
        elif 0 < beyond < self.tie and not self.closed[beyond]:
            heapq.heappush(self.queue, (at + self.feeder.x_s, beyond))

    def _trip(self, at: int, device: int, beyond: int) -> None:
        self._say(at, 0, "trips")
        self.closed = [False] * len(self.closed)
        self.queue = [row for row in self.queue if row[1] == self.tie]
        for other, lock in ((device, "Y-lock"), (beyond, "X-lock")):
            if other > 0 and other not in self.locked:
                self.locked.add(other)
                self._say(at, other, lock)
        self._reclose(at)

    def _say(self, at: int, device: int, what: str) -> None:
        name = "breaker" if device == 0 else "tie" if device == self.tie else f"S{device}"
        self.said.append(Happening(at, name, what))

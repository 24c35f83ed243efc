"""When X then Y (联动): what one capability does because of what happened in another, as one table.

A fact of planning and the reaction to it are one transaction: either an outage is approved as told and its notices are
queued, or neither. A reaction that is refused refuses its cause.

    planning.outage.notify      people are told the final plan: the first word, changes, that it is off for some
    planning.outage.assessed    another plan than the one told: nobody who does not know it yet is told it
    planning.outage.move …      the time told no longer stands: whoever was told hears that it is off
    control.step                whoever is dead against the plan is told, and everybody as soon as it will be late
    planning.outage.restore     refused while the steps as told leave somebody off. Supply is back: told, booked in the
                                ledger as the steps were done, and then compared: who was told with who was off, and
                                who was off against the plan with who heard of it
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from everlit.control.astray import Astray
from everlit.control.service import Control
from everlit.grid import Grid
from everlit.kernel import Finding, Period, Text
from everlit.notices.channel import Kind
from everlit.notices.model import Group, Happening, instant, seconds
from everlit.notices.policies import rules_of
from everlit.notices.recipients import groups_of
from everlit.notices.reconcile import Dead, Reconciliation
from everlit.notices.service import Notices
from everlit.planning import store
from everlit.planning.delays import Risk
from everlit.planning.lifecycle import UnableToAdvance
from everlit.planning.model import Nature, PlannedOutage, State
from everlit.platform.events import Actor

REACTING = Actor("everlit", "system")
MOST_NAMED = 3
ASTRAY = "/astray"
"""Ending of the event under which people hear that they are dead against the plan of an outage."""
OTHERWISE = Text("switching did not go as planned", "操作未按计划进行")
HALF_HOUR_S = 1800
KINDS: Mapping[Nature, Kind] = {Nature.PLANNED: Kind.PLANNED, Nature.TEMPORARY: Kind.TEMPORARY}


@dataclass(frozen=True, slots=True)
class Reactions:
    """What reactions need: the notices, the networks, and who speaks (the utility and its hotline)."""

    notices: Notices
    control: Control
    grid: Callable[[str], Grid]
    sender: Text
    hotline: str

    def __call__(self, connection: Connection, kind: str, subject: str, _body: Mapping[str, Any]) -> None:
        """React to a fact inside its transaction."""
        for reaction in WHEN.get(kind, ()):
            outage = store.find_outage(connection, subject.removeprefix("outage:"))
            if outage is not None:
                reaction(self, connection, outage)

    def happening(self, connection: Connection, outage: PlannedOutage) -> Happening:
        """What people have to be told about an outage, by the assessment it stands on."""
        stored = store.find_assessment(connection, subject=f"outage:{outage.outage_id}", fingerprint=outage.assessment)
        body: Mapping[str, Any] = stored.body if stored else {"patterns": [], "households": [], "start": ""}
        rules = rules_of(self.notices.policies(), on=self.notices.clock().date())
        return Happening(
            outage.outage_id,
            outage.network,
            KINDS.get(outage.nature, Kind.PLANNED),
            outage.period,
            groups_of(body, rounding_min=rules.rounding_min) if stored else (),
            _cause(connection, outage),
            _area(self.grid(outage.network), body["households"]),
            self.sender,
            self.hotline,
            {"affected": sum(row["households"] for row in body["households"])},
        )


def tell(react: Reactions, connection: Connection, outage: PlannedOutage) -> None:
    """Tell the final plan; telling a cancelled or postponed outage tells that it is off."""
    if outage.state in (State.CANCELLED, State.POSTPONED):
        call_off(react, connection, outage)
    else:
        react.notices.announce(connection, react.happening(connection, outage), actor=REACTING)


def call_off(react: Reactions, connection: Connection, outage: PlannedOutage) -> None:
    """Whoever was told hears that it does not take place at the time told."""
    react.notices.call_off(connection, outage.outage_id, actor=REACTING)


def hold(react: Reactions, connection: Connection, outage: PlannedOutage) -> None:
    """When the plan is another one than people were told, nobody else is told the old one."""
    if outage.renotice:
        react.notices.withdraw(connection, outage.outage_id, actor=REACTING, why="assessed anew")


def restored(react: Reactions, connection: Connection, outage: PlannedOutage) -> None:
    """Supply is back."""
    at = outage.execution.restored_at or react.notices.clock()
    react.notices.restored(connection, outage.outage_id, at, actor=REACTING)


def followed(react: Reactions, connection: Connection, outage: PlannedOutage) -> None:
    """After each step: whoever is dead against the plan is told at once, and everybody as soon as it will be late."""
    made, off = react.control.going(connection, outage)
    now, event = react.notices.clock(), f"{outage.outage_id}{ASTRAY}"
    if off.since is None:
        react.notices.restored(connection, event, now, actor=REACTING)
    elif now < outage.period.end:
        spans = ((seconds(off.since), seconds(outage.period.end)),)
        named = off.as_json()["dead"]
        happening = replace(
            react.happening(connection, outage),
            event_id=event, kind=Kind.FAULT, period=Period(off.since, outage.period.end),
            groups=(Group(spans, tuple(named["consumers"])),), cause=OTHERWISE, area=_area(off.grid, _lost(off)),
            facts={"affected": named["households"]},
        )  # fmt: skip
        if not react.notices.stands(connection, happening):
            react.notices.announce(connection, happening, actor=REACTING)
    if made.risk in (Risk.AT_RISK, Risk.LATE):
        react.notices.delayed(connection, outage.outage_id, _half_hour_after(made.expected), actor=REACTING)


def _lost(off: Astray) -> list[dict[str, Any]]:
    """Feeder and households of every load that is dead against the plan."""
    grid, feeders = off.grid, off.grid.feeder_ids.to_pylist()
    homes = grid.network.tables["consumers"].column("households").take(off.dead).to_pylist()
    fed = grid.normal_feeder[grid.section_of_node[grid.consumer_node[off.dead]]].tolist()
    return [
        {"feeder_id": feeders[row] if row >= 0 else None, "households": count}
        for row, count in zip(fed, homes, strict=True)
    ]


def _half_hour_after(expected: datetime) -> datetime:
    """The next half hour: people are not told every minute of a delay."""
    return instant(-(-seconds(expected) // HALF_HOUR_S) * HALF_HOUR_S)


def back_indeed(react: Reactions, connection: Connection, outage: PlannedOutage) -> None:
    """Nobody says that supply is back while the switches as told leave somebody without; raises UnableToAdvance."""
    off = react.control.still_off(connection, outage)
    if off.dead.size:
        named = off.as_json()["dead"]
        count = named["households"]
        words = Text(
            f"{count} households are still off by the steps as told: tell the steps that brought supply back.",
            f"按已登记的步骤，仍有 {count} 户停电：请先登记恢复供电的步骤。",
        )
        evidence = {"households": count, "consumers": named["consumers"][:MOST_NAMED]}
        raise UnableToAdvance(Finding("control.still_off", outage.outage_id, words, evidence=evidence))


def booked(react: Reactions, connection: Connection, outage: PlannedOutage) -> None:
    """Who was dead from when to when goes into the ledger."""
    react.control.book(connection, outage, actor=REACTING)


def reconciled(react: Reactions, connection: Connection, outage: PlannedOutage) -> None:
    """Who was told is compared with who was off by the ledger."""
    compare(react, connection, outage, actor=REACTING)
    compare_astray(react, connection, outage, actor=REACTING)


def compare(react: Reactions, connection: Connection, outage: PlannedOutage, *, actor: Actor) -> Reconciliation:
    """Who was told of an outage, whom its final assessment had dark, and who was off by the ledger."""
    stored = store.find_assessment(connection, subject=f"outage:{outage.outage_id}", fingerprint=outage.assessment)
    dead = Dead(*react.control.ledger.dead_in(connection, outage.network, outage.outage_id))
    rows = [row for row in stored.body["households"] if stored.body["patterns"][row["pattern"]]] if stored else []
    planned = [row["consumer_id"] for row in rows]
    return react.notices.reconcile(connection, outage.network, outage.outage_id, dead, planned=planned, actor=actor)


def compare_astray(
    react: Reactions, connection: Connection, outage: PlannedOutage, *, actor: Actor
) -> Reconciliation | None:
    """Who heard of the darkness against the plan of an outage while it lasted, and who was in it; None when there was none."""
    off, event = react.control.strayed(connection, outage), f"{outage.outage_id}{ASTRAY}"
    if not len(off.consumer_ids) and not react.notices.spoken(connection, event):
        return None
    dead = Dead(off.consumer_ids, off.start_s, off.end_s)
    return react.notices.reconcile(connection, outage.network, event, dead, planned=(), actor=actor, unplanned=True)


WHEN: Mapping[str, tuple[Callable[[Reactions, Connection, PlannedOutage], None], ...]] = {
    "planning.outage.notify": (tell,),
    "planning.outage.assessed": (hold,),
    "planning.outage.move": (call_off,),
    "planning.outage.resize": (call_off,),
    "planning.outage.replanned": (call_off,),
    "planning.outage.postpone": (call_off,),
    "planning.outage.cancel": (call_off,),
    "planning.outage.reject": (call_off,),
    "control.step": (followed,),
    "planning.outage.restore": (back_indeed, restored, booked, reconciled),
}
"""The table."""


def _cause(connection: Connection, outage: PlannedOutage) -> Text:
    """Why: what the requests of the outage are called."""
    filed = [store.find_request(connection, outage.network, name) for name in outage.request_ids]
    titles = [one.request.title for one in filed if one is not None]
    english = ", ".join(dict.fromkeys(title.en for title in titles if title.en)) or "work on the network"
    return Text(english, "、".join(dict.fromkeys(title.zh for title in titles if title.zh)) or "电网检修")


def _area(grid: Grid, households: Iterable[Mapping[str, Any]]) -> Text:
    """Where: the lines concerned by their names, and about how many households."""
    rows = list(households)
    names = dict.fromkeys(row["feeder_id"] for row in rows if row["feeder_id"])
    table = grid.network.tables["feeders"]
    zh = dict(zip(*(table.column(name).to_pylist() for name in ("feeder_id", "name_zh")), strict=True))
    en = dict(zip(*(table.column(name).to_pylist() for name in ("feeder_id", "name")), strict=True))
    shown, count = list(names)[:MOST_NAMED], sum(row["households"] for row in rows)
    return Text(
        f"parts of {', '.join(en[name] or name for name in shown) or 'the network'} (about {count} households)",
        f"{'、'.join(zh[name] or en[name] or name for name in shown) or '电网'}部分用户(约{count}户)",
    )

"""One step of an operation ticket (操作步骤): an action on a device, spoken by its double name (双重名称: name and number).

Steps carry identities, never indices, so that a ticket can be stored, printed and simulated again on the same network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid import Grid
from everlit.kernel import Text


class Action(StrEnum):
    """What a step does."""

    OPEN = "open"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    INSERT = "insert"
    TEST = "test"
    EARTH = "earth"
    UNEARTH = "unearth"
    TAG = "tag"
    UNTAG = "untag"
    PERMIT = "permit"
    RETURN = "return"
    RECLOSING_OFF = "reclosing_off"
    RECLOSING_ON = "reclosing_on"
    GENERATOR_OFF = "generator_off"
    GENERATOR_ON = "generator_on"
    UNDISTURBED = "undisturbed"


SWITCHED = (Action.OPEN, Action.CLOSE)
"""The actions that change who is connected to whom."""

VERBS: Mapping[Action, Text] = {
    Action.OPEN: Text("open", "断开"),
    Action.CLOSE: Text("close", "合上"),
    Action.WITHDRAW: Text("withdraw to the maintenance position", "将手车拉至检修位置："),
    Action.INSERT: Text("insert to the service position", "将手车推至工作位置："),
    Action.TEST: Text("prove dead at", "验明确无电压："),
    Action.EARTH: Text("earth at", "装设接地："),
    Action.UNEARTH: Text("remove the earth at", "拆除接地："),
    Action.TAG: Text('lock and tag "do not close" on', "加锁并挂“禁止合闸，有人工作”牌："),
    Action.UNTAG: Text("unlock and remove the tag from", "解锁并取下标示牌："),
    Action.PERMIT: Text("issue work permit", "许可工作："),
    Action.RETURN: Text("receive back work permit", "工作终结："),
    Action.RECLOSING_OFF: Text("disable reclosing of", "停用重合闸："),
    Action.RECLOSING_ON: Text("enable reclosing of", "投入重合闸："),
    Action.GENERATOR_OFF: Text("confirm disconnected:", "确认电源已断开："),
    Action.GENERATOR_ON: Text("release for reconnection:", "允许电源并网："),
    Action.UNDISTURBED: Text(
        "confirm with the dispatcher no earth fault and a normal neutral on both sides of",
        "向调度确认两侧无接地故障、中性点方式正常：",
    ),
}


class Phase(StrEnum):
    """Which part of the ticket a step belongs to."""

    TRANSFER = "transfer"
    ISOLATE = "isolate"
    PERMIT = "permit"
    RETURN = "return"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a ticket.

    `device` is the identity acted on: a switch, an earth or node, a feeder, a generator, or the name of a permit whose
    work sections stand in `area`. `travel_min` and `minutes` pass before the step is done at `at_min` of the ticket.
    """

    action: Action
    device: str
    name: str = ""
    number: int = 0
    phase: Phase = Phase.ISOLATE
    minutes: float = 0.0
    travel_min: float = 0.0
    at_min: float = 0.0
    hot: bool = False
    area: tuple[str, ...] = ()
    note: Text = field(default_factory=lambda: Text("", ""))

    @property
    def item(self) -> Text:
        """The item as read out and repeated back."""
        verb, name = VERBS[self.action], self.name or self.device
        return Text(en=f"{verb.en} {name}", zh=f"{verb.zh}{name}")

    def as_json(self) -> dict[str, Any]:
        """The row as stored and shown by the API."""
        return {
            "number": self.number,
            "action": self.action.value,
            "device": self.device,
            "name": self.name,
            "phase": self.phase.value,
            "at_min": self.at_min,
            "minutes": self.minutes,
            "travel_min": self.travel_min,
            "hot": self.hot,
            "area": list(self.area),
            "item": self.item.as_json(),
            "note": self.note.as_json(),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Step":
        """The step `as_json` wrote."""
        return cls(
            action=Action(row["action"]), device=row["device"], name=row["name"], number=row["number"],
            phase=Phase(row["phase"]), minutes=row["minutes"], travel_min=row["travel_min"], at_min=row["at_min"],
            hot=row["hot"], area=tuple(row["area"]), note=Text(**row["note"]),
        )  # fmt: skip


def double_name(grid: Grid, identity: str) -> str:
    """Name and number of a device; the number alone where it has no name."""
    known: dict[str, str] = vars(grid).setdefault("_double_names", {})
    if identity not in known:
        known[identity] = _double_name(grid, identity)
    return known[identity]


def _double_name(grid: Grid, identity: str) -> str:
    table = grid.network.tables[{"earths": "switches"}.get(kind := grid.equipment(identity).kind, kind)]
    if "name" not in table.column_names:
        return identity
    name = table.column("name")[pc.index(table.column(0), pa.scalar(identity)).as_py()].as_py()
    return f"{name} {identity}" if name and name != identity else identity


def is_remote(grid: Grid, switch: int) -> bool:
    """True when the control room can operate a switch (遥控)."""
    kept = vars(grid).get("_switch_remote")
    if kept is None:
        table = grid.network.tables["switches"]
        rows = pc.index_in(grid.switch_ids, value_set=table.column("switch_id").combine_chunks())
        kept = vars(grid).setdefault("_switch_remote", np.asarray(table.column("remote").take(rows)))
    return bool(kept[switch])

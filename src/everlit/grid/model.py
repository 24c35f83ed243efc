"""The network as delivered (网络模型): frozen tables under CIM names, and the nouns one row of them stands for.

A `Network` holds whole columns, because a utility has a million of everything; a noun such as `Switch` is one row,
made when a person or a rule asks for it by identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid.nouns import CLASSES, IdentifiedObject, noun_of
from everlit.grid.schema import IMPORTANCES, SWITCH_KINDS
from everlit.kernel import Finding, Refusal, Text


class SwitchKind(IntEnum):
    """CIM class of a switching device, as stored in compiled arrays."""

    BREAKER = 0
    LOAD_BREAK_SWITCH = 1
    DISCONNECTOR = 2
    FUSE = 3
    RECLOSER = 4
    SECTIONALISER = 5
    GROUND_DISCONNECTOR = 6


class Importance(IntEnum):
    """Importance grade (重要等级) of a usage point, weightier is higher; domain rule 10."""

    ORDINARY = 0
    SENSITIVE = 1
    TEMPORARY = 2
    SECOND = 3
    FIRST = 4
    SPECIAL = 5


assert tuple(kind.name.lower() for kind in SwitchKind) == SWITCH_KINDS
assert tuple(grade.name.lower() for grade in Importance) == IMPORTANCES


class UnableToFindThing(Refusal):
    """Nothing of that identity."""

    title = Text(en="No such thing.", zh="没有该对象。")


@dataclass(frozen=True, slots=True)
class Network:
    """One version of a network: validated tables with defaults filled in.

    `fingerprint` is the hash of the tables' content, `manifest` carries licence, provenance and what was generated.
    """

    name: str
    title: Text
    tables: Mapping[str, pa.Table]
    fingerprint: str
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def noun(self, identity: str) -> IdentifiedObject:
        """The thing of that identity under its CIM name; raises UnableToFindThing.

        Identities are looked for among equipment first, then substations and feeders.
        """
        for name in reversed(list(self.tables)):
            table = self.tables[name]
            row = pc.index(table.column(0), identity).as_py() if name in CLASSES else -1
            if row >= 0:
                return noun_of(name, table.slice(row, 1).to_pylist()[0])
        text = Text(en=f"Nothing in {self.name} is called {identity}.", zh=f"{self.name} 中没有 {identity}。")
        raise UnableToFindThing(Finding("thing.unknown", identity, text))

    def count(self, table: str) -> int:
        """Number of rows of a table."""
        return int(self.tables[table].num_rows)

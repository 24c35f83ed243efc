"""The network as delivered (网络模型): frozen tables under CIM names, and the nouns one row of them stands for.

A `Network` holds whole columns, because a utility has a million of everything; a noun such as `Switch` is one row,
made when a person or a rule asks for it by identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import pyarrow as pa

from everlit.grid.schema import IMPORTANCES, SWITCH_KINDS
from everlit.kernel import Text


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

    def count(self, table: str) -> int:
        """Number of rows of a table."""
        return int(self.tables[table].num_rows)

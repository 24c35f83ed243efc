"""What a breakdown parts by (分组): each customer, or each event, stands in exactly one part, so that parts add up.

Who has no feeder, or an area class nobody entered, stands in a part of his own (key "-"), never outside the sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from everlit.grid.columns import Bools, Ints
from everlit.kernel import Text
from everlit.ledger.columns import Events, Subjects
from everlit.ledger.model import Cause, Nature
from everlit.reliability.model import By

NOBODY = "-"
AREAS = (
    Text("unknown", "未知"), Text("city centre", "市中心"), Text("city", "市区"), Text("town", "城镇"), Text("rural", "农村"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a breakdown; the whole has no key."""

    key: str
    label: Text


WHOLE = Part("", Text("all", "全部"))


def parts_of_customers(subjects: Subjects, by: By) -> tuple[list[Part], Ints]:
    """The parts, and the part of each customer, for a breakdown by what a customer belongs to."""
    if by is By.AREA:
        parts = [Part(str(number) if number else NOBODY, label) for number, label in enumerate(AREAS)]
        return parts, np.where((subjects.area_class >= 0) & (subjects.area_class < 5), subjects.area_class, 0).astype(
            np.int32
        )
    names, place = {
        By.FEEDER: (subjects.feeder_ids, subjects.feeder),
        By.SUBSTATION: (subjects.substation_ids, subjects.substation),
        By.UNIT: (subjects.unit_names, subjects.unit),
    }[by]
    return [*_named(names), Part(NOBODY, Text("none", "无"))], np.where(place < 0, len(names), place).astype(np.int32)


def parts_of_events(events: Events, by: By) -> tuple[list[Part], list[Bools]]:
    """The parts, and the events [m] of each, for a breakdown by why it happened; one empty part where nothing did."""
    choices: Sequence[Nature] | Sequence[Cause] = tuple(Nature) if by is By.NATURE else tuple(Cause)
    codes = events.nature if by is By.NATURE else events.cause
    if not len(events):
        return [Part(NOBODY, Text("none", "无"))], [np.zeros(0, np.bool_)]
    present = [code for code in range(len(choices)) if bool((codes == code).any())]
    return [Part(choices[code].value, choices[code].label) for code in present], [codes == code for code in present]


def _named(names: pa.Array) -> list[Part]:
    return [Part(name, Text(name, name)) for name in names.to_pylist()]

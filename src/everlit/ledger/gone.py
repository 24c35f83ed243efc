"""Those who are gone (已销户对象): whoever was off and is in the network no longer still counts where he was.

He is taken with his weights from another version of the network; N of a period is then everyone of the version as
known, and whoever of others was off.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from everlit.grid.columns import Ints
from everlit.grid.identities import Identities
from everlit.ledger.columns import Subjects


def with_gone(subjects: Subjects, other: Subjects, ids: pa.Array) -> Subjects:
    """`subjects` and behind them those of `ids` that only `other`, another version of the network, has."""
    missing = Identities(subjects.ids).rows(ids) < 0
    rows = Identities(other.ids).rows(ids)
    rows = np.unique(rows[missing & (rows >= 0)])
    if not len(rows):
        return subjects
    feeder_ids, feeder = _joined(subjects.feeder_ids, other.feeder_ids, other.feeder[rows])
    substation_ids, substation = _joined(subjects.substation_ids, other.substation_ids, other.substation[rows])
    unit_names, unit = _joined(subjects.unit_names, other.unit_names, other.unit[rows])
    return replace(
        subjects,
        ids=pa.concat_arrays([subjects.ids, other.ids.take(pa.array(rows))]),
        households=np.concatenate([subjects.households, other.households[rows]]),
        units=np.concatenate([subjects.units, other.units[rows]]),
        kva=np.concatenate([subjects.kva, other.kva[rows]]),
        area_class=np.concatenate([subjects.area_class, other.area_class[rows]]),
        feeder=np.concatenate([subjects.feeder, feeder]),
        feeder_ids=feeder_ids,
        substation=np.concatenate([subjects.substation, substation]),
        substation_ids=substation_ids,
        unit=np.concatenate([subjects.unit, unit]),
        unit_names=unit_names,
    )


def _joined(names: pa.Array, others: pa.Array, codes: Ints) -> tuple[pa.Array, Ints]:
    """Names with those of the others behind them, and codes of the others as codes of both."""
    known = Identities(names).rows(others)
    new = np.flatnonzero(known < 0)
    known[new] = len(names) + np.arange(len(new), dtype=np.int32)
    return pa.concat_arrays([names, others.take(pa.array(new))]), np.append(known, np.int32(-1))[codes]

"""What following a fault works on (故障推演的数据): the graph of sections as plain arrays, the faults, a working space."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from everlit.grid.columns import Bools, Floats, Ints

LIVE, OFF, FAULTY, FED = 0, 1, 2, 3
BELOW = 4
SAME_KV = 0.99
ROUNDING_KW = 1e-9
States = npt.NDArray[np.int8]


class Wiring(NamedTuple):
    """The graph of sections in the state asked about.

    Per switch: ends, position, whether it trips, the stages from which it can be opened and closed, whether it may be a
    tie, its rank among ties, its limit and the reserve behind either end, kW, its voltage. Per section: the switches at
    it, the supply forest, voltage, load, source.
    """

    one: Ints
    other: Ints
    starts: Ints
    touching: Ints
    closed: Bools
    trips: Bools
    opens: Ints
    closes: Ints
    tie: Bools
    rank: Ints
    limit_kw: Floats
    reserve_one_kw: Floats
    reserve_other_kw: Floats
    switch_kv: Floats
    energised: Bools
    parent: Ints
    via: Ints
    order: Ints
    first: Ints
    last: Ints
    section_kv: Floats
    load_kw: Floats
    source: Bools
    source_stage: int
    stages: int


class Faults(NamedTuple):
    """Sections in which something fails: failures per year, hours per year until repair, and until each stage."""

    section: Ints
    failures: Floats
    repaired_h: Floats
    staged_h: Floats


class Desk(NamedTuple):
    """Working space, clean between faults. Per section: state, zone, feed, stage; per zone: load, voltage, taken or not.

    A feed is a tie that was closed (0: the way it was before): what it can still carry and could at first, the section at
    its live end, and the feed before it. `off`, `trips` and `ties` are the lists of the fault at
    hand, `stirs` the stages at which it changes.
    """

    state: States
    zone: Ints
    feed: Ints
    when: Ints
    off: Ints
    queue: Ints
    zone_kw: Floats
    zone_kv: Floats
    taken: Bools
    feed_kw: Floats
    feed_limit: Floats
    feed_near: Ints
    feed_before: Ints
    tripped: Bools
    trips: Ints
    ties: Ints
    stirs: Bools

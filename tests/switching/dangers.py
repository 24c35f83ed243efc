"""One danger for each safety predicate: a network, steps, and the only predicate that sees it coming.

The dangerous step is the last, everything before it is sound; only an order is wrong by what comes after. `permit` is
the area of another job's permit, which this ticket knows of and did not issue.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from everlit.grid import Grid
from everlit.switching.scene import section_of
from everlit.switching.simulate import Trace, simulate
from everlit.switching.state import State
from tests.switching.sketch import sketch, steps_of

FEEDER = ("S a: s1", "a b: line l1", "b c: s2", "c: load 100 5")


@dataclass(frozen=True)
class Danger:
    """What must be refused, and by whom alone."""

    predicate: str
    rows: tuple[str, ...]
    steps: tuple[str, ...]
    loads: tuple[float, ...] = ()
    permit: tuple[str, ...] = ()
    first: bool = True

    @property
    def grid(self) -> Grid:
        return sketch(*self.rows)

    def trace(self, **options: Any) -> Trace:
        """The steps simulated, with the given predicates or policies."""
        grid = self.grid
        loads = (np.array([self.loads]), np.zeros((1, len(self.loads)))) if self.loads else None
        held = None
        if self.permit:
            area = frozenset(section_of(grid, name) for name in self.permit)
            held = State(frozenset(), permits=frozenset({("other", area)}))
        return simulate(grid, grid.switch_normal_closed, steps_of(*self.steps), loads, state=held, **options)


TWO_FEEDERS = (
    "S a: b1 breaker", "S b: b2 breaker", "a c: line l1", "b d: line l2", "c d: t open", "b1: feeder f1", "b2: feeder f2",
    "c: load 50", "d: load 50",
)  # fmt: skip
QUIET = ("reclosing_off f1", "reclosing_off f2", "undisturbed t")

POCKET = ("S a: s1", "a b: s2 open", "b: load 5", "S b: s3 open")
"""A part that only open switches join to the work and to supply."""

DANGERS = (
    Danger("device_name", FEEDER, ("open s1 name=s2",)),
    Danger("position", FEEDER, ("open s1", "open s1")),
    Danger("locked", ("S a: s1 locked", "a: load 10"), ("open s1",)),
    Danger("tagged", FEEDER, ("open s1", "tag s1", "close s1")),
    Danger("withdrawn", ("S a: s1 breaker", "a: load 10"), ("open s1", "withdraw s1", "close s1")),
    Danger("disconnector_load", ("a S: d1 disconnector", "a: load 10"), ("open d1",)),
    Danger("disconnector_load", ("a S: d1 disconnector open", "a: load 10"), ("close d1",), first=False),
    Danger("disconnector_load", ("S a: s1", "S b: s2", "a b: d1 disconnector"), ("open d1",), first=False),
    Danger("fuse_load", ("S a: f1 fuse", "a: load 100"), ("open f1",)),
    Danger("fuse_load", ("S a: s1", "S b: s2", "a b: f1 fuse"), ("open f1",), first=False),
    Danger("breaking_rating", ("S a: s1 a=10", "a: load 1000"), ("open s1",)),
    Danger(
        "source_side_last",
        ("S a: d1 disconnector", "a b: q1 breaker", "b c: d2 disconnector", "c: load 10"),
        ("open q1", "open d1", "open d2"),
    ),
    Danger(
        "source_side_last",
        ("S a: d1 disconnector open", "a b: q1 breaker open", "b c: d2 disconnector open", "c: load 10"),
        ("close d2", "close d1", "close q1"), first=False,
    ),
    Danger(
        "lv_first", ("S a: s1 open", "a lv: trafo t1 Dyn11", "lv x: s2 open", "x: load 10"), ("close s2", "close s1"), first=False
    ),
    Danger(
        "lv_first",
        ("S a: s1", "a lv: trafo t1 Dyn11", "lv x: s2", "x: load 10"),
        ("open s1", "open s2"),
    ),
    Danger("phased", (*TWO_FEEDERS[:4], "c d: t open unphased", *TWO_FEEDERS[5:]), (*QUIET, "close t")),
    Danger(
        "phased", ("S a: s1", "a b: s2", "b c: t open unphased", "R: source", "R c: s3", "b: load 10"),
        ("open s2", "close t", "undisturbed s2", "close s2"), first=False,
    ),
    Danger(
        "vector_group",
        ("H: source", "H: kv 110", "H a: trafo m1 YNd11 main kva=20000", "H b: trafo m2 YNyn0 main kva=20000", "a b: t open"),
        ("undisturbed t", "close t"),
    ),
    Danger(
        "loop_test", (*TWO_FEEDERS[:3], "R: source angle=20", "R e: b3", "e d: line l3", *TWO_FEEDERS[4:5], *TWO_FEEDERS[7:]),
        ("undisturbed t", "close t"),
    ),
    Danger("reclosing_off", TWO_FEEDERS, ("reclosing_off f1", "undisturbed t", "close t")),
    Danger("undisturbed", TWO_FEEDERS, (*QUIET[:2], "close t")),
    Danger("undisturbed", (*TWO_FEEDERS, "S z: s9", "z: load 1"), (*QUIET, "open s9", "close t"), first=False),
    Danger("parallel_time", TWO_FEEDERS, (*QUIET, "close t @10", "open b1 @26")),
    Danger("test_live", FEEDER, ("test a",)),
    Danger("earth_live", FEEDER, ("open s1", "test a", "close s1 name=s1", "earth a")),
    Danger("earth_tested", FEEDER, ("open s1", "earth a")),
    Danger("earth_tested", FEEDER, ("open s1", "test a", "close s1", "open s1", "earth a"), first=False),
    Danger("earth_visible_break", ("S a: s1 breaker", "a: load 10"), ("open s1", "test a", "earth a")),
    Danger(
        "earth_visible_break", ("S b: q1 breaker", "b a: q2 breaker", "a: load 10"),
        ("open q2", "open q1", "test a", "earth a"), first=False,
    ),
    Danger("energise_earth", FEEDER, ("open s1", "test a", "earth a", "close s1")),
    Danger("back_feed", ("S a: s1", "a: load 10", "a: gen g1"), ("open s1", "test a", "earth a")),
    Danger("island", ("S a: s1", "a: load 10", "a: gen g1 island"), ("open s1", "close s1")),
    Danger("permit_dead", FEEDER, ("permit p sec:a",)),
    Danger("permit_earthed", FEEDER, ("open s1", "tag s1", "permit p sec:a")),
    Danger(
        "permit_earthed", ("S a: s1", "a lv: trafo t1 Dyn11", "lv x: s2 open", "x: source"),
        ("open s1", "test a", "earth a", "tag s1", "tag s2", "permit p sec:a"), first=False,
    ),
    Danger(
        "permit_earthed", ("S a: s1", "a c: s4", "c: load 1", "c b: s2 open", "S b: s3 open", "b: load 5"),
        ("open s1", "test a", "earth a", "tag s1", "tag s2", "permit p sec:a"), first=False,
    ),
    Danger("permit_tagged", FEEDER, ("open s1", "test a", "earth a", "permit p sec:a")),
    Danger(
        "permit_tagged", POCKET,
        ("open s1", "test a", "earth a", "tag s1", "test b", "earth b", "permit p sec:a"), first=False,
    ),
    Danger("energise_permit", ("S a: s1 open", "a: load 10"), ("close s1",), permit=("sec:a",)),
    Danger("flow", ("S a: s1", "a b: line l1 a=100", "b c: s2 open", "c: load 5000"), ("close s2",), (5000.0,)),
)  # fmt: skip

SOUND = (
    Danger("a permit and its return", ("S a: s1", "a b: line l1", "b c: s2", "c: load 100 5", "S c: s3 open"), (
        "open s2", "open s1", "test a", "earth a", "tag s1", "test b", "earth b", "tag s2", "permit p sec:a",
        "return p sec:a", "unearth a", "unearth b", "untag s1", "untag s2", "close s1", "close s2",
    )),
    Danger("a withdrawn breaker behind an earth", ("S a: s1 breaker", "a: load 10"), (
        "open s1", "withdraw s1", "test a", "earth a", "unearth a", "insert s1", "close s1",
    )),
    Danger("a loop closed and opened", TWO_FEEDERS, (*QUIET, "close t @10", "open b1 @20", "reclosing_on f1", "reclosing_on f2")),
    Danger("breaker, load side, source side, and back", ("S a: d1 disconnector", "a b: q1 breaker", "b c: d2 disconnector", "c: load 10"), (
        "open q1", "open d2", "open d1", "close d1", "close d2", "close q1",
    )),
    Danger("a transformer, LV first and HV last", ("S a: s1", "a lv: trafo t1 Dyn11", "lv x: s2", "x: load 10"), (
        "open s2", "open s1", "close s1", "close s2",
    )),
    Danger("a generator confirmed off and released", ("S a: s1", "a: load 10", "a: gen g1 island"), (
        "generator_off g1", "open s1", "test a", "earth a", "unearth a", "close s1", "generator_on g1",
    )),
    Danger("two breakers in series, no matter which first", ("S b: q1 breaker", "b c: q2 breaker", "c d: d2 disconnector", "d: load 10"), (
        "open q2", "open q1", "open d2",
    )),
    Danger("a breaker between two live sides, whichever disconnector first", (
        "S a: d1 disconnector open", "a b: q1 breaker open", "b c: d2 disconnector open", "R: source", "R c: s3",
    ), ("close d2", "close d1")),
    Danger("two disconnectors in series, idle", ("S a: d1 disconnector", "a b: d2 disconnector"), ("open d1", "open d2")),
    Danger("a busbar disconnector belongs to no single breaker", (
        "S b: d0 disconnector", "b c: q1 breaker", "b e: q2 breaker", "c d: d1 disconnector", "d: load 10", "e: load 10",
    ), ("open q1", "open q2", "open d0", "open d1")),
    Danger("an MV fuse carries more than its element's rating", ("S a: f1 fuse a=1", "a: load 25"), ("open f1",)),
    Danger("a disconnector's rating is no breaking current", ("S a: d1 disconnector a=1", "a b: line l1 b=500"), ("open d1",)),
    Danger("closing breaks nothing", ("S a: s1 open a=10", "a: load 1000"), ("close s1",)),
    Danger("a transformer kept by its other HV switch", (
        "S a: s1", "S a: s4 open", "a lv: trafo t1 Dyn11", "lv x: s2 open", "x: load 10",
    ), ("close s2", "open s1", "close s4")),
    Danger("a transformer fed twice loses one side", (
        "S a: s1", "R: source", "R a: s4", "a lv: trafo t1 Dyn11", "lv x: s2", "x: load 10",
    ), ("open s1", "open s2", "open s4")),
    Danger("another job's permit stands and nothing is done to it", ("S a: s1 open", "a: load 10", "S b: s2", "b: load 10"), (
        "open s2", "close s2",
    ), permit=("sec:a",)),
    Danger("a pocket whose far side is tagged", POCKET, (
        "open s1", "test a", "earth a", "tag s1", "test b", "earth b", "tag s3", "permit p sec:a",
    )),
    Danger("a proof that stands while the part stays dead", FEEDER, ("open s1", "test a", "open s2", "earth a")),
    Danger("a breaker behind a visible break", ("S b: d1 disconnector", "b a: q2 breaker", "a: load 10"), (
        "open q2", "open d1", "test a", "earth a",
    )),
    Danger("an LV fuse under its rated load", ("S a: f1 fuse a=400", "S: kv 0.4", "a: load 50"), ("open f1", "close f1")),
)  # fmt: skip

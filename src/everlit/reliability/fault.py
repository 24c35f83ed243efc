"""What one fault does (单次故障的后果): who is cut off, and at which stage of switching each section is fed again.

    source ─/CB/─ [a] ─/d1/─ [FAULT] ─/d2/─ [b] ─/F/─ [c]
                                             └─ ∙ tie ∙ ─ [live]

1. The protective devices (保护) around the fault towards the sources open: here CB, the nearest. Everything below is off.
2. Stage by stage more switches can be operated: first the automated, then those by hand. What cannot be separated from
   the fault yet is in the fault zone; around it every switch is opened (d1, d2).
3. The device that tripped closes again where the fault zone no longer touches it: [a] lives. What it reaches it also
   takes back from ties that helped out.
4. Ties take over healthy zones, each zone whole, from the tie inward, while the limits of the tie and of all ties
   before it hold: [b] and, behind the fuse that never blew, [c]. Ties with more room go first.
5. What is still off waits for the repair.

A zone (隔离区段) is what no switch that can be opened now divides; fuses are not opened, blown ones are replaced. It is
fed whole or not at all, where it normally is or at its highest voltage: no transformer is fed backwards. In a closed
loop both sides trip. The steps stand in one file because compiled code is kept by file: a step changed alone would not
be seen by its caller.
"""

from typing import Any

import numba
import numpy as np

from everlit.grid.columns import Floats
from everlit.reliability.fault_graph import BELOW, FAULTY, FED, LIVE, OFF, ROUNDING_KW, SAME_KV, Desk, Faults, Wiring

INNER: dict[str, Any] = {"cache": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Called from compiled code alone: without wrappers for Python the first run waits half as long."""


@numba.njit(cache=True)
def follow_faults(w: Wiring, faults: Faults) -> tuple[Floats, Floats]:
    """Interruptions per year and hours off per year of every section."""
    n, n_switches = len(w.parent), len(w.one)
    desk = Desk(
        np.zeros(n, np.int8), np.full(n, -1, np.int32), np.full(n, -1, np.int32), np.full(n, -1, np.int32),
        np.empty(n, np.int32), np.empty(n, np.int32), np.zeros(n), np.zeros(n), np.zeros(n, np.bool_),
        np.zeros(n_switches + 1), np.zeros(n_switches + 1), np.full(n_switches + 1, -1, np.int32),
        np.full(n_switches + 1, -1, np.int32), np.zeros(n_switches, np.bool_),
        np.empty(n_switches, np.int32), np.empty(n_switches, np.int32), np.zeros(w.stages + 1, np.bool_),
    )  # fmt: skip
    failures, hours = np.zeros(n), np.zeros(n)
    for index in range(len(faults.section)):
        if not w.energised[faults.section[index]]:
            continue
        n_off, n_trips, n_ties = _cut_off(w, desk, faults.section[index])
        n_feeds = 1
        _find_stages(w, desk, n_off)
        for stage in range(w.stages):
            if not desk.stirs[stage]:
                continue
            _mark_fault_zone(w, desk, faults.section[index], stage, n_off)
            _mark_zones(w, desk, stage, n_off)
            n_feeds = _restore(w, desk, stage, n_off, n_ties, n_feeds)
        for place in range(n_off):
            section = desk.off[place]
            if w.energised[section]:
                failures[section] += faults.failures[index]
                if desk.state[section] == FED:
                    hours[section] += faults.staged_h[index, desk.when[section]]
                else:
                    hours[section] += faults.repaired_h[index]
            desk.state[section] = LIVE
        for place in range(n_trips):
            desk.tripped[desk.trips[place]] = False
    return failures, hours


# ------------------------------------------------------------------------------------------ who is cut off


@numba.njit(**INNER)
def _cut_off(w: Wiring, desk: Desk, fault: int) -> tuple[int, int, int]:
    """Open the protection around the fault; list what is off, which devices opened, and the ties that may help."""
    zone = _protection_zone(w, desk, fault)
    n_off = _below(w, desk, zone)
    n_trips = 0
    for place in range(zone):
        section = desk.off[place]
        for slot in range(w.starts[section], w.starts[section + 1]):
            switch = w.touching[slot]
            there = w.one[switch] + w.other[switch] - section
            if w.closed[switch] and desk.state[there] == LIVE and not desk.tripped[switch]:
                desk.tripped[switch] = True
                desk.trips[n_trips] = switch
                n_trips += 1
    for place in range(n_off):
        desk.state[desk.off[place]] = OFF
    n_off = _idle_neighbours(w, desk, n_off)
    return n_off, n_trips, _list_ties(w, desk, n_off)


@numba.njit(**INNER)
def _protection_zone(w: Wiring, desk: Desk, fault: int) -> int:
    """Everything joined to the fault by closed switches that do not trip; the first of what is off."""
    desk.off[0], desk.state[fault] = fault, FAULTY
    done, count = 0, 1
    while done < count:
        section = desk.off[done]
        done += 1
        for slot in range(w.starts[section], w.starts[section + 1]):
            switch = w.touching[slot]
            there = w.one[switch] + w.other[switch] - section
            if w.closed[switch] and not w.trips[switch] and desk.state[there] == LIVE:
                desk.state[there] = FAULTY
                desk.off[count] = there
                count += 1
    return count


@numba.njit(**INNER)
def _below(w: Wiring, desk: Desk, zone: int) -> int:
    """Add what is fed through the protection zone and has no other way to a source; returns how many are off."""
    count = zone
    for place in range(zone):
        section = desk.off[place]
        if w.parent[section] >= 0 and desk.state[w.parent[section]] == FAULTY:
            continue
        for position in range(w.first[section], w.last[section]):
            under = w.order[position]
            if desk.state[under] == LIVE:
                desk.state[under] = BELOW
                desk.off[count] = under
                count += 1
    waiting = 0
    for place in range(zone, count):
        if desk.state[desk.off[place]] == BELOW and _touches_live(w, desk, desk.off[place]):
            waiting = _keep_alive(w, desk, desk.off[place], waiting)
    kept = zone
    for place in range(zone, count):
        if desk.state[desk.off[place]] == BELOW:
            desk.off[kept] = desk.off[place]
            kept += 1
    return kept


@numba.njit(**INNER)
def _touches_live(w: Wiring, desk: Desk, section: int) -> bool:
    for slot in range(w.starts[section], w.starts[section + 1]):
        switch = w.touching[slot]
        if w.closed[switch] and desk.state[w.one[switch] + w.other[switch] - section] == LIVE:
            return True
    return False


@numba.njit(**INNER)
def _keep_alive(w: Wiring, desk: Desk, start: int, done: int) -> int:
    """A loop feeds `start` from elsewhere, and all that hangs on it without the protection zone."""
    desk.state[start], desk.queue[done] = LIVE, start
    count = done + 1
    while done < count:
        section = desk.queue[done]
        done += 1
        for slot in range(w.starts[section], w.starts[section + 1]):
            switch = w.touching[slot]
            there = w.one[switch] + w.other[switch] - section
            if w.closed[switch] and desk.state[there] == BELOW:
                desk.state[there], desk.queue[count] = LIVE, there
                count += 1
    return done


@numba.njit(**INNER)
def _idle_neighbours(w: Wiring, desk: Desk, n_off: int) -> int:
    """Add what is dead in the normal state but joins ties: a spare line, open at both ends."""
    done = 0
    while done < n_off:
        section = desk.off[done]
        done += 1
        for slot in range(w.starts[section], w.starts[section + 1]):
            switch = w.touching[slot]
            there = w.one[switch] + w.other[switch] - section
            usable = w.closed[switch] or w.tie[switch]
            if usable and not w.energised[there] and desk.state[there] == LIVE:
                desk.state[there] = OFF
                desk.off[n_off] = there
                n_off += 1
    return n_off


@numba.njit(**INNER)
def _list_ties(w: Wiring, desk: Desk, n_off: int) -> int:
    """Ties at what is off, those with more room first; each once."""
    count = 0
    for place in range(n_off):
        section = desk.off[place]
        for slot in range(w.starts[section], w.starts[section + 1]):
            switch = w.touching[slot]
            there = w.one[switch] + w.other[switch] - section
            if w.tie[switch] and (desk.state[there] == LIVE or section < there):
                at = count
                while at > 0 and w.rank[desk.ties[at - 1]] > w.rank[switch]:
                    desk.ties[at] = desk.ties[at - 1]
                    at -= 1
                desk.ties[at] = switch
                count += 1
    return count


# ------------------------------------------------------------------------------------------ who is fed again


@numba.njit(**INNER)
def _find_stages(w: Wiring, desk: Desk, n_off: int) -> None:
    """The stages at which anything can change: a switch at what is off becomes operable, or a source returns."""
    desk.stirs[:] = False
    for place in range(n_off):
        section = desk.off[place]
        desk.stirs[w.source_stage] |= w.source[section]
        for slot in range(w.starts[section], w.starts[section + 1]):
            desk.stirs[w.opens[w.touching[slot]]] = True
            desk.stirs[w.closes[w.touching[slot]]] = True


@numba.njit(**INNER)
def _holds(w: Wiring, desk: Desk, switch: int, stage: int) -> bool:
    """Whether a switch still joins its two sides: closed, and nobody can open it yet."""
    return w.closed[switch] and not desk.tripped[switch] and w.opens[switch] > stage


@numba.njit(**INNER)
def _mark_fault_zone(w: Wiring, desk: Desk, fault: int, stage: int, n_off: int) -> None:
    """What cannot be separated from the fault at this stage."""
    for place in range(n_off):
        if desk.state[desk.off[place]] == FAULTY:
            desk.state[desk.off[place]] = OFF
    desk.state[fault], desk.queue[0] = FAULTY, fault
    done, count = 0, 1
    while done < count:
        section = desk.queue[done]
        done += 1
        for slot in range(w.starts[section], w.starts[section + 1]):
            switch = w.touching[slot]
            there = w.one[switch] + w.other[switch] - section
            if desk.state[there] == OFF and _holds(w, desk, switch, stage):
                desk.state[there], desk.queue[count] = FAULTY, there
                count += 1


@numba.njit(**INNER)
def _mark_zones(w: Wiring, desk: Desk, stage: int, n_off: int) -> None:
    """Number the zones of what is off and healthy; add up their load and find their highest voltage."""
    for place in range(n_off):
        desk.zone[desk.off[place]] = -1
    zones = 0
    for place in range(n_off):
        start = desk.off[place]
        if desk.state[start] != OFF or desk.zone[start] >= 0:
            continue
        desk.zone_kw[zones], desk.zone_kv[zones], desk.taken[zones] = 0.0, 0.0, False
        desk.zone[start], desk.queue[0] = zones, start
        done, count = 0, 1
        while done < count:
            section = desk.queue[done]
            done += 1
            desk.zone_kw[zones] += w.load_kw[section]
            desk.zone_kv[zones] = max(desk.zone_kv[zones], w.section_kv[section])
            for slot in range(w.starts[section], w.starts[section + 1]):
                switch = w.touching[slot]
                there = w.one[switch] + w.other[switch] - section
                if desk.state[there] == OFF and desk.zone[there] < 0 and _holds(w, desk, switch, stage):
                    desk.zone[there], desk.queue[count] = zones, there
                    count += 1
        zones += 1


@numba.njit(**INNER)
def _restore(w: Wiring, desk: Desk, stage: int, n_off: int, n_ties: int, n_feeds: int) -> int:
    """Feed what can be fed at this stage: as it was, from what feeds already, then over ties. Returns the feeds."""
    desk.feed_kw[0], desk.feed_before[0] = np.inf, -1
    count = 0
    for place in range(n_off):
        section = desk.off[place]
        elsewhere = desk.state[section] == OFF or (desk.state[section] == FED and desk.feed[section] > 0)
        if elsewhere and _returns(w, desk, section, stage):
            count = _feed(desk, section, 0, stage, count)
    for feed in range(n_feeds):
        for place in range(n_off):
            section = desk.off[place]
            if desk.state[section] == FED and desk.feed[section] == feed and desk.when[section] < stage:
                desk.queue[count] = section
                count += 1
        _grow(w, desk, feed, stage, count)
        if feed == 0:
            _relieve_ties(w, desk, n_off, n_feeds)
        count = 0
    place = 0
    while place < n_ties:
        if _try_tie(w, desk, desk.ties[place], n_feeds, stage):
            n_feeds += 1
            place = 0
        else:
            place += 1
    return n_feeds


@numba.njit(**INNER)
def _relieve_ties(w: Wiring, desk: Desk, n_off: int, n_feeds: int) -> None:
    """What went back to the way it was fed before no longer loads a tie: add up anew what each carries."""
    for feed in range(1, n_feeds):
        near = desk.feed_near[feed]
        desk.feed_kw[feed] = desk.feed_limit[feed]
        desk.feed_before[feed] = desk.feed[near] if desk.state[near] == FED else -1
    for place in range(n_off):
        section = desk.off[place]
        if desk.state[section] == FED and desk.feed[section] > 0:
            _load(desk, desk.feed[section], w.load_kw[section])


@numba.njit(**INNER)
def _returns(w: Wiring, desk: Desk, section: int, stage: int) -> bool:
    """Whether a section has a source of its own again, or a device that tripped can close onto it."""
    if w.source[section] and w.source_stage <= stage:
        return True
    for slot in range(w.starts[section], w.starts[section + 1]):
        switch = w.touching[slot]
        there = w.one[switch] + w.other[switch] - section
        closes = desk.tripped[switch] and w.closes[switch] <= stage and desk.state[there] == LIVE
        if closes and _may_enter(w, desk, switch, section):
            return True
    return False


@numba.njit(**INNER)
def _may_enter(w: Wiring, desk: Desk, switch: int, section: int) -> bool:
    kv = desk.zone_kv[desk.zone[section]] if desk.state[section] == OFF else w.section_kv[section]
    return bool(w.via[section] == switch or w.switch_kv[switch] >= SAME_KV * kv)


@numba.njit(**INNER)
def _feed(desk: Desk, section: int, feed: int, stage: int, count: int) -> int:
    if desk.state[section] == OFF:
        desk.taken[desk.zone[section]] = True
        desk.state[section], desk.when[section] = FED, stage
    desk.feed[section], desk.queue[count] = feed, section
    return count + 1


@numba.njit(**INNER)
def _fits(desk: Desk, feed: int, kw: float) -> bool:
    while feed >= 0:
        if kw > desk.feed_kw[feed] + ROUNDING_KW:
            return False
        feed = desk.feed_before[feed]
    return True


@numba.njit(**INNER)
def _load(desk: Desk, feed: int, kw: float) -> None:
    while feed >= 0:
        desk.feed_kw[feed] -= kw
        feed = desk.feed_before[feed]


@numba.njit(**INNER)
def _grow(w: Wiring, desk: Desk, feed: int, stage: int, count: int) -> None:
    """Spread a feed from the sections in the queue over closed switches, zone by zone, as far as it can carry.

    The way it was before also takes back what ties feed in the meantime.
    """
    done = 0
    while done < count:
        section = desk.queue[done]
        done += 1
        for slot in range(w.starts[section], w.starts[section + 1]):
            switch = w.touching[slot]
            there = w.one[switch] + w.other[switch] - section
            if w.closed[switch] and not desk.tripped[switch] and _takes(w, desk, section, switch, there, feed):
                count = _feed(desk, there, feed, stage, count)


@numba.njit(**INNER)
def _takes(w: Wiring, desk: Desk, section: int, switch: int, there: int, feed: int) -> bool:
    """Whether a feed goes on into a section: the rest of its own zone, or a zone it can carry as a whole."""
    if desk.state[there] == FED and desk.feed[there] > 0:
        return feed == 0 and _may_enter(w, desk, switch, there)
    if desk.state[there] != OFF:
        return False
    zone = desk.zone[there]
    if zone == desk.zone[section]:
        return True
    if desk.taken[zone] or not _may_enter(w, desk, switch, there) or not _fits(desk, feed, desk.zone_kw[zone]):
        return False
    _load(desk, feed, desk.zone_kw[zone])
    return True


@numba.njit(**INNER)
def _try_tie(w: Wiring, desk: Desk, switch: int, feed: int, stage: int) -> bool:
    """Close a tie between something live and a zone it can carry, and let it grow; False when it cannot help."""
    if w.closes[switch] > stage:
        return False
    for turn in range(2):
        near, far, reserve = w.one[switch], w.other[switch], w.reserve_one_kw[switch]
        if turn:
            near, far, reserve = w.other[switch], w.one[switch], w.reserve_other_kw[switch]
        alive = desk.state[near] == FED or (desk.state[near] == LIVE and w.energised[near])
        if not alive or desk.state[far] != OFF or not _may_enter(w, desk, switch, far):
            continue
        chained = desk.state[near] == FED
        desk.feed_near[feed], desk.feed_before[feed] = near, desk.feed[near] if chained else -1
        desk.feed_limit[feed] = w.limit_kw[switch] if chained else min(w.limit_kw[switch], reserve)
        desk.feed_kw[feed] = desk.feed_limit[feed]
        kw = desk.zone_kw[desk.zone[far]]
        if _fits(desk, feed, kw):
            _load(desk, feed, kw)
            _grow(w, desk, feed, stage, _feed(desk, far, feed, stage, 0))
            return True
    return False

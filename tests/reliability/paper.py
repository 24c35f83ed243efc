"""RBTS bus 2 worked out from the rows of its paper, section by section, without the product.

A feeder is a trunk: what lies behind an isolator is the next zone. A failed zone waits for its repair; zones before it
return when it is isolated; zones behind it too, where a tie at the end of the trunk can carry them, whole zones, from
the tie inward. A fuse keeps the failure of a lateral to the lateral.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass

from everlit.sources.cases.mapping import PUBLISHED


@dataclass(frozen=True)
class Case:
    isolators: bool
    fuses: bool
    ties: bool
    spares: bool


CASES = {
    "A": Case(True, True, True, False),
    "B": Case(False, False, False, False),
    "C": Case(False, True, False, False),
    "D": Case(True, False, True, False),
    "E": Case(True, True, True, True),
    "F": Case(True, False, False, False),
}


def rows(what):
    with (PUBLISHED / f"rbts2_allan1991_{what}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def year(case, tie_kw=float("inf")):
    """Interruptions and hours off of each load point in a year."""
    failures, hours = defaultdict(float), defaultdict(float)
    load = {row["load_point"]: 1000 * float(row["avg_load_MW"]) for row in rows("loadpoints")}
    for feeder in ("F1", "F2", "F3", "F4"):
        sections = [row for row in rows("sections") if row["feeder"] == feeder]
        zone_of, zones = _zones(sections, case)
        for row in sections:
            lateral = row["to"].startswith("LP")
            for rate, repair in _failures(row, case):
                for point, zone in zone_of.items():
                    if not point.startswith("LP") or (lateral and case.fuses and point != row["to"]):
                        continue
                    failed = zone_of[row["to"]]
                    back = case.isolators and (zone < failed or zone in _carried(zones, failed, load, case, tie_kw))
                    off = float(row["switching_h"]) if back else repair
                    failures[point] += rate
                    hours[point] += rate * min(off, repair)
    return {point: (failures[point], hours[point]) for point in load}


def _zones(sections, case):
    """Number of the zone of every place, counted along the trunk, and the load points of each zone."""
    zone_of, zones = {"SUB": 0}, defaultdict(list)
    for row in sections:
        zone = zone_of[row["from"]] + (1 if case.isolators and row["isolators"] == "U" else 0)
        zone_of[row["to"]] = zone
        if row["to"].startswith("LP"):
            zones[zone].append(row["to"])
    return zone_of, zones


def _carried(zones, failed, load, case, tie_kw):
    found, total = [], 0.0
    for zone in sorted(zones, reverse=True) if case.ties else []:
        total += sum(load[point] for point in zones[zone])
        if zone <= failed or total > tie_kw:
            break
        found.append(zone)
    return found


def _failures(row, case):
    yield float(row["length_km"]) * float(row["lambda_line_per_km"]), float(row["r_line_h"])
    if row["transformers"] == "1":
        yield float(row["lambda_tr"]), float(row["r_tr_replace_h"] if case.spares else row["r_tr_repair_h"])


def system(points):
    """SAIFI, SAIDI, CAIDI and energy not supplied in MWh."""
    of = {row["load_point"]: row for row in rows("loadpoints")}
    customers = sum(int(row["customers"]) for row in of.values())
    saifi = sum(rate * int(of[name]["customers"]) for name, (rate, _) in points.items()) / customers
    saidi = sum(off * int(of[name]["customers"]) for name, (_, off) in points.items()) / customers
    return saifi, saidi, saidi / saifi, sum(off * float(of[name]["avg_load_MW"]) for name, (_, off) in points.items())

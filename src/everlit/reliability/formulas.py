"""The indices (可靠性指标) as ratios of what was counted, under their standard names (domain rule 2.3).

IEEE 1366 reads sustained interruptions, DL/T 836 the same rows in a family of six: -1 all, -2 without external
influence (外部影响), -3 without rationing for shortage of sources, -4 without momentary ones, -F faults, -S pre-arranged.
Momentary ones are part of -1, -2, -3, F and S. On the kVA base SAIFI and SAIDI are ASIFI and ASIDI; on the base of load
the energy not supplied is all there is to say.

>>> one = Totals(*(np.ones(shape, np.int64) for shape in ((20, 2), (20, 2), (20,), (2,), (6,), (6,), (), ())))
>>> found = {index.key: index.value for index in formulas(one, Book.DLT, Base.UNITS, 10, 3600, (3,), (3,))}
>>> found["SAIFI-1"], found["SAIFI-4"], found["SAIFI-F"], round(found["SAIDI-1"], 6), round(found["ASAI-1"], 6)
(4.0, 2.0, 0.4, 0.001111, 99.888889)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from everlit.grid.columns import Bools
from everlit.kernel import Text
from everlit.ledger.model import Nature
from everlit.reliability.model import Base, Book, Index, View
from everlit.reliability.tally import Tally, Whole

SUSTAINED, MOMENTARY, ANY = 0, 1, 1
NATURES = tuple(Nature)


def _leaves(*, leaving_out: str = "", only: str = "") -> Bools:
    """[natures, sustained or momentary] that count, by a property of the nature."""
    kept = [bool(getattr(one, only)) if only else not (leaving_out and getattr(one, leaving_out)) for one in NATURES]
    return np.repeat(np.array(kept, np.bool_)[:, None], 2, axis=1)


FAMILY: Mapping[str, Bools] = {
    "1": _leaves(),
    "2": _leaves(leaving_out="external"),
    "3": _leaves(leaving_out="source_shortage"),
    "4": _leaves() & np.array([True, False]),
    "F": _leaves(only="fault"),
    "S": _leaves(only="prearranged"),
}
"""Which natures and lengths each member of the DL/T 836 family counts."""

FAMILY_LABELS: Mapping[str, Text] = {
    "1": Text("all", "全部"),
    "2": Text("without external influence", "剔除外部影响"),
    "3": Text("without source-shortage rationing", "剔除系统电源不足限电"),
    "4": Text("without momentary", "剔除短时停电"),
    "F": Text("fault", "故障"),
    "S": Text("pre-arranged", "预安排"),
}


@dataclass(frozen=True, eq=False)
class Totals:
    """What one book counted for one part in one view; shapes as in `Tally` without its first three axes."""

    interruptions: Whole
    seconds: Whole
    operations: Whole
    hit: Whole
    sustained: Whole
    events: Whole
    long_single: Whole
    long_total: Whole

    @classmethod
    def of(cls, tally: Tally, book: int, part: int, view: View) -> "Totals":
        """The slice of a tally."""
        chosen = list(View).index(view)
        days = {View.ALL: slice(0, 2), View.WITHOUT: slice(0, 1), View.ONLY: slice(1, 2)}[view]
        added = (
            getattr(tally, name)[book, part, days].sum(axis=0) for name in ("interruptions", "seconds", "operations")
        )
        kept = (
            getattr(tally, name)[book, part, chosen]
            for name in ("hit", "sustained", "events", "long_single", "long_total")
        )
        return cls(*added, *kept)


def formulas(
    counted: Totals,
    book: Book,
    base: Base,
    customers: float,
    period_s: int,
    repeats: Sequence[int],
    least: Sequence[int],
) -> tuple[Index, ...]:
    """Every index of a book on a base; `repeats` are the n of CEMI_n, `least` the smallest count each stands for."""
    if base is Base.POWER:
        text = Text("energy not supplied", "缺供电量")
        return (Index("ENS", text, "kWh", int(counted.seconds.sum()), 1.0, 3.6e6),)
    family = _dlt(counted, base, customers, period_s) if book is Book.DLT else _ieee(counted, base, customers, period_s)
    return (*family, *_by_customer(counted, customers, repeats, least))


def _ieee(counted: Totals, base: Base, customers: float, period_s: int) -> Iterator[Index]:
    weight = 1000.0 if base is Base.KVA else 1.0
    number = int(counted.interruptions[:, SUSTAINED].sum())
    seconds, hit = int(counted.seconds[:, SUSTAINED].sum()), float(counted.hit[SUSTAINED])
    times = _unit(base, "times")
    yield Index("CI", Text("customer interruptions", "停电户次"), times, number, 1.0, weight)
    yield Index("CMI", Text("customer minutes", "停电户分钟"), _unit(base, "min"), seconds, 1.0, 60 * weight)
    yield Index(_key(base, "SAIFI"), Text("interruption frequency", "平均停电次数"), "times", number, customers)
    yield Index(_key(base, "SAIDI"), Text("interruption duration", "平均停电时间"), "min", seconds, customers, 60)
    yield Index("CAIDI", Text("duration of an interruption", "平均每次停电时间"), "min", seconds, float(number), 60)
    yield Index("CTAIDI", Text("duration per customer interrupted", "停电用户平均停电时间"), "min", seconds, hit, 60)
    yield Index("CAIFI", Text("frequency per customer interrupted", "停电用户平均停电次数"), "times", number, hit)
    served = Text("service availability", "供电可靠率")
    yield Index("ASAI", served, "%", seconds, customers * period_s, complement=True)
    yield from _momentary(counted, customers, {"": slice(None)})


def _dlt(counted: Totals, base: Base, customers: float, period_s: int) -> Iterator[Index]:
    weight = 1000.0 if base is Base.KVA else 1.0
    for suffix, leaves in FAMILY.items():
        number, seconds = int(counted.interruptions[leaves].sum()), int(counted.seconds[leaves].sum())
        label = FAMILY_LABELS[suffix]

        def said(en: str, zh: str, label: Text = label) -> Text:
            return Text(f"{en}, {label.en}", f"{zh}({label.zh})")

        hours, per_hour = _unit(base, "h"), 3600 * weight
        yield Index(f"TH-{suffix}", said("customer-hours", "停电时户数"), hours, seconds, 1.0, per_hour)
        duration, frequency = said("interruption duration", "平均停电时间"), said("frequency", "平均停电次数")
        yield Index(f"{_key(base, 'SAIDI')}-{suffix}", duration, "h", seconds, customers, 3600)
        yield Index(f"{_key(base, 'SAIFI')}-{suffix}", frequency, "times", number, customers)
        served = said("availability (RS)", "平均供电可靠率")
        yield Index(f"ASAI-{suffix}", served, "%", seconds, customers * period_s, complement=True)
        if suffix in ("1", "4"):
            hit = float(counted.hit[ANY if suffix == "1" else SUSTAINED])
            each, time = (
                said("duration of an interruption", "平均每次停电时间"),
                said("duration per customer interrupted", "停电用户平均停电时间"),
            )
            often = said("frequency per customer interrupted", "停电用户平均停电次数")
            yield Index(f"CAIDI-{suffix}", each, "h", seconds, float(number), 3600)
            yield Index(f"CTAIDI-{suffix}", time, "h", seconds, hit, 3600)
            yield Index(f"CAIFI-{suffix}", often, "times", number, hit)
    faults = FAMILY["F"][:, 0]
    yield from _momentary(counted, customers, {"": slice(None), "-F": faults, "-S": ~faults})


def _momentary(counted: Totals, customers: float, families: Mapping[str, slice | Bools]) -> Iterator[Index]:
    for suffix, leaves in families.items():
        operations = int(counted.operations[leaves].sum())
        events = int(counted.interruptions[leaves, MOMENTARY].sum())
        yield Index(
            f"MAIFI{suffix}", Text("momentary interruptions", "平均短时停电次数"), "times", operations, customers
        )
        yield Index(f"MAIFI_E{suffix}", Text("momentary events", "平均短时停电事件数"), "times", events, customers)


def _by_customer(counted: Totals, customers: float, repeats: Sequence[int], least: Sequence[int]) -> Iterator[Index]:
    for n, first in zip(repeats, least, strict=True):
        many, any_length = int(counted.sustained[first:].sum()), int(counted.events[first:].sum())
        text = Text("customers with repeated sustained interruptions", "持续停电用户重复停电比率")
        yield Index(f"CEMI_{n}", text, "p.u.", many, customers)
        text = Text("customers with repeated interruptions of any length", "用户重复停电比率(含短时)")
        yield Index(f"CEMSMI_{n}", text, "p.u.", any_length, customers)
    text = Text("customers with a long interruption", "单次长时间停电用户比率")
    yield Index("CELID_S", text, "p.u.", int(counted.long_single), customers)
    text = Text("customers with long interruptions together", "累计长时间停电用户比率")
    yield Index("CELID_T", text, "p.u.", int(counted.long_total), customers)


def _key(base: Base, key: str) -> str:
    """On the base of capacity the system indices have names of their own."""
    return {"SAIFI": "ASIFI", "SAIDI": "ASIDI"}[key] if base is Base.KVA else key


def _unit(base: Base, unit: str) -> str:
    """Sums on the base of capacity are in kVA."""
    return f"kVA·{unit}" if base is Base.KVA else unit

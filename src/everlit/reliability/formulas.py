"""The indices (可靠性指标) under their standard names: what each counts, and by what it is divided (domain rule 2.3).

IEEE 1366 reads sustained interruptions, DL/T 836 the same rows in a family of six: -1 all, -2 without external
influence (外部影响), -3 without rationing for shortage of sources, -4 without momentary ones, -F faults, -S pre-arranged.
Momentary ones are part of -1, -2, -3, F and S. On the base of capacity SAIFI and SAIDI are ASIFI and ASIDI; on the base
of load the energy not supplied is all there is to say. A formula is a row; `evaluate` reads it from a tally, `drill`
from single interruptions, so that both come to the same integer.

>>> [one.key for one in formulas_of(Book.IEEE, Base.KVA, (3,), (3,))][:5]
['CI', 'CMI', 'ASIFI', 'ASIDI', 'CAIDI']
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np

from everlit.grid.columns import Bools
from everlit.kernel import Text
from everlit.ledger.model import Nature
from everlit.reliability.model import Base, Book, Index, View
from everlit.reliability.tally import Tally, Whole

SUSTAINED, MOMENTARY = 0, 1
NATURES = tuple(Nature)


class Measure(StrEnum):
    """What an index adds up: of interruptions their seconds, their number, their operations; or customers of a kind."""

    SECONDS = "seconds"
    INTERRUPTIONS = "interruptions"
    OPERATIONS = "operations"
    OFTEN = "often"
    OFTEN_ANY = "often_any"
    LONG_SINGLE = "long_single"
    LONG_TOTAL = "long_total"


class Over(StrEnum):
    """What it is divided by: nothing, all customers, their time, the interruptions counted, the customers hit."""

    ONE = "one"
    CUSTOMERS = "customers"
    CUSTOMER_TIME = "customer_time"
    INTERRUPTIONS = "interruptions"
    HIT = "hit"


def _leaves(*, leaving_out: str = "", only: str = "") -> Bools:
    """[natures, sustained or momentary] that count, by a property of the nature."""
    kept = [bool(getattr(one, only)) if only else not (leaving_out and getattr(one, leaving_out)) for one in NATURES]
    return np.repeat(np.array(kept, np.bool_)[:, None], 2, axis=1)


SHORT, LASTING = np.array([False, True]), np.array([True, False])
FAMILY: Mapping[str, Bools] = {
    "1": _leaves(),
    "2": _leaves(leaving_out="external"),
    "3": _leaves(leaving_out="source_shortage"),
    "4": _leaves() & LASTING,
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


@dataclass(frozen=True, eq=False, slots=True)
class Formula:
    """One index: `measure` over the `leaves` [natures, sustained or momentary] that count; `least` is the n of CEMI_n."""

    key: str
    title: Text
    unit: str
    measure: Measure
    over: Over
    leaves: Bools
    per: float = 1.0
    complement: bool = False
    least: int = 0


@dataclass(frozen=True, eq=False)
class Totals:
    """What one book counted for one part in one view; shapes as in `Tally` without its first three axes."""

    interruptions: Whole
    seconds: Whole
    operations: Whole
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
        by_customer = ("sustained", "events", "long_single", "long_total")
        return cls(*added, *(getattr(tally, name)[book, part, chosen] for name in by_customer))

    def measured(self, formula: Formula) -> int:
        """The numerator of an index."""
        measure, leaves = formula.measure, formula.leaves
        if measure is Measure.OPERATIONS:
            return int(self.operations[leaves[:, MOMENTARY]].sum())
        if measure in (Measure.SECONDS, Measure.INTERRUPTIONS):
            return int(getattr(self, measure.value)[leaves].sum())
        if measure in (Measure.OFTEN, Measure.OFTEN_ANY):
            return int((self.sustained if measure is Measure.OFTEN else self.events)[formula.least :].sum())
        return int(self.long_single if measure is Measure.LONG_SINGLE else self.long_total)


def evaluate(formula: Formula, counted: Totals, customers: float, period_s: int) -> Index:
    """The index of a formula over what was counted."""
    divided = {
        Over.ONE: 1.0,
        Over.CUSTOMERS: customers,
        Over.CUSTOMER_TIME: customers * period_s,
        Over.INTERRUPTIONS: float(counted.interruptions[formula.leaves].sum()),
        Over.HIT: float((counted.events if formula.leaves[:, MOMENTARY].any() else counted.sustained).sum()),
    }
    return Index(
        formula.key, formula.title, formula.unit, counted.measured(formula), divided[formula.over], formula.per, formula.complement
    )  # fmt: skip


@lru_cache
def formulas_of(book: Book, base: Base, repeats: tuple[int, ...], least: tuple[int, ...]) -> tuple[Formula, ...]:
    """Every formula of a book on a base; `repeats` are the n of CEMI_n, `least` the smallest count each stands for."""
    if base is Base.POWER:
        text = Text("energy not supplied", "缺供电量")
        return (Formula("ENS", text, "kWh", Measure.SECONDS, Over.ONE, FAMILY["1"], 3.6e6),)
    family = _dlt(base) if book is Book.DLT else _ieee(base)
    return (*family, *_by_customer(repeats, least))


def _ieee(base: Base) -> Iterator[Formula]:
    weight, times, lasting = _weight(base), _unit(base, "times"), FAMILY["4"]
    number, seconds = Measure.INTERRUPTIONS, Measure.SECONDS
    yield Formula("CI", Text("customer interruptions", "停电户次"), times, number, Over.ONE, lasting, weight)
    minutes = _unit(base, "min")
    yield Formula("CMI", Text("customer minutes", "停电户分钟"), minutes, seconds, Over.ONE, lasting, 60 * weight)
    text = Text("interruption frequency", "平均停电次数")
    yield Formula(_key(base, "SAIFI"), text, "times", number, Over.CUSTOMERS, lasting)
    text = Text("interruption duration", "平均停电时间")
    yield Formula(_key(base, "SAIDI"), text, "min", seconds, Over.CUSTOMERS, lasting, 60)
    text = Text("duration of an interruption", "平均每次停电时间")
    yield Formula("CAIDI", text, "min", seconds, Over.INTERRUPTIONS, lasting, 60)
    text = Text("duration per customer interrupted", "停电用户平均停电时间")
    yield Formula("CTAIDI", text, "min", seconds, Over.HIT, lasting, 60)
    text = Text("frequency per customer interrupted", "停电用户平均停电次数")
    yield Formula("CAIFI", text, "times", number, Over.HIT, lasting)
    text = Text("service availability", "供电可靠率")
    yield Formula("ASAI", text, "%", seconds, Over.CUSTOMER_TIME, lasting, complement=True)
    yield from _momentary("", FAMILY["1"])


def _dlt(base: Base) -> Iterator[Formula]:
    number, seconds = Measure.INTERRUPTIONS, Measure.SECONDS
    for suffix, leaves in FAMILY.items():

        def said(en: str, zh: str, label: Text = FAMILY_LABELS[suffix]) -> Text:
            return Text(f"{en}, {label.en}", f"{zh}({label.zh})")

        text = said("customer-hours", "停电时户数")
        yield Formula(f"TH-{suffix}", text, _unit(base, "h"), seconds, Over.ONE, leaves, 3600 * _weight(base))
        text = said("interruption duration", "平均停电时间")
        yield Formula(f"{_key(base, 'SAIDI')}-{suffix}", text, "h", seconds, Over.CUSTOMERS, leaves, 3600)
        text = said("interruption frequency", "平均停电次数")
        yield Formula(f"{_key(base, 'SAIFI')}-{suffix}", text, "times", number, Over.CUSTOMERS, leaves)
        text = said("availability (RS)", "平均供电可靠率")
        yield Formula(f"ASAI-{suffix}", text, "%", seconds, Over.CUSTOMER_TIME, leaves, complement=True)
        if suffix in ("1", "4"):
            text = said("duration of an interruption", "平均每次停电时间")
            yield Formula(f"CAIDI-{suffix}", text, "h", seconds, Over.INTERRUPTIONS, leaves, 3600)
            text = said("duration per customer interrupted", "停电用户平均停电时间")
            yield Formula(f"CTAIDI-{suffix}", text, "h", seconds, Over.HIT, leaves, 3600)
            text = said("frequency per customer interrupted", "停电用户平均停电次数")
            yield Formula(f"CAIFI-{suffix}", text, "times", number, Over.HIT, leaves)
    for suffix, family in (("", "1"), ("-F", "F"), ("-S", "S")):
        yield from _momentary(suffix, FAMILY[family])


def _momentary(suffix: str, leaves: Bools) -> Iterator[Formula]:
    short, over = leaves & SHORT, Over.CUSTOMERS
    text = Text("momentary interruptions", "平均短时停电次数")
    yield Formula(f"MAIFI{suffix}", text, "times", Measure.OPERATIONS, over, short)
    text = Text("momentary events", "平均短时停电事件数")
    yield Formula(f"MAIFI_E{suffix}", text, "times", Measure.INTERRUPTIONS, over, short)


def _by_customer(repeats: tuple[int, ...], least: tuple[int, ...]) -> Iterator[Formula]:
    over, every, lasting = Over.CUSTOMERS, FAMILY["1"], FAMILY["4"]
    for n, first in zip(repeats, least, strict=True):
        text = Text("customers with repeated sustained interruptions", "持续停电用户重复停电比率")
        yield Formula(f"CEMI_{n}", text, "p.u.", Measure.OFTEN, over, lasting, least=first)
        text = Text("customers with repeated interruptions of any length", "用户重复停电比率(含短时)")
        yield Formula(f"CEMSMI_{n}", text, "p.u.", Measure.OFTEN_ANY, over, every, least=first)
    text = Text("customers with a long interruption", "单次长时间停电用户比率")
    yield Formula("CELID_S", text, "p.u.", Measure.LONG_SINGLE, over, lasting)
    text = Text("customers with long interruptions together", "累计长时间停电用户比率")
    yield Formula("CELID_T", text, "p.u.", Measure.LONG_TOTAL, over, lasting)


def _key(base: Base, key: str) -> str:
    """On the base of capacity the system indices have names of their own."""
    return {"SAIFI": "ASIFI", "SAIDI": "ASIDI"}[key] if base is Base.KVA else key


def _unit(base: Base, unit: str) -> str:
    """Sums on the base of capacity are in kVA."""
    return f"kVA·{unit}" if base is Base.KVA else unit


def _weight(base: Base) -> float:
    """What one customer of weight 1 stands for: capacity is counted in VA and told in kVA."""
    return 1000.0 if base is Base.KVA else 1.0

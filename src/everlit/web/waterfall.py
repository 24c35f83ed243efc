"""The savings drawn (节约瀑布图): as requested → merged → transferred, as shares of a bar, and who gains."""

from dataclasses import dataclass

from everlit.web.month import Month, Savings


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: what it is called, its height, where it hangs; shares of the highest, in percent."""

    key: str
    hours: float
    bottom: float
    height: float
    total: bool


def waterfall(savings: Savings) -> list[Step]:
    """Five bars: asked for, saved by merging, merged, saved by transfer, left.

    >>> [(step.key, step.hours, step.bottom, step.height) for step in waterfall(Savings(1164, 588, 254.7))][1]
    ('by_merging', -576, 50.51546391752577, 49.48453608247423)
    """
    top = max(savings.as_requested, savings.merged, savings.transferred, 1e-9)

    def share(hours: float) -> float:
        return 100 * hours / top

    def fall(key: str, before: float, after: float) -> Step:
        return Step(key, after - before, share(min(before, after)), share(abs(after - before)), False)

    return [
        Step("as_requested", savings.as_requested, 0, share(savings.as_requested), True),
        fall("by_merging", savings.as_requested, savings.merged),
        Step("merged", savings.merged, 0, share(savings.merged), True),
        fall("by_transfer", savings.merged, savings.transferred),
        Step("transferred", savings.transferred, 0, share(savings.transferred), True),
    ]


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """What one department asked for and what its outages cost in the end."""

    department: str
    requests: int
    planned: int
    asked_h: float
    left_h: float


def department_rows(month: Month) -> list[DepartmentRow]:
    """Per department; the hours of a merged outage are shared out by what each request would have cost alone."""
    asked: dict[str, float] = {}
    left: dict[str, float] = {}
    count: dict[str, int] = {}
    planned: dict[str, int] = {}
    for filed in month.requests:
        name = filed.request.department.value
        count[name] = count.get(name, 0) + 1
        asked[name] = asked.get(name, 0.0) + month.asked_h(filed.request.request_id)
    for row in month.standing:
        alone = {request.request_id: month.asked_h(request.request_id) for request in row.requests}
        whole = sum(alone.values())
        for request in row.requests:
            name = request.department.value
            planned[name] = planned.get(name, 0) + 1
            share = alone[request.request_id] / whole if whole > 0 else 1 / len(row.requests)
            left[name] = left.get(name, 0.0) + share * (row.units_h or 0.0)
    return [
        DepartmentRow(name, count.get(name, 0), planned.get(name, 0), asked.get(name, 0.0), left.get(name, 0.0))
        for name in sorted(count.keys() | planned.keys())
    ]

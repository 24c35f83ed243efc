"""Reliability on pages (供电可靠性): a year at a glance, any figure laid open down to events and customers, months closed."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from everlit.api.context import TheApp, acting
from everlit.app import App
from everlit.kernel import Refusal, Text
from everlit.ledger.happened import segments_json
from everlit.ledger.model import CAUSES, NATURES, Cause, Nature, SubjectKind
from everlit.reliability.calendar import month_period
from everlit.reliability.export import FORMATS, exported
from everlit.reliability.formulas import Over
from everlit.reliability.management import NO_METHOD
from everlit.reliability.model import Base, Book, Index, View
from everlit.reliability.report_words import figure, unit_word
from everlit.reliability.service import CLOSERS
from everlit.web.laid_open import laid_open
from everlit.web.month import feeder_titles
from everlit.web.reliability_asked import SHOWN, Asked, asked, laid
from everlit.web.rendering import language_of, network_of, refused, render, say, see
from everlit.web.years_kept import Years

router = APIRouter(include_in_schema=False)
PAGE = 25
CUSTOMER_HOURS = Text("customer-hours", "时户")
DIVIDED_BY = {
    Over.CUSTOMERS: Text("customers", "户"),
    Over.CUSTOMER_TIME: Text("customer-seconds of the period", "期间户·秒"),
    Over.INTERRUPTIONS: Text("customer interruptions", "停电户次"),
    Over.HIT: Text("customers interrupted", "停电用户"),
}
MOST_LISTED = 50
"""Users of a list of frequent ones on the page; all of them are in the file."""


def _asked(request: Request, app: App) -> Asked:
    return asked(request, network_of(request), app.zone, year=app.today().year)


@router.get("/reliability")
def reliability(request: Request, app: TheApp) -> HTMLResponse:
    """A year at a glance: headline, both books, trend, causes, feeders, days, repeats, budget, closed months."""
    known = _asked(request, app)
    shown = Years.of(request.app.state).get(app, known)
    repeats = None
    if known.year == app.today().year:
        repeats = app.reliability.repeats(known.network, known_at=known.known_at).as_json(most_users=MOST_LISTED)
    budget = app.budget_year(known.network, known.year, known_at=known.known_at)
    titles = dict(
        zip(app.grid(known.network).feeder_ids.to_pylist(), feeder_titles(app.grid(known.network)), strict=True)
    )
    return render(
        request,
        "reliability.html",
        asked=known,
        newest=known.year >= app.today().year,
        shown=shown,
        repeats=repeats,
        budget=budget,
        spent=_spent(budget.as_json()),
        months=_months(app, known),
        management=app.reliability.management(known.network, known.period, known_at=known.known_at),
        no_method=NO_METHOD,
        compared=_compared(app, known),
        now=app.clock(),
        titles=titles,
        **_words(request),
    )


def _compared(app: App, known: Asked) -> dict[str, Any] | None:
    """What was known then beside what is known now, of the days asked for; None where what is known now is shown."""
    if known.known_at is None:
        return None
    found = app.reliability.compared(known.network, known.period, known.known_at, bases=SHOWN)
    return {
        "figures": found.figures,
        "changes": [one for one in found.changes if one.named[2] == known.view.value],
        "arrived": found.arrived[:MOST_LISTED],
        "arrived_in_all": found.arrived_in_all,
    }


def _words(request: Request) -> dict[str, Any]:
    """What the reliability templates name things by."""
    language = language_of(request)
    return {
        "bases": SHOWN,
        "views": tuple(View),
        "books": tuple(Book),
        "figure": lambda index: figure(index.key, index.unit, index.value) if index else "–",
        "unit": lambda index: _unit(index, language) if index else "",
        "base_title": lambda base: Base(base).label,
        "book_title": lambda book: Book(book).label,
        "told": lambda side: figure(str(side["key"]), str(side["unit"]), side["value"]) if side else "–",
    }


def _unit(index: Index, language: str) -> str:
    """The unit of a figure; hours times customers are customer-hours."""
    if index.key.startswith("TH") and index.unit == "h":
        return CUSTOMER_HOURS.in_language(language)
    return unit_word(index.unit, language)


def _spent(budget: dict[str, Any]) -> list[dict[str, Any]]:
    """The budget by unit over the year: sums of the lines the service tells."""
    names = ("budget_h", "used_h", "committed_h", "fault_h", "left_h")
    units = dict.fromkeys(line["unit"] for line in budget["lines"])
    return [
        {
            "unit": unit,
            **{name: sum(line[name] for line in budget["lines"] if line["unit"] == unit) for name in names},
            "months": [line for line in budget["lines"] if line["unit"] == unit],
        }
        for unit in units
    ]


def _months(app: App, known: Asked) -> list[dict[str, Any]]:
    """The months of the year that are over: their versions, newest last."""
    versions: dict[str, list[Any]] = {}
    for one in app.reliability.closed(known.network):
        versions.setdefault(one.month, []).append(one)
    over = [f"{known.year}-{number:02d}" for number in range(1, 13)]
    return [
        {"month": month, "versions": versions.get(month, [])}
        for month in over
        if month_period(month, app.zone).end <= app.clock()
    ]


# ------------------------------------------------------------------------------------------- laid open
@router.get("/reliability/drill")
def drill(request: Request, app: TheApp, page: int = 1) -> HTMLResponse:
    """One figure with the events and the customers it is the sum of."""
    known = _asked(request, app)
    wanted = laid(request, known)
    index, found = app.reliability.drill(
        known.network, wanted.period, wanted.index, book=wanted.book, base=known.base, view=known.view, by=wanted.by,
        part=wanted.part, known_at=known.known_at,
    )  # fmt: skip
    shown = laid_open(index, found, known.base)
    events = {one.event_id: one for one in app.ledger.events(known.network, wanted.period, known_at=known.known_at)}
    last = max(1, -(-len(shown.customers) // PAGE))
    number = min(max(page, 1), last)
    return render(
        request, "drill.html", asked=known, laid=wanted, index=index, shown=shown, events=events, page=number,
        last=last, customers=shown.customers[(number - 1) * PAGE : number * PAGE], natures=Nature, causes=Cause,
        over=say(language_of(request))(DIVIDED_BY.get(found.formula.over)), part=_part_title(app, known, wanted.by, wanted.part), **_words(request),
    )  # fmt: skip


def _part_title(app: App, known: Asked, by: Any, part: str) -> Any:
    """What a part is called, in both languages."""
    labels: dict[str, Any] = {one.value: one.label for one in NATURES} | {one.value: one.label for one in CAUSES}
    grid = app.grid(known.network)
    labels |= dict(zip(grid.feeder_ids.to_pylist(), feeder_titles(grid), strict=True))
    return labels.get(part, part) if by else None


@router.get("/reliability/drill.{form}")
def drill_file(request: Request, app: TheApp, form: str) -> Response:
    """The customers, or the events, of one figure as a file."""
    known = _asked(request, app)
    wanted = laid(request, known)
    _, found = app.reliability.drill(
        known.network, wanted.period, wanted.index, book=wanted.book, base=known.base, view=known.view, by=wanted.by,
        part=wanted.part, known_at=known.known_at,
    )  # fmt: skip
    rows = found.events() if request.query_params.get("rows") == "events" else found.customers()
    content = exported(rows, format=form, title="drill")
    headers = {"content-disposition": f'attachment; filename="drill.{form}"'}
    return Response(content, media_type=FORMATS[form], headers=headers)


@router.get("/reliability/event")
def event_page(request: Request, app: TheApp, event: str) -> HTMLResponse:
    """One event: its segments as settled, and everything that was said of it."""
    known = _asked(request, app)
    found = app.ledger.event(known.network, event, known_at=known.known_at)
    segments = {kind: segments_json(parts) for kind, parts in found.segments.items()}
    return render(
        request, "event.html", asked=known, event=event, found=found, segments=segments, kinds=tuple(SubjectKind)
    )


# ------------------------------------------------------------------------------------------- months closed
@router.get("/reliability/months/{month}")
def month_page(request: Request, app: TheApp, month: str) -> HTMLResponse:
    """How a month was reported, and what would be different now."""
    return render(request, "closed_month.html", refusal=None, **_month(request, app, month))


@router.post("/reliability/months/{month}")
async def close_month(request: Request, app: TheApp, month: str) -> Response:
    """Close a month, or restate a closed one with a reason."""
    form = await request.form()
    network = network_of(request)
    try:
        app.reliability.close_month(network, month, actor=acting(request), reason=str(form.get("reason", "")).strip())
    except Refusal as refusal:
        return refused(request, refusal, "closed_month.html", **_month(request, app, month))
    return see(f"/reliability/months/{month}")


def _month(request: Request, app: App, month: str) -> dict[str, Any]:
    known = _asked(request, app)
    period = month_period(month, app.zone)
    standing = app.reliability.month(known.network, month)
    changes = [one for one in standing.changes if one.named[2] == View.ALL.value]
    return {
        "asked": known,
        "month": month,
        "over": period.end <= app.clock(),
        "standing": standing,
        "changes": changes,
        "may_close": request.cookies.get("role") in CLOSERS,
        **_words(request),
    }

"""Reliability over HTTP: indices whole or in parts, their files, drill-down, major days, repeats, budgets, closed months.

Everything is answered as known at an instant (`known_at`, now unless told). A closed month is never changed: what would
be different now stands beside it, and restating it needs a reason.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from everlit.api.context import Instant, Month, TheActor, TheApp, TheNetwork, json_response
from everlit.app import App
from everlit.kernel import Period
from everlit.reliability.calendar import month_period, year_period
from everlit.reliability.closing import LONGEST_REASON
from everlit.reliability.export import FORMATS, exported
from everlit.reliability.model import Base, Book, By, Customers, View
from everlit.reliability.report import report_pdf

router = APIRouter(prefix="/api/reliability", tags=["reliability"])
Year = Annotated[int, Query(ge=2000, le=2099, description="Local year; this one unless told.")]
MonthNumber = Annotated[int, Query(ge=1, le=12, description="Month of the year; all of it unless told.")]
Name = Annotated[str, Query(max_length=200)]
MOST_ROWS = 5_000
MOST_HOURS = 10_000_000


class Closing(BaseModel):
    """Why a month is closed again, and as known when; both may be left out the first time."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
    known_at: Instant | None = None


def _period(app: App, year: int | None, month: int | None) -> Period:
    chosen = year or app.today().year
    return month_period(f"{chosen}-{month:02d}", app.zone) if month else year_period(chosen, app.zone)


@router.get("/indices", summary="Every index of a year or a month, both books, every base")
def count(
    app: TheApp,
    network: TheNetwork,
    year: Year | None = None,
    month: MonthNumber | None = None,
    by: By | None = None,
    view: View = View.ALL,
    customers: Customers | None = None,
    known_at: Instant | None = None,
    compare: Instant | None = None,
) -> Response:
    """All three views of the whole, one of parts (`view`). With `compare` only what differs from `known_at` to then."""
    period = _period(app, year, month)
    if compare is not None:
        asked = {"by": by, "customers": customers, "view": view}
        return json_response(app.reliability.compared(network, period, known_at, compare, **asked).as_json())
    found = app.reliability.indices(network, period, by=by, known_at=known_at, customers=customers, view=view)
    return json_response(found.as_json())


@router.get("/export", summary="The same figures as a file")
def export(
    app: TheApp,
    network: TheNetwork,
    form: Annotated[Literal["csv", "parquet", "xlsx"], Query(alias="format")] = "csv",
    year: Year | None = None,
    month: MonthNumber | None = None,
    by: By | None = None,
    view: View = View.ALL,
    known_at: Instant | None = None,
) -> Response:
    """One row per base, part, book, view and index."""
    found = app.reliability.indices(network, _period(app, year, month), by=by, known_at=known_at, view=view)
    content = exported(found.rows(), format=form, title="indices")
    headers = {"content-disposition": f'attachment; filename="indices.{form}"'}
    return Response(content, media_type=FORMATS[form], headers=headers)


@router.get("/drill", summary="The events and customers an index is the sum of")
def drill_down(
    app: TheApp,
    network: TheNetwork,
    index: Annotated[str, Query(max_length=20, description="Standard name, such as SAIDI-1.")],
    book: Book = Book.DLT,
    base: Base = Base.UNITS,
    view: View = View.ALL,
    by: By | None = None,
    part: Name = "",
    year: Year | None = None,
    month: MonthNumber | None = None,
    known_at: Instant | None = None,
) -> Response:
    """What each adds to the numerator, integers, most first; at most 5,000 customers are listed."""
    period = _period(app, year, month)
    found, made = app.reliability.drill(
        network, period, index, book=book, base=base, view=view, by=by, part=part, known_at=known_at
    )
    customers = made.customers()
    answer = {"index": found.as_json(), "events": made.events(), "customers": customers[:MOST_ROWS]}
    return json_response({**answer, "customers_in_all": len(customers)})


@router.get("/days", summary="Major event days of a year, their limit and the daily SAIDI")
def days(
    app: TheApp,
    network: TheNetwork,
    year: Year | None = None,
    book: Book = Book.DLT,
    known_at: Instant | None = None,
) -> Response:
    """The limit is exp(α + 2.5 β) of the years before; what the texts leave open are rules `rel.med.*`."""
    limit, found, daily = app.reliability.days(network, year or app.today().year, book=book, known_at=known_at)
    minutes = {str(day): round(value, 6) for day, value in daily.items()}
    return json_response(
        {"threshold": limit.as_json(), "major_days": [one.as_json() for one in found], "daily_min": minutes}
    )


@router.get("/repeats", summary="Frequently interrupted users and feeders, and the warning list")
def repeats(app: TheApp, network: TheNetwork, known_at: Instant | None = None) -> Response:
    """This local year until now, by the rules `rep.*`; at most 1,000 users of each list."""
    return json_response(app.reliability.repeats(network, known_at=known_at).as_json())


@router.get("/budget", summary="Customer-hours of a year by unit and month")
def budget(app: TheApp, network: TheNetwork, year: Year | None = None, known_at: Instant | None = None) -> Response:
    """Target, proposal, allotment, used as the ledger says, committed as the plan says, left."""
    return json_response(app.budget_year(network, year or app.today().year, known_at=known_at).as_json())


@router.get("/management", summary="Management indices of a year or month")
def management(
    app: TheApp,
    network: TheNetwork,
    year: Year | None = None,
    month: MonthNumber | None = None,
    known_at: Instant | None = None,
    live_line_h: Annotated[
        float | None, Query(ge=0, le=MOST_HOURS, description="Customer-hours live-line works saved, where known.")
    ] = None,
) -> Response:
    """Temporary and repeated outages, works against faults, transfers, each with what it divides; and what is not told."""
    found = app.management(network, _period(app, year, month), known_at=known_at, live_line_h=live_line_h)
    return json_response(found.as_json())


@router.get("/months", summary="Every version of every closed month")
def months(app: TheApp, network: TheNetwork) -> Response:
    """Without their figures, oldest first."""
    return json_response([one.as_json(figures=False) for one in app.reliability.closed(network)])


@router.get("/months/{month}", summary="A month as reported, and what would be different now")
def month_standing(app: TheApp, network: TheNetwork, month: Month) -> Response:
    """Its versions with fingerprints, and figure by figure what the ledger says otherwise now."""
    return json_response(app.reliability.month(network, month).as_json())


@router.get("/months/{month}/report.pdf", summary="The printable report of a month")
def report(app: TheApp, network: TheNetwork, month: Month, lang: Literal["zh", "en"] = "zh") -> Response:
    """As reported when the month is closed, else as known now."""
    return Response(report_pdf(app.month_report(network, month), language=lang), media_type="application/pdf")


@router.post("/months/{month}/close", status_code=201, summary="Close a month, or restate a closed one")
def close_month(app: TheApp, actor: TheActor, network: TheNetwork, month: Month, wanted: Closing) -> Response:
    """The reliability engineer freezes the figures; once closed, other figures need a reason."""
    made = app.reliability.close_month(network, month, actor=actor, reason=wanted.reason, known_at=wanted.known_at)
    return json_response(made.as_json(), 201)

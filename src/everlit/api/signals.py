"""Intake of signals over HTTP: taken at once, also while the database is down; kept in the log; how intake stands."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Body, Depends, FastAPI, Query, Request, Response
from pydantic import Field

from everlit import __version__
from everlit.api import guard, problems
from everlit.api.context import Instant, TheActor, TheApp, UnableToUsePeriod, json_response
from everlit.app import App
from everlit.faults.calls import masked, read_call
from everlit.faults.reading import UnableToReadSignals, signals_of
from everlit.faults.store import StoredSignal
from everlit.kernel import Finding, Period, Text
from everlit.planning.service.refusals import only

router = APIRouter(prefix="/api/faults", tags=["faults"])
MOST_SIGNALS = 5_000
DAY = timedelta(days=1)


def named(request: Request, network: Annotated[str, Query(max_length=100)] = "") -> str:
    """The network asked for, or the one shown first; the database is not asked whether there is one."""
    return network or str(getattr(request.app.state, "network", "urban"))


Named = Annotated[str, Depends(named)]
Said = Annotated[list[Any], Field(min_length=1, max_length=MOST_SIGNALS)] | dict[str, Any]
Form = Annotated[dict[str, Any], Body()]


@router.post("/signals", summary="Hand in signals: one, or a list of up to 5,000", status_code=202)
def add_signals(app: TheApp, network: Named, said: Annotated[Said, Body()], actor: TheActor) -> Response:
    """A receipt for every good record, once it is safe on disk; findings for the others. Columns as in a signal file;
    `arrived_at` is our clock's. 503: nothing was accepted, send it again."""
    only(actor, "faults.signals")
    read = signals_of(list(enumerate(said if isinstance(said, list) else [said], 1)))
    if not read.signals:
        raise UnableToReadSignals(*read.findings)
    accepted = app.faults.accept(network, read.signals, actor=actor).as_json()
    accepted["findings"] += [finding.as_json() for finding in read.findings]
    return json_response(accepted, 202)


@router.post("/calls", summary="Hand in a call: power is off", status_code=202)
def add_call(app: TheApp, network: Named, form: Form, actor: TheActor) -> Response:
    """A receipt; the telephone number is shown masked. `form` is agent, ivr or web; `usage_point`, `account` or `address`
    names the place; `call_id` makes a repeated post the same call; `phone`, `said` and `occurred_at` may be told."""
    only(actor, "faults.calls")
    call, findings = read_call(form, at=app.clock(), name=uuid4().hex)
    if call is None:
        raise UnableToReadSignals(*findings)
    accepted = app.faults.accept(network, [call.signal], actor=actor, told=call.told)
    if not accepted.receipts:
        raise UnableToReadSignals(*accepted.findings)
    return json_response({**accepted.as_json(), "told": masked(call.told)}, 202)


@router.get("/signals", summary="Signals of the log")
def list_signals(
    app: TheApp,
    network: Named,
    start: Instant | None = None,
    end: Instant | None = None,
    known_at: Instant | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_SIGNALS)] = 1_000,
) -> Response:
    """Those that occurred in a period, the last 24 hours unless told, as known at an instant; by occurrence."""
    period = asked_period(start, end, app.clock())
    found = app.faults.signals(network, period, known_at=known_at, limit=limit + 1)
    rows = [shown(one) for one in found[:limit]]
    return json_response({**period.as_json(), "signals": rows, "more": len(found) > limit})


@router.get("/intake", summary="How the intake of signals stands")
def intake(app: TheApp) -> Response:
    """Whether it accepts, what waits in the spool, and since when the database has been out of reach."""
    return json_response(app.faults.intake_state().as_json())


def asked_period(start: datetime | None, end: datetime | None, now: datetime) -> Period:
    """The period asked about, the last 24 hours and one ahead unless told; raises UnableToUsePeriod."""
    until = end or (now + timedelta(hours=1) if start is None else start + DAY)
    since = start or until - DAY
    if until <= since:
        words = Text("The period must end after it starts.", "结束必须晚于开始。")
        raise UnableToUsePeriod(Finding("period.invalid", since.isoformat(), words))
    return Period(since, until)


def shown(one: StoredSignal) -> dict[str, Any]:
    """A signal of the log as people may see it."""
    return {**one.signal.as_json(), "seq": one.seq, "by": one.by, "told": masked(one.told)}


def create_intake(app: App, *, hosts: tuple[str, ...] = (), network: str = "urban") -> FastAPI:
    """The intake alone: what keeps accepting when everything else is down."""
    api = FastAPI(title="Everlit 长明 intake", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    api.state.app, api.state.network = app, network
    problems.install(api)
    guard.install(api, names=hosts)
    api.include_router(router)
    return api

"""Facts the rules read, over HTTP: switch operations in the field, budgets, protected periods, plans.

Each is checked against the network, names who entered it in which role, and is an event.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from everlit.api.context import Instant, Month, TheActor, TheApp, TheNetwork, TheState, json_response, period_of
from everlit.facts import budget, calendar_day, calendar_year, planned_customer, protected_period
from everlit.kernel import Period, Text

router = APIRouter(prefix="/api", tags=["facts"])
Name = Annotated[str, Path(max_length=100)]
Identity = Annotated[str, Field(min_length=1, max_length=200)]


class Operation(BaseModel):
    """One switch operated in the field, now unless `at` says when."""

    switch: Identity
    closed: bool
    at: Instant | None = None


class Allotment(BaseModel):
    """Customer-hours a unit may use in the month."""

    unit: Identity
    hours: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Words(BaseModel):
    """A name in both languages; one is enough."""

    en: Annotated[str, Field(max_length=200)] = ""
    zh: Annotated[str, Field(max_length=200)] = ""


class Protection(BaseModel):
    """A time in which supply is protected; no units means all."""

    key: Annotated[str, Field(max_length=60)]
    name: Words
    start: Instant
    end: Instant
    units: Annotated[list[Identity], Field(max_length=200)] = []


class Day(BaseModel):
    """Whether people rest on a day, and what it is called."""

    rest: bool
    name: Words
    document: Annotated[str, Field(max_length=200)] = ""


class EmergencyPlan(BaseModel):
    """A usage point, or a customer with several sources, whose emergency plan is approved."""

    customer: Identity


@router.get("/networks/{name}/operations", summary="Switch operations in the field")
def operations(app: TheApp, name: Name, state: TheState) -> Response:
    """In the order they happened, up to `at`, as known at `known_at`."""
    return json_response([one.as_json() for one in app.operations(name, at=state.at, known_at=state.known_at)])


@router.post("/networks/{name}/operations", status_code=201, summary="Record a switch operation in the field")
def operate(app: TheApp, actor: TheActor, name: Name, wanted: Operation) -> Response:
    """True at `at`, known now; a dispatcher or the crew records it. Assessments made before are stale."""
    done = app.operate(name, wanted.switch, closed=wanted.closed, actor=actor, at=wanted.at)
    return json_response({"network": name, **done.as_json()}, 201)


@router.get("/budgets/{month}", summary="Customer-hours of each unit in a month")
def budgets(app: TheApp, network: TheNetwork, month: Month) -> Response:
    """Allotted, used, committed, left."""
    return json_response([one.as_json() for one in app.planning.budgets(network, month).values()])


@router.put("/budgets/{month}", summary="Allot customer-hours to a unit for a month")
def set_budget(app: TheApp, actor: TheActor, network: TheNetwork, month: Month, wanted: Allotment) -> Response:
    """The newest allotment counts; the approval ladder climbs where it does not suffice."""
    allotted = budget(app.grid(network), unit=wanted.unit, month=month, hours=wanted.hours)
    app.planning.set_budget(network, allotted, actor=actor)
    return json_response(app.planning.budgets(network, month)[wanted.unit].as_json())


@router.get("/protected", summary="Protected periods that touch a time")
def protected(
    app: TheApp,
    network: TheNetwork,
    start: Annotated[Instant, Query(alias="from")],
    end: Annotated[Instant, Query(alias="to")],
) -> Response:
    """Those entered, and those of the yearly calendar."""
    found = app.planning.protected(network, period_of(start, end))
    return json_response([one.as_json() for one in found])


@router.post("/protected", status_code=201, summary="Enter a protected period; same key and start replace it")
def protect(app: TheApp, actor: TheActor, network: TheNetwork, wanted: Protection) -> Response:
    """Examinations, festivals, elections, weather warnings."""
    period = period_of(wanted.start, wanted.end) if wanted.end <= wanted.start else Period(wanted.start, wanted.end)
    name = Text(wanted.name.en, wanted.name.zh)
    entered = protected_period(app.grid(network), key=wanted.key, name=name, period=period, units=wanted.units)
    app.planning.protect(network, [entered], actor=actor)
    return json_response(entered.as_json(), 201)


@router.get("/holidays", summary="Days of a year that are not what their weekday says")
def holidays(app: TheApp, year: Annotated[int, Query()]) -> Response:
    """Holidays and days worked in their place, shipped or entered, each with its confidence."""
    chosen, days = calendar_year(year), app.planning.calendar().days
    return json_response([one.as_json() for _, one in sorted(days.items()) if one.day.year == chosen])


@router.put("/holidays/{day}", summary="Enter a holiday or a made-up working day")
def set_day(app: TheApp, actor: TheActor, day: Name, wanted: Day) -> Response:
    """It stands in place of the shipped one; month plans made before are on other facts."""
    name = Text(wanted.name.en, wanted.name.zh)
    entered = calendar_day(day, rest=wanted.rest, name=name, document=wanted.document)
    app.planning.set_days([entered], actor=actor)
    return json_response(entered.as_json())


@router.post("/emergency-plans", status_code=201, summary="Record an approved emergency plan")
def approve_emergency_plan(app: TheApp, actor: TheActor, network: TheNetwork, wanted: EmergencyPlan) -> Response:
    """Of a usage point, or of a customer with several sources, by name."""
    customer = planned_customer(app.grid(network), wanted.customer)
    app.planning.approve_emergency_plan(network, customer, actor=actor)
    return json_response({"network": network, "customer": customer}, 201)

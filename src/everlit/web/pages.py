"""Overview, map, board, savings, rules and review (总览, 电网图, 月计划, 节约, 规则, 分析)."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from everlit.api.context import ROLES, TheApp, acting
from everlit.app import App
from everlit.kernel import Refusal
from everlit.planning.lifecycle import Command, possible
from everlit.planning.model import LADDER, Role, State
from everlit.platform.events import Actor
from everlit.switching import Reason, rank_missing_ties
from everlit.web.month import (
    GONE,
    Cache,
    Month,
    Row,
    beside,
    feeder_titles,
    month_days,
    next_outages,
    planned_last,
    read_month,
    shown_first,
    total_households,
    unit_of,
)
from everlit.web.rendering import YEAR_S, network_of, render, see
from everlit.web.waterfall import department_rows, waterfall

router = APIRouter(include_in_schema=False)
PLAN_SECONDS = 20.0
ALONE = (State.SUBMITTED, State.ASSESSED)
STEPS = (
    Command.ASSESS, Command.BALANCE, Command.APPROVE, Command.NOTIFY, Command.PERMIT, Command.START, Command.FINISH,
    Command.SWITCH_BACK, Command.RESTORE, Command.ANALYSE, Command.CLOSE,
)  # fmt: skip


def cache_of(request: Request) -> Cache:
    """Headlines of assessments by number, kept with the site."""
    if not hasattr(request.app.state, "headlines"):
        request.app.state.headlines = {}
    cache: Cache = request.app.state.headlines
    return cache


def month_of(request: Request, app: App, key: str | None, *, asked: bool = False) -> Month:
    """The month asked for, or the one to show first; 404 when it is none."""
    network = network_of(request)
    chosen = key or shown_first(app, network)
    try:
        month_days(chosen)
    except ValueError:
        raise HTTPException(404) from None
    return read_month(app, network, chosen, cache=cache_of(request), asked=asked)


@router.post("/who")
def who(
    actor: str = Form("", max_length=100),
    role: str = Form("planner", max_length=40),
    back: str = Form("/", max_length=300),
) -> Response:
    """Keep who acts and in which role (works without scripts)."""
    response = see(back if back.startswith("/") and not back.startswith("//") else "/")
    response.set_cookie("actor", quote(actor.strip()), max_age=YEAR_S, samesite="strict")
    if role in ROLES:
        response.set_cookie("role", role, max_age=YEAR_S, samesite="strict")
    return response


@router.get("/")
def overview(request: Request, app: TheApp, month: str | None = None) -> HTMLResponse:
    """What this month costs and saves, what comes next, what waits for me."""
    shown = month_of(request, app, month)
    grid = app.grid(shown.network)
    role = request.cookies.get("role", "planner")
    return render(
        request,
        "overview.html",
        month=shown,
        waterfall=waterfall(shown.savings) if shown.savings else None,
        states=Counter(row.outage.state.value for row in shown.rows),
        request_states=Counter(filed.state.value for filed in shown.requests),
        coming=next_outages(shown.rows, app.clock()),
        promises=app.planning.promises(shown.network),
        waiting=waiting_for(shown.rows, role),
        submitted=[filed for filed in shown.requests if filed.state is State.SUBMITTED],
        warned=[row for row in shown.standing if row.conflicts],
        feeders=feeder_titles(grid),
        households=total_households(grid),
        counts={
            "feeders": len(grid.feeder_ids),
            "switches": grid.n_switches,
            "transformers": grid.n_transformers,
            "units": int(grid.section_units.sum()),
        },
        beside=beside,
    )


def waiting_for(rows: Sequence[Row], role: str) -> list[tuple[Row, Command]]:
    """Outages whose next step is this role's, soonest first."""
    if role not in set(Role):
        return []
    found = []
    for row in sorted(rows, key=lambda row: row.outage.period.start):
        step = next_step(row, Role(role))
        if step is not None:
            found.append((row, step))
    return found


def next_step(row: Row, role: Role) -> Command | None:
    """The step forward this role would take, None when it is another's turn."""
    allowed = possible(row.outage.state, role)
    for command in STEPS:
        if command not in allowed:
            continue
        if command is Command.ASSESS and row.fresh:
            continue
        if command is Command.BALANCE and not row.fresh:
            continue
        if command is Command.APPROVE and row.summary and LADDER.index(role) < LADDER.index(row.summary["approver"]):
            continue
        return command
    return None


@router.get("/map")
def map_page(request: Request) -> HTMLResponse:
    """The network over coordinates and as a single-line diagram, with study mode."""
    return render(request, "map.html")


@router.get("/board")
def board_now(request: Request, app: TheApp) -> Response:
    """The board of the month people plan."""
    return see(f"/board/{planned_last(app, network_of(request))}")


@router.get("/board/{key}")
def board(request: Request, app: TheApp, key: str, department: str = "", unit: str = "") -> HTMLResponse:
    """Gantt by feeder: outages, conflicts, merge proposals; moving one shows what it would change first."""
    return _board(request, app, key, department, unit)


@router.post("/board/{key}")
async def change_month(request: Request, app: TheApp, key: str) -> Response:
    """Plan the month anew, or form its outages from the newest plan and assess them."""
    form = await request.form()
    network = network_of(request)
    try:
        actor = acting(request)
        if form.get("command") == "plan":
            await run_in_threadpool(app.planning.plan_month, network, key, actor=actor, seconds=PLAN_SECONDS)
        else:
            await run_in_threadpool(_adopt, app, network, key, actor)
    except Refusal as refusal:
        return _board(request, app, key, refusal=refusal)
    return see(f"/board/{key}")


def _adopt(app: App, network: str, key: str, actor: Actor) -> None:
    for outage in app.planning.adopt_month(network, key, actor=actor):
        app.planning.assess_outage(outage.outage_id, actor=actor)


def _board(
    request: Request, app: App, key: str, department: str = "", unit: str = "", *, refusal: Refusal | None = None
) -> HTMLResponse:
    month = month_of(request, app, key)
    grid = app.grid(month.network)
    titles = feeder_titles(grid)
    units = [unit_of(grid, feeder) for feeder in range(len(titles))]
    lanes: dict[int, dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    listed = []
    for row in month.rows:
        feeder = row.feeders[0] if row.feeders else -1
        if row.outage.state is State.CANCELLED:
            continue
        if (department and department not in row.departments) or (unit and (feeder < 0 or units[feeder] != unit)):
            continue
        start = row.outage.period.start.astimezone(app.zone)
        if f"{start:%Y-%m}" == month.key:
            lanes[feeder][start.day].append(row)
            listed.append(row)
    return render(
        request,
        "board.html",
        status=422 if refusal else 200,
        refusal=refusal,
        month=month,
        lanes={feeder: lanes[feeder] for feeder in sorted(lanes)},
        listed=listed,
        titles=titles,
        units=units,
        department=department,
        unit=unit,
        gone=GONE,
        beside=beside,
        refused=(month.plan or {}).get("conflicts", []),
        today=app.clock().astimezone(app.zone).date(),
        adopted=_adopted(month),
        open_requests=sum(filed.state in ALONE for filed in month.requests),
    )


def _adopted(month: Month) -> bool:
    """Whether the outages of the newest plan have been formed."""
    served = {name for row in month.standing for name in row.outage.request_ids}
    return month.plan is None or all(set(row["request_ids"]) <= served for row in month.plan.get("packages", []))


@router.get("/savings")
def savings_now(request: Request, app: TheApp) -> Response:
    """The savings of the month people plan."""
    return see(f"/savings/{planned_last(app, network_of(request))}")


@router.get("/savings/{key}")
def savings(request: Request, app: TheApp, key: str) -> HTMLResponse:
    """As requested → merged → transferred, who gains, and which ties are missing."""
    month = month_of(request, app, key, asked=True)
    grid = app.grid(month.network)
    certificates = [
        [Reason.from_json(reason) for reason in row.summary["certificate"]] for row in month.standing if row.summary
    ]
    return render(
        request, "savings.html", month=month, savings=month.savings,
        waterfall=waterfall(month.savings) if month.savings else None, departments=department_rows(month),
        units=unit_rows(month), ties=rank_missing_ties(certificates)[:12], beside=beside, feeders=feeder_titles(grid),
        budgets=app.planning.budgets(month.network, month.key),
    )  # fmt: skip


def unit_rows(month: Month) -> list[tuple[str, int, float]]:
    """Outages and customer-hours by operating unit."""
    hours: dict[str, float] = defaultdict(float)
    outages: Counter[str] = Counter()
    for row in month.standing:
        for unit, spent in (row.summary["unit_hours"] if row.summary else {}).items():
            hours[unit] += float(spent)
            outages[unit] += 1
    return [(unit, outages[unit], hours[unit]) for unit in sorted(hours)]


@router.get("/policies")
def policies(request: Request, app: TheApp) -> HTMLResponse:
    """Every rule with its document and how sure we are of it."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in app.planning.policies().rows:
        groups[row.key.split(".")[0]].append(row)
    rows = [row for group in groups.values() for row in group]
    unverified = sum(not row.verified for row in rows)
    return render(request, "policies.html", groups=dict(groups), count=len(rows), unverified=unverified)


@router.get("/review")
def review_now(request: Request, app: TheApp) -> Response:
    """The review of the month to show first."""
    return see(f"/review/{shown_first(app, network_of(request))}")


@router.get("/review/{key}")
def review(request: Request, app: TheApp, key: str) -> HTMLResponse:
    """The promise clock of outages under way, planned against actual, management indices, causes of delay."""
    month = month_of(request, app, key)
    reviewed = app.planning.review_month(month.network, month.key, with_feeders=True)
    return render(
        request,
        "review.html",
        month=month,
        promises=app.planning.promises(month.network),
        begun=[row for row in month.rows if row.outage.execution.off_at is not None],
        indices=reviewed.indices,
        causes=app.planning.delay_causes(month.network, year=month.days[0].year),
        beside=beside,
    )

"""The year ahead on a page (可靠性预测): what the network promises, what a change is worth, what a plan risks.

Nothing is kept: a question is a query, so that its answer can be sent on as a link.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from everlit.api.context import TheApp
from everlit.api.problems import status_of
from everlit.app import App
from everlit.kernel import Finding, Refusal, Text, fingerprint
from everlit.planning.model import PlannedOutage
from everlit.reliability.forward import BASES, Forward
from everlit.reliability.forward_effect import Risk
from everlit.reliability.forward_question import LONGEST_H, Change, Plan, UnableToAskForward, risk, worth
from everlit.reliability.model import Base
from everlit.web.forward_view import Worth, read_ahead, two_years
from everlit.web.month import GONE
from everlit.web.rendering import network_of, render

router = APIRouter(include_in_schema=False)
MOST_KEPT = 8
"""Networks kept calculated in memory, by what they were calculated from."""
LONGEST_FIELD = 4000
MOST_OUTAGES = 200


@router.get("/reliability/forward")
def year_ahead(request: Request, app: TheApp) -> HTMLResponse:
    """The system, its worst feeders and load points, and the answer to a question where one is asked."""
    network, words = network_of(request), request.query_params
    try:
        base = Base(words.get("base") or Base.UNITS)
    except ValueError:
        raise HTTPException(404) from None
    if base not in BASES:
        raise HTTPException(404)
    refusal, value, risks = None, None, None
    try:
        value, risks = _worth(app, network, words), _risks(app, network, words)
    except Refusal as refused:
        refusal = refused
    return render(
        request,
        "forward.html",
        status=200 if refusal is None else status_of(refusal),
        shown=read_ahead(app, network, base, _years(request, app, network)),
        bases=BASES,
        asked={name: text[:LONGEST_FIELD] for name, text in words.items()},
        outages=_outages(app, network),
        refusal=refusal,
        value=value,
        risks=risks,
        longest=LONGEST_H,
    )


def _years(request: Request, app: App, network: str) -> tuple[Forward, Forward]:
    """Kept with the site: it changes only with the network, the rules or the day."""
    if not hasattr(request.app.state, "years_ahead"):
        request.app.state.years_ahead = {}
    kept: dict[tuple[object, ...], tuple[Forward, Forward]] = request.app.state.years_ahead
    rules = fingerprint([row.as_json() for row in app.planning.policies().rows])
    key = network, app.grid(network).network.fingerprint, rules, app.today()
    if key not in kept:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = two_years(app, network)
    return kept[key]


def _names(text: str) -> tuple[str, ...]:
    """Identities separated by semicolons.

    >>> _names("IS7; CB1;; IS7")
    ('IS7', 'CB1')
    """
    names = (name.strip() for name in text[:LONGEST_FIELD].replace("\uff1b", ";").split(";"))
    return tuple(dict.fromkeys(name for name in names if name))


def _worth(app: App, network: str, words: Mapping[str, str]) -> Worth | None:
    """The answer to the question about a change, None where none is asked."""
    one, other = (words.get(name, "").strip()[:LONGEST_FIELD] for name in ("tie_from", "tie_to"))
    change = Change(
        (one, other) if one or other else None, _names(words.get("automate", "")), words.get("spares") == "yes"
    )
    if not change:
        return None
    if bool(one) != bool(other):
        raise _unclear("tie_from", Text("A tie needs both its ends.", "联络需给出两端节点。"))
    grid = app.grid(network)
    limited, free = (worth(grid, change, asked=app.forward_asked(limited=limit)) for limit in (True, False))
    return Worth(limited, free)


def _risks(app: App, network: str, words: Mapping[str, str]) -> tuple[Risk, Risk] | None:
    """The answer to the question about a plan, with the limits of ties and without; None where none is asked."""
    if name := words.get("outage", "").strip()[:LONGEST_FIELD]:
        outage = app.planning.outage(name)
        if outage.network != network:
            raise _unclear("outage", Text(f"{name} is an outage of another network.", f"{name} 属于其他电网。"))
        limited, free = (app.outage_risk(outage, limited=limit) for limit in (True, False))
        return limited, free
    plan = Plan(_names(words.get("open", "")), _names(words.get("close", "")), _hours(words.get("hours", "")))
    if not plan:
        return None
    asked = (app.forward_asked(limited=limit) for limit in (True, False))
    limited, free = (risk(app.grid(network), plan, asked=one) for one in asked)
    return limited, free


def _hours(text: str) -> float:
    if not text.strip():
        return 0.0
    try:
        return float(text)
    except ValueError:
        words = Text("The hours are not a number.", "时长不是数字。")
        raise _unclear("hours", words) from None


def _unclear(field: str, words: Text) -> UnableToAskForward:
    return UnableToAskForward(Finding("forward.unclear", field, words))


def _outages(app: App, network: str) -> list[PlannedOutage]:
    """Planned outages that are still to come, in order of time."""
    coming = [one for one in app.planning.outages(network) if one.period.end > app.clock() and one.state not in GONE]
    return sorted(coming, key=lambda one: one.period.start)[:MOST_OUTAGES]

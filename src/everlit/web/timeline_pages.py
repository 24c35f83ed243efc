"""What happened to this meter, and what were we told (用户停电与通知履历): one box, any name, everything on one time line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow.compute as pc
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from everlit.api.context import TheApp, reachable
from everlit.api.search import hits
from everlit.app import App
from everlit.customers.store import kept_account
from everlit.ledger.model import SubjectKind
from everlit.ledger.outcome import UnableToFindSubject
from everlit.ledger.timeline import Timeline
from everlit.notices.service import UnableToFindNotice
from everlit.notices.store.proof import accounts_at
from everlit.platform.database import reading
from everlit.reliability.repeats import FREQUENT_RULES, WARNING_RULES
from everlit.web.meter_story import Notice, notice, story, strips
from everlit.web.rendering import network_of, render

router = APIRouter(include_in_schema=False)
LONGEST = 200
MOST_ACCOUNTS = 3
"""Accounts of one load whose notices are shown together; with more of them one is picked."""
MOST_SUGGESTED = 12
SUGGESTED = ("usage_points", "consumers", "transformers")


@dataclass(frozen=True, slots=True)
class Found:
    """Whose story it is: what the ledger tells of it, the accounts there, and the one that is meant (if one is)."""

    told: Timeline
    accounts: tuple[str, ...]
    account: str


@router.get("/meter")
def meter(request: Request, app: TheApp, q: str = "", account: str = "", known: str = "") -> HTMLResponse:
    """The story of a usage point, load, MV unit or account, as known at an instant."""
    network, words = network_of(request), q.strip()[:LONGEST]
    known_at = _instant(app, known)
    found = _find(app, network, words, account.strip(), known_at) if words else None
    notices = _notices(app, network, found, known_at) if found else []
    moments = story(found.told.spells if found else (), notices)
    return render(
        request,
        "meter.html",
        status=200 if found or not words else 404,
        q=words,
        known=known,
        known_at=known_at,
        found=found,
        moments=moments,
        strips=strips(moments, app.zone, this_year=app.today().year),
        gone=[one for one in found.told.said if not one.stands] if found else [],
        repeats=_repeats(app, network, found, known_at) if found else None,
        suggested=[] if found or not words else _suggested(app, network, words),
    )


def _instant(app: App, typed: str) -> datetime | None:
    try:
        return reachable(datetime.fromisoformat(typed)).replace(tzinfo=app.zone) if typed else None
    except ValueError:
        raise HTTPException(404) from None


def _find(app: App, network: str, words: str, picked: str, known_at: datetime | None) -> Found | None:
    """Whom a name means: an account, else a usage point or load, else an MV unit; None where it means nobody."""
    with reading(app.engine) as connection:
        kept = kept_account(connection, network, words)
    subject = words if kept is None else kept[1].usage_point_id or kept[1].consumer_id
    try:
        told = app.ledger.timeline(network, subject, known_at=known_at)
    except UnableToFindSubject:
        return None
    with reading(app.engine) as connection:
        there = accounts_at(connection, network, [told.subject_id]) if told.kind is SubjectKind.USAGE_POINT else []
    names = tuple(sorted(name for name, _ in there))
    return Found(told, names, words if kept is not None else picked if picked in names else "")


def _notices(app: App, network: str, found: Found, known_at: datetime | None) -> list[Notice]:
    """What the account that is meant was told, or all accounts of the load where they are few."""
    names: Sequence[str] = [found.account] if found.account else found.accounts
    if len(names) > MOST_ACCOUNTS:
        return []
    told: list[Notice] = []
    for name in names:
        try:
            told += [notice(row, name) for row in app.notices.told_account(network, name)]
        except UnableToFindNotice:
            continue
    return [one for one in told if known_at is None or one.at <= known_at]


def _repeats(app: App, network: str, found: Found, known_at: datetime | None) -> dict[str, Any] | None:
    """How the repeat rules count this load this year: the counts, and the rule that makes it frequent or warned."""
    if found.told.kind is not SubjectKind.USAGE_POINT:
        return None
    counted = app.reliability.repeats(network, known_at=known_at)
    row = pc.index(counted.subjects.ids, found.told.subject_id).as_py()
    if row < 0:
        return None
    reason, warning = int(counted.reason[row]), int(counted.warning[row])
    names = ("year", "window", "planned")
    return {
        **{name: int(np.asarray(getattr(counted.counts, name))[row]) for name in names},
        "frequent": FREQUENT_RULES[reason][0] if reason >= 0 else "",
        "warned": WARNING_RULES[warning][0] if warning >= 0 else "",
    }


def _suggested(app: App, network: str, words: str) -> list[str]:
    """Names that hold the words, for somebody who mistyped one."""
    held = app.grid(network).network
    return [one["id"] for table in SUGGESTED for one in hits(held, table, words, most=MOST_SUGGESTED)][:MOST_SUGGESTED]

"""Notices over HTTP: how they stand, what was said to whom, receipts, comparing who was told with who was off.

A gateway that reports by itself what became of a message posts it to `/reports/{channel}`, signed as everything between
it and us is (`everlit.notices.channels.signature`); without the right signature nothing is believed.
"""

import asyncio
import os
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from everlit.api.context import MONTH, Instant, TheActor, TheApp, TheNetwork, json_response
from everlit.api.feeds import AccountId, Event
from everlit.api.problems import problem
from everlit.app import App
from everlit.kernel import Finding, Text
from everlit.notices.channels.configured import report_secrets
from everlit.notices.channels.signature import verified
from everlit.notices.service import UnableToFindNotice

router = APIRouter(prefix="/api/notices", tags=["notices"])
LONGEST_REPORT = 64_000
MOST_REPORTS = 1_000
UNSIGNED = Text("The report is not signed by this gateway.", "回执未经该网关签名。")


class Signed(BaseModel):
    """Who signed for the notice of which account, when and how."""

    account_id: Annotated[str, Field(max_length=80)]
    signed_by: Annotated[str, Field(max_length=100)]
    how: Literal["paper", "phone", "app", "visit"] = "paper"
    note: Annotated[str, Field(max_length=400)] = ""
    at: Instant | None = None


class Report(msgspec.Struct, forbid_unknown_fields=False):
    """What became of a message, by the receipt the gateway gave for it."""

    receipt: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    state: Literal["delivered", "rejected", "undeliverable", "expired"]


@router.get("", summary="How notices stand: alarms, the queue, failures, the events last spoken about")
def overview(app: TheApp, network: TheNetwork) -> Response:
    """`unserved` names channels on which messages wait though no setting opens them."""
    centre = app.notices.centre()
    queue, opened = centre.queue(network), app.channels()
    waiting = {row["channel"] for row in queue if row["oldest_s"] is not None}
    answer = app.notices.overview(network)
    answer |= {"queue": queue, "failures": centre.failures(network), "unserved": sorted(waiting - opened.keys())}
    return json_response(answer)


@router.get("/alarms", summary="Legal times that run out, important customers who have not signed")
def alarms(app: TheApp, network: TheNetwork) -> Response:
    """The most pressing first, each with the rule it stands on."""
    return json_response([finding.as_json() for finding in app.notices.alarms(network)])


@router.get("/trend", summary="Who was told compared with who was off, added up by month")
def trend(app: TheApp, network: TheNetwork, since: Annotated[str, Query(pattern=f"^$|{MONTH}")] = "") -> Response:
    """Precision, recall, lateness and causes of each month, from a month on."""
    return json_response(app.notices.trend(network, since=since))


@router.get("/accounts/{account_id}", summary="What an account was told")
def told_account(app: TheApp, network: TheNetwork, account_id: AccountId) -> Response:
    """Newest first, to its holder and to delegates on its behalf; no address is shown."""
    return json_response(app.notices.told_account(network, account_id))


@router.get("/events/{event_id:path}/words", summary="What was said about an event, in its words")
def words(app: TheApp, event_id: Event) -> Response:
    """Every version, newest first, in both languages, short and long."""
    app.notices.status(event_id)
    return json_response(app.notices.centre().words(event_id))


@router.get("/events/{event_id:path}/uncertain", summary="Who was told that it may be affected")
def uncertain(app: TheApp, event_id: Event) -> Response:
    """Accounts of which nobody is sure where they hang, by the last word."""
    app.notices.status(event_id)
    return json_response(app.notices.centre().uncertain(event_id))


@router.get("/events/{event_id:path}/undelivered", summary="Whom no channel reached")
def undelivered(app: TheApp, event_id: Event) -> Response:
    """By the last word, the most important first, with what was tried and why it failed; a receipt takes them off."""
    app.notices.status(event_id)
    return json_response([one.as_json() for one in app.notices.centre().undelivered(event_id)])


@router.get("/events/{event_id:path}/reconciliation", summary="Who was told and who was off")
def reconciliation(app: TheApp, event_id: Event) -> Response:
    """As compared last; 404 before the outage is over."""
    found = app.notices.centre().reconciliation(event_id)
    if found is None:
        words = Text(f"{event_id[:100]} was not compared yet.", f"{event_id[:100]} 尚未核对。")
        raise UnableToFindNotice(Finding("notices.reconciliation.unknown", event_id[:100], words))
    return json_response(found)


@router.post("/events/{event_id:path}/reconciliation", summary="Compare once more, with the ledger as it is now")
def reconcile(app: TheApp, actor: TheActor, event_id: Event) -> Response:
    """Replaces what was found before."""
    return json_response(app.reconcile(event_id, actor=actor).as_json())


@router.post("/events/{event_id:path}/queue", summary="Queue the notices of an outage as its final plan says")
def queue(app: TheApp, actor: TheActor, event_id: Event) -> Response:
    """Asking twice says nothing twice; refused with every gate that says no."""
    app.queue_notices(event_id, actor=actor)
    return json_response(app.notices.status(event_id))


@router.post("/events/{event_id:path}/receipts", summary="Keep a signed receipt")
def sign(app: TheApp, actor: TheActor, network: TheNetwork, event_id: Event, signed: Signed) -> Response:
    """Receipts are only added."""
    number = app.notices.sign(
        network, event_id, signed.account_id, signed_by=signed.signed_by, actor=actor, how=signed.how, note=signed.note,
        at=signed.at,
    )  # fmt: skip
    return json_response({"receipt_id": number}, 201)


@router.get("/events/{event_id:path}", summary="What was said about an event and in which state it stands")
def status(app: TheApp, event_id: Event) -> Response:
    """Versions, counts by channel and state, who signed and who has not, what may have been told twice."""
    answer = app.notices.status(event_id)
    return json_response({**answer, "failures": app.notices.centre().failures("", event_id)})


@router.post("/reports/{channel}", summary="A gateway reports what became of messages")
async def report(app: TheApp, request: Request, channel: Annotated[str, InPath(max_length=20)]) -> Response:
    """One report, or a list of them; `known` counts the messages they were about. Signed after Standard Webhooks."""
    secret, body = report_secrets(os.environ).get(channel), await request.body()
    now = int(app.clock().timestamp())
    if secret is None or len(body) > LONGEST_REPORT or not verified(secret, request.headers, body, now=now):
        return problem(401, UNSIGNED, [Finding("notices.signature", channel, UNSIGNED)], "unsigned")
    try:
        given = msgspec.json.decode(body, type=Report | list[Report])
    except msgspec.DecodeError as error:
        wrong = Text(f"The report cannot be read: {error}", f"回执无法解析：{error}")
        return problem(422, wrong, [Finding("notices.report", channel, wrong)], "invalid")
    reports = (given if isinstance(given, list) else [given])[:MOST_REPORTS]
    known = await asyncio.to_thread(_keep, app, channel, reports)
    return json_response({"reports": len(reports), "known": known})


def _keep(app: App, channel: str, reports: Sequence[Report]) -> int:
    return sum(app.notices.report(channel, one.receipt, delivered=one.state == "delivered") for one in reports)

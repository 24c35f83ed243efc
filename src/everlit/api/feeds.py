"""Published feeds (对外发布): outages as calendars, public alerts, ODIN records, and pages to print.

No reader is in a calendar of an area, in an alert or in a record. The pages for the door hold addresses, for whoever
walks there. Identities are the utility's own by `EVERLIT_UTILITY_HOST`; without it alerts are marked as a test.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Path, Query, Response

from everlit.api.context import TheApp, TheNetwork
from everlit.app import App
from everlit.kernel import Finding, Refusal, Text
from everlit.ledger.roster import roster
from everlit.notices.channel import Message
from everlit.notices.channels import cap, ical, odin
from everlit.notices.channels.clean import host
from everlit.notices.channels.outage import Place, PublicOutage
from everlit.notices.channels.paper import Door, Heading, door_pages, walking_list
from everlit.notices.channels.published import published
from everlit.notices.content.compose import said
from everlit.notices.reasons import tried
from everlit.notices.service import UnableToFindNotice

router = APIRouter(prefix="/api/notices", tags=["notices"])
KEPT = timedelta(days=92)
"""Calendars show outages this long after they were of use."""
NOWHERE = "everlit.invalid"
MOST_PAGES = 5_000
PDF = "application/pdf"
Language = Annotated[Literal["zh", "en"], Query()]
Name = Annotated[str, Query(max_length=200)]
Event = Annotated[str, Path(max_length=120)]
AccountId = Annotated[str, Path(max_length=80)]


class UnableToPrint(Refusal):
    """Nothing goes to the door in this event, or more than one file holds."""

    title = Text(en="There is nothing to print.", zh="没有可打印的通知。")


def public_outages(app: App, network: str, *, events: Collection[str] = (), placed: bool = False) -> list[PublicOutage]:
    """Every version of the outages people were told of lately (or of some events), with their places where asked."""
    announced = app.notices.centre().announced(network, since=app.clock() - KEPT, events=events)
    affected = {one.event_id: int(one.body["facts"].get("affected") or 0) for one in announced}
    places = _places(app, network, list(affected)) if placed else {}
    return published(announced, zone=app.zone, affected=affected, places=places)


def _places(app: App, network: str, events: list[str]) -> dict[str, list[Place]]:
    """Where the loads of each event are, those without coordinates left out."""
    grid = app.grid(network)
    nodes = grid.network.tables["nodes"]
    columns = (nodes.column(name).to_pylist() for name in ("node_id", "lat_deg", "lon_deg"))
    at = {node: (lat, lon) for node, lat, lon in zip(*columns, strict=True)}
    loads = grid.network.tables["consumers"]
    node_of = dict(zip(*(loads.column(name).to_pylist() for name in ("consumer_id", "node_id")), strict=True))
    found: dict[str, list[Place]] = {}
    for event_id, names in app.notices.centre().loads(events).items():
        theirs = {node_of[name] for name in names if name in node_of}
        known = [at[node] for node in sorted(theirs)]
        found[event_id] = [Place(lat, lon) for lat, lon in known if lat is not None and lon is not None]
    return found


def _rules(app: App) -> dict[str, float]:
    on = app.today()
    return {name: app.planning.policies().value(f"public.{name}", on=on) for name in ("few", "cell", "kept")}


def _host(app: App) -> str:
    return host(app.public_host) or NOWHERE


@router.get("/calendar.ics", summary="Outages of an area as a calendar to subscribe to")
def calendar_of_area(
    app: TheApp, network: TheNetwork, feeder: Name = "", unit: Name = "", language: Language = "zh"
) -> Response:
    """Of a feeder, of an operating unit, or of the whole network: entries move with their outage and are cancelled with it."""
    outages = public_outages(app, network)
    title = unit or feeder or network
    if feeder or unit:
        loads = _loads_of(app, network, feeder, unit)
        told = app.notices.centre().loads(sorted({one.event_id for one in outages}))
        outages = [one for one in outages if not loads.isdisjoint(told.get(one.event_id, ()))]
    return _calendar(app, outages, Text(f"Power outages {title}", f"停电计划 {title}"), language)


def _loads_of(app: App, network: str, feeder: str, unit: str) -> frozenset[str]:
    """The loads that hang under a feeder and belong to a unit in the normal state."""
    points = roster(app.grid(network)).points
    mine = np.ones(len(points), np.bool_)
    for name, names, index in ((feeder, points.feeder_ids, points.feeder), (unit, points.unit_names, points.unit)):
        if name:
            known = names.to_pylist()
            if name not in known:
                raise UnableToFindNotice(
                    Finding("notices.unknown", name, Text(f"No area {name}.", f"没有该区域：{name}。"))
                )
            mine &= index == known.index(name)
    return frozenset(points.ids.filter(mine.tolist()).to_pylist())


@router.get("/accounts/{account_id}/calendar.ics", summary="The outages an account was told of as a calendar")
def calendar_of_account(app: TheApp, network: TheNetwork, account_id: AccountId, language: Language = "zh") -> Response:
    """What is announced publicly of the events this account was told of."""
    told = app.notices.told_account(network, account_id)
    events = sorted({row["event_id"] for row in told})
    outages = public_outages(app, network, events=events) if events else []
    return _calendar(app, outages, Text("Power outages", "停电计划"), language)


def _calendar(app: App, outages: list[PublicOutage], name: Text, language: str) -> Response:
    body = ical.calendar(outages, name=name, host=_host(app), language=language)
    return Response(body, headers={"content-type": ical.CONTENT_TYPE})


@router.get("/odin", summary="Outages under way for regional situation awareness (ODIN, CIM)")
def outages_under_way(
    app: TheApp,
    network: TheNetwork,
    form: Annotated[Literal["xml", "json"], Query(alias="format")] = "xml",
    language: Language = "zh",
) -> Response:
    """What is off now, and for some hours what has come back; few customers are joined and never placed."""
    rules, name = _rules(app), app.sender.in_language(language)
    utility = odin.Utility(_host(app), name, _host(app))
    found = odin.records(
        public_outages(app, network, placed=True), utility, now=app.clock(), few=int(rules["few"]), kept_h=rules["kept"],
        language=language,
    )  # fmt: skip
    if form == "json":
        return Response(odin.as_json(found), media_type="application/json")
    return Response(odin.as_xml(found), media_type=odin.CONTENT_TYPE)


@router.get("/events/{event_id:path}/cap", summary="An event as a public alert (CAP 1.2, zh-CN and en)")
def alert(
    app: TheApp, network: TheNetwork, event_id: Event, version: Annotated[int | None, Query(ge=1, le=100_000)] = None
) -> Response:
    """The newest version, or one of them; later ones refer to the earlier."""
    versions = public_outages(app, network, events=[event_id], placed=True)
    chosen = [one for one in versions if version in (None, one.version)]
    if not chosen:
        raise _nothing(event_id)
    rules, status = _rules(app), "Actual" if host(app.public_host) else "Test"
    authority = cap.Authority(_host(app), app.sender, app.hotline, status)
    body = cap.alert(chosen[-1], authority, zone=app.zone, few=int(rules["few"]), cell_deg=rules["cell"])
    return Response(body, media_type=cap.CONTENT_TYPE)


@router.get("/events/{event_id:path}/doors.pdf", summary="A page for each door, A5")
def pages_for_doors(app: TheApp, event_id: Event) -> Response:
    """For everybody who can be told in no other way, each page in its reader's language."""
    letters = _letters(app, event_id)
    return Response(door_pages(letters, zone=app.zone, issued=app.clock()), media_type=PDF)


@router.get("/events/{event_id:path}/list.pdf", summary="The list of whoever walks from door to door, A4")
def list_of_doors(app: TheApp, event_id: Event, language: Language = "zh") -> Response:
    """Every door with a box to tick and a line to sign."""
    doors = [_door(one, language) for one in _letters(app, event_id)]
    return Response(walking_list(doors, _heading(app, event_id, language), language=language), media_type=PDF)


def _heading(app: App, event_id: str, language: str) -> Heading:
    last = app.notices.status(event_id)["announcements"][-1]
    facts = last["facts"]
    outage = public_outages(app, last["network"], events=[event_id])[-1]
    spans = ((int(outage.period.start.timestamp()), int(outage.period.end.timestamp())),)
    when = said(spans, language=language, zone=app.zone)
    return Heading(event_id, last["version"], when, facts["area"][language], facts["sender"][language])


@router.get(
    "/events/{event_id:path}/undelivered.pdf", summary="Whom no channel reached: the list to telephone or visit, A4"
)
def list_of_undelivered(app: TheApp, event_id: Event, language: Language = "zh") -> Response:
    """Every reader with what was tried and why it failed, and a line to sign."""
    app.notices.status(event_id)
    some = app.notices.centre().undelivered(event_id)
    if not some:
        words = Text(f"{event_id}: nobody is left untold.", f"{event_id}：没有无法送达的用户。")
        raise UnableToPrint(Finding("notices.undelivered", event_id, words))
    lines = [
        Door(*_place(one.address or one.consumer_id), one.customer, remark=tried(one.tried).in_language(language))
        for one in some
    ]
    return Response(walking_list(lines, _heading(app, event_id, language), language=language), media_type=PDF)


def _letters(app: App, event_id: str) -> list[Message]:
    app.notices.status(event_id)
    letters = app.notices.outbox().letters(event_id, "door", limit=MOST_PAGES + 1)
    if not 0 < len(letters) <= MOST_PAGES:
        words = Text(
            f"{event_id}: {len(letters)} pages; a file holds 1 to {MOST_PAGES}.",
            f"{event_id}：{len(letters)} 页；每个文件 1 至 {MOST_PAGES} 页。",
        )
        raise UnableToPrint(Finding("notices.doors", event_id, words))
    return letters


def _door(letter: Message, language: str) -> Door:
    return Door(*_place(letter.address), str(letter.facts["customer"]), remark=_remark(letter, language))


def _place(address: str) -> tuple[str, str]:
    """Building and door: what stands behind the house number (…号) is the door."""
    street, number, door = address.rpartition("号")
    return (street + number, door.strip()) if number else ("", address)


def _remark(letter: Message, language: str) -> str:
    return "" if letter.facts["certain"] else ical.TENTATIVE.in_language(language)


def _nothing(subject: str) -> UnableToFindNotice:
    words = Text(en=f"Nothing was said about {subject[:100]}.", zh=f"没有关于 {subject[:100]} 的通知。")
    return UnableToFindNotice(Finding("notices.unknown", subject[:100], words))

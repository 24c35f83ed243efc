"""Public outages for the feeds: one to start from, and any at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from everlit.kernel import Period, Text
from everlit.notices.channel import Kind
from everlit.notices.channels.outage import Issued, Place, PublicOutage
from tests.notices.channels.messages import HOSTILE, NOW

START = datetime(2026, 6, 8, 0, 0, tzinfo=UTC)
SQUARE = (Place(23.10, 113.20), Place(23.10, 113.25), Place(23.14, 113.25), Place(23.14, 113.20), Place(23.12, 113.22))


def outage(**changed: Any) -> PublicOutage:
    first = PublicOutage(
        event_id="PO-2026-0601",
        version=1,
        kind=Kind.PLANNED,
        issued=NOW,
        period=Period(START, START + timedelta(hours=9)),
        title=Text("Planned outage", "计划停电"),
        body=Text("Line work in the north of the town.", "城北线检修，请提前做好准备。"),
        area=Text("North town 1–6", "城北新村1–6栋"),
        cause=Text("line work", "线路检修"),
        affected=186,
        places=SQUARE,
        instruction=Text("Do not use lifts.", "请勿使用电梯。"),
        contact="95598",
    )
    return replace(first, **changed)


def later(first: PublicOutage, kind: Kind, **changed: Any) -> PublicOutage:
    """The next version of an outage."""
    return replace(
        first,
        version=first.version + 1,
        kind=kind,
        issued=first.issued + timedelta(hours=1),
        before=(*first.before, Issued(first.version, first.issued)),
        **changed,
    )


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=40) | st.sampled_from(HOSTILE)
TEXTS = st.builds(Text, ANY_TEXT, ANY_TEXT)
INSTANTS = st.integers(946_684_800, 4_070_908_800).map(lambda second: datetime.fromtimestamp(second, UTC))
PLACES = st.builds(Place, st.floats(allow_nan=True), st.floats(allow_nan=True)) | st.builds(
    Place, st.floats(-89, 89), st.floats(-179, 179)
)


@st.composite
def outages(draw: Any) -> PublicOutage:
    start, version = draw(INSTANTS), draw(st.integers(1, 4))
    issued = draw(INSTANTS)
    return PublicOutage(
        event_id=draw(ANY_TEXT.filter(str.strip)),
        version=version,
        kind=draw(st.sampled_from(list(Kind))),
        issued=issued,
        period=Period(start, start + timedelta(minutes=draw(st.integers(1, 10_000)))),
        title=draw(TEXTS),
        body=draw(TEXTS),
        area=draw(TEXTS),
        cause=draw(TEXTS),
        affected=draw(st.integers(0, 20_000)),
        at_first=draw(st.none() | st.integers(0, 20_000)),
        served=draw(st.none() | st.integers(0, 20_000)),
        places=tuple(draw(st.lists(PLACES, max_size=7))),
        instruction=draw(TEXTS),
        contact=draw(ANY_TEXT),
        cause_kind=draw(ANY_TEXT),
        tentative=draw(st.booleans()),
        before=tuple(Issued(earlier, issued - timedelta(hours=version - earlier)) for earlier in range(1, version)),
    )

"""Who hears what when a plan changes: a plain model of belief beside the SQL, on both databases."""

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from everlit.customers.store import accounts
from everlit.kernel import Finding, Text, utc
from everlit.notices.channel import Kind, Sent
from everlit.notices.model import Group, Happening
from everlit.notices.service import UnableToAnnounce
from everlit.notices.store.tables import outbox
from everlit.platform.database import reading, writing
from everlit.platform.events import history
from tests.notices.town import DAY, IMPORTANT, NIGHT, NOON, WHO, Gateway, Town, account, delegate, spans

LOADS = ("a", "b", "c", "d")
TIMES = (spans(), spans("09:00", "10:00"), spans("08:00", "20:00"))
EVENTS = count()


@pytest.fixture
def town(database_url) -> Town:
    return Town(database_url)


def all_gateways(**changes) -> list[Gateway]:
    return [Gateway(name, **changes) for name in ("sms", "email", "door")]


# ------------------------------------------------------------------------------------------------- a model
class Model:
    """What every account believes about one event and what is queued for it, without a database."""

    def __init__(self, people: dict[str, str]) -> None:
        self.people = people
        self.believes: dict[str, tuple | None] = dict.fromkeys(people)
        self.queued: dict[str, tuple[str, tuple]] = {}

    def announce(self, dark: dict[str, tuple]) -> None:
        self.queued = {}
        for name, load in self.people.items():
            old, new = self.believes[name], dark.get(load)
            if old is None and new is not None:
                self.queued[name] = ("planned", new)
            elif old is not None and new is None:
                self.queued[name] = ("cancelled", old)
            elif old != new:
                self.queued[name] = ("changed", new)

    def call_off(self) -> None:
        self.queued = {name: ("cancelled", old) for name, old in self.believes.items() if old is not None}

    def withdraw(self) -> None:
        self.queued = {}

    def send(self) -> None:
        for name, (kind, times) in self.queued.items():
            self.believes[name] = None if kind == "cancelled" else times
        self.queued = {}


def queued_rows(town: Town, event: str) -> dict[str, tuple[str, tuple]]:
    from everlit.notices.store.tables import announcements
    from everlit.notices.store.tables import spans as span_table

    query = (
        select(accounts.c.account_id, announcements.c.kind, span_table.c.body)
        .join_from(outbox, announcements, announcements.c.announcement_id == outbox.c.announcement_id)
        .join(accounts, accounts.c.account_no == outbox.c.account_no)
        .join(span_table, span_table.c.span_id == outbox.c.span_id)
        .where(announcements.c.event_id == event, outbox.c.state == "queued")
    )
    with reading(town.engine) as connection:
        rows = connection.execute(query).all()
    assert len(rows) == len({name for name, _, _ in rows}), "two messages wait for one reader"
    return {name: (kind, tuple((first, last) for first, last in body)) for name, kind, body in rows}


plans = st.dictionaries(st.sampled_from(LOADS), st.sampled_from(TIMES))
acts = st.one_of(
    st.tuples(st.just("announce"), plans),
    st.tuples(st.sampled_from(["send", "call_off", "withdraw"]), st.none()),
)
PEOPLE = {"A": "a", "B": "b", "C": "c", "D": "d", "E": "a", "U": "b"}


@settings(max_examples=40)
@given(story=st.lists(acts, min_size=1, max_size=8))
def test_every_story_ends_as_the_model_says(town, story) -> None:
    """Accounts whose place is in doubt (U) and all others follow the same table."""
    sure = {"U": {"link_probability": 0.85, "possible": (("b", 0.1),)}}
    town.people(account(name, load, "sms", **sure.get(name, {})) for name, load in PEOPLE.items())
    event, model = f"E-{next(EVENTS)}", Model(PEOPLE)
    for verb, plan in story:
        if verb == "announce":
            town.announce(plan, event=event)
            model.announce(plan)
        elif verb == "send":
            town.send(*all_gateways())
            model.send()
        else:
            town.within(verb, event)
            getattr(model, verb)()
        assert queued_rows(town, event) == model.queued


# ------------------------------------------------------------------------------------------------ particulars
def test_versions_go_up_only_when_something_is_said(town) -> None:
    town.people([account("A", "a", "sms")])
    assert town.announce({"a": spans()}).version == 1
    town.send(*all_gateways())
    again = town.announce({"a": spans()})
    assert (again.total, again.superseded) == (0, 0)
    assert town.announce({"a": spans("10:00", "11:00")}).version == 2
    kinds = [event.kind for event in recorded(town)]
    assert kinds == ["notices.queued", "notices.queued"]


def recorded(town: Town):
    with reading(town.engine) as connection:
        return history(connection, subject="outage:O-1")


def test_a_notice_is_there_with_its_cause_or_not_at_all(town) -> None:
    town.people([account("A", "a", "sms")])
    with pytest.raises(RuntimeError), writing(town.engine) as connection:
        town.notices.announce(connection, town.happening({"a": spans()}), actor=WHO)
        raise RuntimeError
    assert town.rows() == []
    assert recorded(town) == []


def test_what_is_on_its_way_and_corrected_is_not_tried_again(town) -> None:
    """The gateway was silent; meanwhile the plan changes; then the gateway says that it never had the message."""
    town.people([account("A", "a", "sms"), account("B", "b", "sms")])
    town.announce({"a": spans(), "b": spans()})
    silent = Gateway("sms", script=lambda message, number: Sent.UNKNOWN)
    town.send(silent)
    assert {row[2] for row in town.rows("state")} == {"unknown"}
    silent.taken.clear()
    town.announce({"a": spans("10:00", "12:00"), "b": spans()})
    assert town.said(version=2) == {"changed": {("A", "")}}
    town.send(Gateway("sms"), hours=0.1)
    states = {(kind, name): state for kind, version, name, state in named(town)}
    assert states == {("planned", "A"): "superseded", ("planned", "B"): "accepted", ("changed", "A"): "accepted"}


def named(town: Town) -> list[tuple]:
    query = select(accounts.c.account_no, accounts.c.account_id)
    with reading(town.engine) as connection:
        names = dict(connection.execute(query).all())
    return [(kind, version, names[number], state) for kind, version, number, state in town.rows("account_no", "state")]


def test_a_delegate_gets_one_message_for_all_and_a_change_when_the_accounts_change(town) -> None:
    town.people(
        [account("A", "a", "sms"), account("B", "b", "sms"), account("C", "c", "sms")],
        [delegate("P", "A", "B", "C"), delegate("Q", "C")],
    )
    town.announce({"a": spans(), "b": spans("09:00", "10:00")})
    gateways = all_gateways()
    town.send(*gateways)
    [letter] = [message for message in gateways[0].messages if message.address == "sms-P"]
    assert "您代收的2户" in letter.body and "08:00-16:00" in letter.body
    town.announce({"a": spans(), "b": spans("09:00", "10:00"), "c": spans()})
    assert town.said(version=2) == {"planned": {("C", ""), ("", "Q")}, "changed": {("", "P")}}
    town.send(*all_gateways())
    town.announce({"a": spans(), "b": spans("09:00", "10:00")})
    assert town.said(version=3) == {"cancelled": {("C", ""), ("", "Q")}, "changed": {("", "P")}}
    town.send(*all_gateways())
    town.within("call_off", "O-1")
    assert town.said(version=4) == {"cancelled": {("A", ""), ("B", ""), ("", "P")}}
    assert [row["delegate"] for row in town.notices.told_account("town", "C")].count("P") == 1


def test_who_may_be_affected_is_told_so_and_listed_apart(town) -> None:
    town.people([
        account("A", "a", "sms"),
        account("U", "z", "sms", link_probability=0.7, possible=(("a", 0.3),)),
        account("V", "a", "sms", link_probability=0.7, possible=(("z", 0.3),)),
        account("W", "z", "sms", link_probability=0.96, possible=(("a", 0.04),)),
    ])  # fmt: skip
    queued = town.announce({"a": spans()})
    assert queued.may_be_affected == ("U", "V")
    [sms, *_] = gateways = all_gateways()
    town.send(*gateways)
    said = {message.facts["customer"]: "可能停电" in message.body for message in sms.messages}
    assert said == {"A": False, "U": True, "V": True}


def test_nobody_without_a_way_is_forgotten(town) -> None:
    town.people([account("A", "a"), account("B", "a", "!sms", "email"), account("C", "a", "!sms")])
    assert town.announce({"a": spans()}).counts == {"planned": 3}
    assert sorted(row[2] for row in town.rows("channel")) == ["door", "door", "email"]


@pytest.mark.parametrize(
    ("hour", "kind", "starts", "waits_h"),
    [
        (12, Kind.PLANNED, "2031-05-20", 0),  # by day
        (23, Kind.PLANNED, "2031-05-20", 8),  # till seven
        (6, Kind.PLANNED, "2031-05-20", 1),
        (23, Kind.FAULT, "2031-05-20", 0),  # power is off: at once
        (23, Kind.TEMPORARY, "2031-05-02", 0),  # it begins at eight: seven would still do for the law, not for people
    ],
)
def test_quiet_hours_hold_back_what_can_wait(town, hour, kind, starts, waits_h) -> None:
    town.people([account("A", "a", "sms", quiet=NIGHT), account("L", "a", "sms", quiet=NIGHT, life_support=True)],
                [delegate("P", "A")])  # fmt: skip
    town.now = NOON.replace(hour=(hour - 8) % 24, day=1 if hour >= 8 else 2)
    start = utc(f"{starts}T06:00+08:00")
    period = type(DAY)(start, start + timedelta(hours=4))
    town.announce({"a": spans(day=starts)}, kind=kind, period=period)
    begun = int(town.now.timestamp())
    due = dict(zip([name or "P" for _, _, name in numbered(town)], town.rows("due_s"), strict=True))
    assert due["L"][2] == begun and due["P"][2] == begun
    assert (due["A"][2] - begun) / 3600 == waits_h


def numbered(town: Town) -> list[tuple]:
    query = select(accounts.c.account_no, accounts.c.account_id)
    with reading(town.engine) as connection:
        names = dict(connection.execute(query).all())
    return [(kind, version, names.get(number, "")) for kind, version, number in town.rows("account_no")]


@settings(max_examples=60)
@given(begin=st.integers(0, 1439), end=st.integers(0, 1439), minute=st.integers(0, 1439))
def test_quiet_hours_in_sql_are_the_quiet_hours_of_the_rule(begin, end, minute, quiet_town) -> None:
    from everlit.customers.model import Quiet
    from everlit.notices.store.doubt import due_s
    from everlit.notices.store.fan_out import When, _due

    when = When(0, minute, 10**9, 10**9)
    with writing(quiet_town.engine) as connection:
        connection.execute(update(accounts).values(quiet_from=begin, quiet_to=end))
        found = connection.execute(select(_due(accounts, when, accounts.c.priority))).scalar_one()
    assert found == due_s(Quiet(begin, end), when)


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def quiet_town(request, tmp_path_factory):
    from tests.conftest import fresh_postgres

    if request.param == "sqlite":
        town = Town(f"sqlite:///{tmp_path_factory.mktemp('quiet') / 'town.db'}")
        town.people([account("A", "a", "sms")])
        yield town
        return
    with fresh_postgres(request.getfixturevalue("postgres_url")) as url:
        town = Town(url)
        town.people([account("A", "a", "sms")])
        yield town
        town.engine.dispose()


def test_restored_early_late_and_delayed(town) -> None:
    town.people([account("A", "a", "sms"), account("B", "b", "sms")])
    town.announce({"a": spans(), "b": spans("09:00", "10:00")})
    town.send(*all_gateways())
    town.now = utc("2031-05-20T15:50+08:00")
    town.within("delayed", "O-1", utc("2031-05-20T18:00+08:00"))
    [sms, *_] = gateways = all_gateways()
    town.send(*gateways)
    assert {"08:00-18:00" in message.body for message in sms.messages if message.facts["customer"] == "A"} == {True}
    town.now = utc("2031-05-20T17:00+08:00")
    town.within("restored", "O-1", town.now)
    assert set(town.said(version=3)) == {"restored_early"}
    [sms, *_] = gateways = all_gateways()
    town.send(*gateways)
    assert {message.facts["customer"]: message.facts["end"][:16] for message in sms.messages}["A"] == "2031-05-20T09:00"
    assert town.within("restored", "O-1", town.now) is None, "nobody believes that it is off"


def test_a_delay_is_told_once_and_also_to_whom_the_first_word_has_not_reached(town) -> None:
    town.people([account("A", "a", "sms"), account("B", "b", "sms")])
    town.announce({"a": spans()})
    town.send(*all_gateways())
    town.announce({"a": spans(), "b": spans()})
    until = utc("2031-05-20T18:00+08:00")
    assert town.within("delayed", "O-1", until).counts == {"delayed": 2}
    assert town.within("delayed", "O-1", until) is None
    assert {(kind, name): state for kind, _, name, state in named(town)} == {
        ("planned", "A"): "accepted", ("planned", "B"): "superseded", ("delayed", "A"): "queued", ("delayed", "B"): "queued"
    }  # fmt: skip
    town.send(*all_gateways())
    assert town.within("delayed", "O-1", until) is None


def test_a_text_that_is_incomplete_is_not_queued(town) -> None:
    from everlit.notices.content.texts import Book, shipped

    town.people([account("A", "a", "sms")])
    rows = dict(shipped().rows)
    rows["short", "*", "why"] = Text("{mystery}", "{mystery}")
    town.notices.book = Book(rows)
    with pytest.raises(UnableToAnnounce) as caught:
        town.announce({"a": spans()})
    found: list[Finding] = list(caught.value.findings)
    assert {finding.kind for finding in found} == {"notices.text.slot"}
    assert town.rows() == []


def test_hostile_facts_stay_words(town) -> None:
    town.people([account("{when}", "a", "sms", "email")])
    words = Text("{tail} {count}\n\u202e" + "x" * 500, "{when}{reader}\u0000" + "长" * 500)
    nasty = Happening("O-1{id}", "town", Kind.PLANNED, DAY, (Group(spans(), ("a",)),), words, words, words, "{contact}")
    with writing(town.engine) as connection:
        town.notices.announce(connection, nasty, actor=WHO)
    [sms, *_] = gateways = all_gateways()
    town.send(*gateways)
    assert "{" not in sms.messages[0].body and "\u202e" not in sms.messages[0].body


def test_a_list_of_any_length_is_one_statement(town) -> None:
    """No limit on parameters is met: twenty thousand loads."""
    town.people(account(f"A{number}", f"l{number}", "sms") for number in range(0, 20_000, 2_000))
    queued = town.announce({f"l{number}": spans() for number in range(20_000)})
    assert queued.total == 10
    with reading(town.engine) as connection:
        assert connection.execute(select(func.count()).select_from(outbox)).scalar_one() == 10


def test_life_support_and_important_customers_go_first(town) -> None:
    town.people([
        *(account(f"A{number}", "a", "sms") for number in range(20)),
        account("V", "a", "sms", importance=IMPORTANT),
        account("L", "a", "sms", life_support=True),
    ])  # fmt: skip
    town.announce({"a": spans()})
    sms = Gateway("sms")
    town.send(sms, lanes=1, batch=5)
    assert [message.facts["customer"] for message in sms.messages][:2] == ["L", "V"]

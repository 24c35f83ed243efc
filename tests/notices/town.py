"""A small town for the tests of notices: named loads, accounts with every kind of holder, a clock, gateways that misbehave.

No network is needed: a load is a name. Nobody in it exists.
"""

import asyncio
import random
import selectors
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select, update

from everlit.customers import store as customers
from everlit.customers.model import Account, Contact, ContactRole, Delegate, Priority, Quiet, Way
from everlit.grid import Importance
from everlit.kernel import Period, Policies, Text, utc
from everlit.notices.channel import Answer, Kind, Message, Sent
from everlit.notices.dispatch import Dispatcher
from everlit.notices.model import Group, Happening, seconds
from everlit.notices.policies import rules_of
from everlit.notices.service import Notices
from everlit.notices.store.tables import announcements, outbox
from everlit.planning.policies import DEFAULT_POLICIES
from everlit.platform.database import migrate, open_engine, reading, writing
from everlit.platform.events import Actor

NOON = utc("2031-05-01T12:00+08:00")
DAY = Period(utc("2031-05-20T08:00+08:00"), utc("2031-05-20T16:00+08:00"))
WHO = Actor("lin", "marketing")
POLICIES: Policies = DEFAULT_POLICIES


def spans(first: str = "08:00", last: str = "16:00", day: str = "2031-05-20") -> tuple[tuple[int, int], ...]:
    return ((seconds(utc(f"{day}T{first}+08:00")), seconds(utc(f"{day}T{last}+08:00"))),)


def account(name: str, load: str, *ways: str, **changes) -> Account:
    """An account at a load; ways are `sms`, `email` or `!sms` without consent."""
    made = tuple(Way(way.strip("!"), f"{way.strip('!')}-{name}", consent=not way.startswith("!")) for way in ways)
    quiet = changes.pop("quiet", None)
    language = changes.pop("language", "zh")
    return Account(
        name, load, Contact(f"虚构 {name}", language=language, ways=made, quiet=quiet), f"虚构路 {name}", **changes
    )


def delegate(name: str, *accounts: str, role: ContactRole = ContactRole.PROPERTY_MANAGER) -> Delegate:
    return Delegate(name, Contact(f"虚构 {name}", role, ways=(Way("sms", f"sms-{name}"),)), accounts)


@dataclass
class Gateway:
    """A gateway in memory: what it took, by key. `script` decides each answer; a keyed one takes a key once."""

    name: str = "sms"
    keyed: bool = True
    longest: int | None = None
    script: Callable[[Message, int], Sent] = lambda message, number: Sent.ACCEPTED
    knows: bool = True
    taken: Counter = field(default_factory=Counter)
    messages: list[Message] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    tries: int = 0
    latency_s: float = 0.0

    async def send(self, message: Message) -> Answer:
        self.tries += 1
        said = self.script(message, self.tries)
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        if said in (Sent.ACCEPTED, Sent.DELIVERED, Sent.UNKNOWN) and not (self.keyed and self.taken[message.key]):
            self.taken[message.key] += 1
            self.messages.append(message)
            self.times.append(asyncio.get_running_loop().time())
        return Answer(said, receipt=f"r-{message.key[:20]}", detail="scripted")

    async def lookup(self, message: Message, receipt: str) -> Answer | None:
        if not self.knows:
            return None
        return Answer(Sent.DELIVERED if self.taken[message.key] else Sent.FAILED, receipt=receipt)


class Fast(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer: hours pass in milliseconds, in the right order."""

    def __init__(self) -> None:
        self.clock_s = 0.0
        super().__init__(_Jump(self))

    def time(self) -> float:
        return self.clock_s


class _Jump(selectors.DefaultSelector):
    def __init__(self, loop: Fast) -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout:
            self.loop.clock_s += timeout
        return ready


async def at_once(function, *words):
    """A store call in the loop itself: tests are single-threaded."""
    return function(*words)


@dataclass
class Town:
    """Notices on a fresh store, with a clock of its own."""

    url: str
    now: datetime = NOON
    policies: Policies = POLICIES

    def __post_init__(self) -> None:
        self.engine: Engine = open_engine(self.url)
        migrate(self.engine)
        self.notices = Notices(self.engine, lambda: self.policies, lambda: self.now)

    def people(self, accounts: Iterable[Account], delegates: Iterable[Delegate] = ()) -> None:
        with writing(self.engine) as connection:
            customers.keep_accounts(connection, "town", accounts)
            customers.keep_delegates(connection, "town", delegates)

    def happening(
        self, dark: Mapping[str, tuple], *, event: str = "O-1", kind: Kind = Kind.PLANNED, period=DAY
    ) -> Happening:
        """Loads by the times they are dark."""
        groups: dict[tuple, list[str]] = {}
        for load, times in dark.items():
            groups.setdefault(times, []).append(load)
        return Happening(
            event, "town", kind, period, tuple(Group(times, tuple(names)) for times, names in groups.items()),
            Text("overhaul", "线路检修"), Text("part of town", "城东部分用户"), Text("Example Power", "示范供电公司"), "95598",
        )  # fmt: skip

    def announce(self, dark: Mapping[str, tuple], **changes):
        with writing(self.engine) as connection:
            return self.notices.announce(connection, self.happening(dark, **changes), actor=WHO)

    def within(self, verb: str, *words, **named):
        with writing(self.engine) as connection:
            return getattr(self.notices, verb)(connection, *words, actor=WHO, **named)

    def send(self, *gateways: Gateway, hours: float = 0.0, seed: int = 1, **options) -> Counter:
        """Send what is due; with `hours`, for that long on a fast clock."""
        loop, began = Fast(), self.now
        chance = random.Random(seed)
        names = iter(range(10**9))

        def clock() -> datetime:
            self.now = began + timedelta(seconds=loop.clock_s)
            return self.now

        self.notices.clock = clock
        runner = Dispatcher(
            self.notices.outbox(), {one.name: one for one in gateways}, rules_of(self.policies, on=began.date()),
            clock, chance.random, lambda: f"t{seed}-{next(names)}", aside=at_once, **options,
        )  # fmt: skip
        try:
            until = began + timedelta(hours=hours) if hours else None
            return loop.run_until_complete(runner.run(until=until))
        finally:
            loop.close()
            self.now = began + timedelta(seconds=loop.clock_s)
            self.notices.clock = lambda: self.now

    def rows(self, *columns: str, event: str = "O-1") -> list[tuple]:
        """Messages about an event: kind, version, and further columns of the outbox."""
        query = select(announcements.c.kind, announcements.c.version, *(outbox.c[name] for name in columns))
        query = query.join_from(announcements, outbox, outbox.c.announcement_id == announcements.c.announcement_id)
        with reading(self.engine) as connection:
            return [
                tuple(row)
                for row in connection.execute(
                    query.where(announcements.c.event_id == event).order_by(outbox.c.notice_id)
                )
            ]

    def said(
        self, *, event: str = "O-1", version: int | None = None, states: Iterable[str] = ()
    ) -> dict[str, set[tuple[str, str]]]:
        """Who hears what: kind to (account, delegate)."""
        from everlit.customers.store import accounts, contacts

        query = (
            select(announcements.c.kind, accounts.c.account_id, contacts.c.contact_id)
            .join_from(announcements, outbox, outbox.c.announcement_id == announcements.c.announcement_id)
            .join(accounts, accounts.c.account_no == outbox.c.account_no, isouter=True)
            .join(contacts, contacts.c.contact_no == outbox.c.contact_no, isouter=True)
            .where(announcements.c.event_id == event)
        )
        if version is not None:
            query = query.where(announcements.c.version == version)
        if states:
            query = query.where(outbox.c.state.in_(list(states)))
        found: dict[str, set[tuple[str, str]]] = {}
        with reading(self.engine) as connection:
            for kind, name, contact in connection.execute(query):
                found.setdefault(kind, set()).add((name or "", contact or ""))
        return found


def without_door(engine: Engine, count: int = 3) -> None:
    """Some of those who are to be told have no address any more: the door, the last channel, fails too."""
    some = (
        select(outbox.c.account_no).where(outbox.c.account_no > 0).distinct().order_by(outbox.c.account_no).limit(count)
    )
    with writing(engine) as connection:
        numbers = list(connection.execute(some).scalars())
        connection.execute(
            update(customers.accounts).where(customers.accounts.c.account_no.in_(numbers)).values(address="")
        )


def important(engine: Engine) -> None:
    """The last of those who are to be told is a customer who has to sign."""
    last = select(func.max(outbox.c.account_no)).scalar_subquery()
    with writing(engine) as connection:
        connection.execute(update(outbox).where(outbox.c.account_no == last).values(priority=int(Priority.IMPORTANT)))


IMPORTANT = Importance.FIRST
NIGHT = Quiet(22 * 60, 7 * 60)

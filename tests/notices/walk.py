"""From a request to a signed receipt, one verb after the other, each repeated by whoever got no answer to it.

    submit ─► assess ─► merge ─► assess whole ─► balance ─► approve ─► notify (queued) ─► send ─► sign

Every verb has a look at the store that says whether it happened. Nobody repeats what the store says is done.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from everlit.app import App
from everlit.customers import store as customers
from everlit.kernel import Period
from everlit.notices.channel import Answer, Message, Sent
from everlit.notices.dispatch import Dispatcher
from everlit.notices.policies import rules_of
from everlit.notices.store.tables import outbox
from everlit.planning.lifecycle import Command
from everlit.planning.model import LADDER, State
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor, history
from tests.notices.town import IMPORTANT, Fast, account, at_once, delegate
from tests.planning.drawn import NOON, request, two_feeders

NETWORK, OUTAGE, SIGNER = "drawn", "O-1", "A"
START = NOON.replace(hour=0)
BEGUN = START - timedelta(days=40)
PERIOD = Period(START, START + timedelta(hours=6))
LI, MARKETING = Actor("li", "planner"), Actor("sun", "marketing")
CHANNELS = ("sms", "email")
READERS = {"sms-A", "sms-B", "email-C", "sms-P"}
ROWS = [
    account("A", "c-b", "sms", importance=IMPORTANT),
    account("B", "c-b", "sms"),
    account("C", "c-b", "email"),
    account("D", "c-e", "sms"),
]


class Fault(BaseException):
    """The process ends inside a call: nobody catches it, nobody hears the answer."""


@dataclass
class Gateway:
    """Takes messages, one for each key when `keyed`; `knows` says whether it can be asked. `hit` is called beside each
    call and may fail before it reached the gateway or after."""

    name: str
    keyed: bool = True
    knows: bool = True
    longest: int | None = None
    hit: Callable[[str], Sent | None] = lambda moment: None
    received: Counter[str] = field(default_factory=Counter)
    taken: set[str] = field(default_factory=set)
    again: int = 0

    async def send(self, message: Message) -> Answer:
        if (said := self.hit("before send")) is not None:
            return Answer(said)
        if self.keyed and message.key in self.taken:
            self.again += 1
        else:
            self.taken.add(message.key)
            self.received[message.address] += 1
        return Answer(self.hit("after send") or Sent.ACCEPTED, receipt=message.key[:20])

    async def lookup(self, message: Message, receipt: str) -> Answer | None:
        if (said := self.hit("before ask")) is not None:
            return Answer(said)
        known = Answer(Sent.DELIVERED if message.key in self.taken else Sent.FAILED, receipt=receipt)
        said = self.hit("after ask")
        return Answer(said) if said else known if self.knows else None


def prepared(url: str, home: Path) -> None:
    """A store with a network and its customers."""
    app = App.open(home, url=url, clock=lambda: BEGUN)
    app.import_network(two_feeders().network)
    with writing(app.engine) as connection:
        customers.keep_accounts(connection, NETWORK, ROWS)
        customers.keep_delegates(connection, NETWORK, [delegate("P", "A", "B")])
    app.engine.dispose()


@dataclass
class Walk:
    """The path on one store; the clock goes on over every restart."""

    url: str
    home: Path
    gateways: Mapping[str, Gateway]
    now: datetime = BEGUN
    app: App = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """The process ends and another one opens the same store."""
        if hasattr(self, "app"):
            self.app.engine.dispose()
        self.app = App.open(self.home, url=self.url, clock=lambda: self.now)

    def do(self, verb: str) -> None:
        planning = self.app.planning
        if verb == "submit":
            wish = request("R1", "lb", wanted=START, earliest=START, latest=START + timedelta(days=6))
            planning.submit(NETWORK, [wish], actor=Actor("wang", "requester"), whole=True)
        elif verb == "assess":
            planning.assess_request(NETWORK, "R1", actor=LI)
        elif verb == "merge":
            planning.merge(NETWORK, ["R1"], period=PERIOD, actor=LI, outage_id=OUTAGE)
        elif verb == "assess whole":
            planning.assess_outage(OUTAGE, actor=LI)
        elif verb == "balance":
            planning.act(OUTAGE, Command.BALANCE, actor=LI)
        elif verb == "approve":
            planning.act(OUTAGE, Command.APPROVE, actor=Actor("zhou", LADDER[-1].value))
        elif verb == "notify":
            planning.act(OUTAGE, Command.NOTIFY, actor=MARKETING)
        elif verb == "send":
            self.send()
        else:
            self.app.notices.sign(NETWORK, OUTAGE, SIGNER, signed_by="虚构 A", actor=MARKETING)

    def done(self, verb: str) -> bool:
        """Whether the store says that it happened."""
        if verb == "send":
            return self.waiting() == 0
        if verb == "sign":
            return bool(self.app.notices.status(OUTAGE)["receipts"])
        subject = f"request:{NETWORK}/R1" if verb in ("submit", "assess") else f"outage:{OUTAGE}"
        return self.facts(subject)[FACTS[verb]] > 0

    def facts(self, subject: str = f"outage:{OUTAGE}") -> Counter[str]:
        """How often each kind of fact is in the log about a subject."""
        with reading(self.app.engine) as connection:
            return Counter(event.kind for event in history(connection, subject=subject))

    def send(self) -> None:
        """Send and ask until nothing waits: the clock goes on to whatever is due next."""
        while self.waiting():
            store, loop = self.app.notices.outbox(), Fast()
            runner = Dispatcher(
                store, self.gateways, rules_of(self.app.planning.policies(), on=self.now.date()), lambda: self.now,
                lambda: 0.5, lambda: secrets.token_hex(12), aside=at_once,
            )  # fmt: skip
            try:
                loop.run_until_complete(runner.run())
            finally:
                loop.close()
            if (due := store.next_due(CHANNELS)) is not None:
                self.now = max(self.now, datetime.fromtimestamp(due, self.now.tzinfo))

    def waiting(self) -> int:
        """Messages that may still be sent or asked about."""
        states = ("queued", "sending", "unknown", "confirming")
        query = select(func.count()).select_from(outbox).where(outbox.c.state.in_(states))
        with reading(self.app.engine) as connection:
            return int(connection.execute(query).scalar_one())

    def doubled(self) -> int:
        """How many second copies the outbox owns up to."""
        with reading(self.app.engine) as connection:
            return int(connection.execute(select(func.sum(outbox.c.doubled))).scalar_one())

    def received(self) -> Counter[str]:
        return sum((one.received for one in self.gateways.values()), Counter())


FACTS = {
    "submit": "planning.request.submitted",
    "assess": "planning.request.assessed",
    "merge": "planning.outage.merged",
    "assess whole": "planning.outage.assessed",
    "balance": "planning.outage.balance",
    "approve": "planning.outage.approve",
    "notify": "planning.outage.notify",
}
VERBS = (*FACTS, "send", "sign")
LAST = State.NOTIFIED

"""From a request to a signed receipt, one verb after the other, each repeated by whoever got no answer to it.

    submit ─► assess ─► merge ─► assess whole ─► balance ─► approve ─► notify (queued) ─► send ─► sign

Every verb has a look at the store that says whether it happened. Nobody repeats what the store says is done.
"""

import os
import secrets
import shutil
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, func, make_url, select, text

from everlit.app import App
from everlit.customers import store as customers
from everlit.kernel import Period
from everlit.notices.channel import Answer, Message, Sent
from everlit.notices.dispatch import Dispatcher
from everlit.notices.policies import rules_of
from everlit.notices.store.tables import outbox
from everlit.planning.lifecycle import Command
from everlit.planning.model import LADDER
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


@dataclass
class Gateway:
    """Takes messages, one for each key when `keyed`; `knows` says whether it can be asked. What it took stands in a book on
    disk, so that it outlives the process that sends. `hit` is called beside each call and may end the process or answer."""

    name: str
    book: Path
    keyed: bool = True
    knows: bool = True
    longest: int | None = None
    hit: Callable[[str], Sent | None] = lambda moment: None

    async def send(self, message: Message) -> Answer:
        if (said := self.hit("before send")) is not None:
            return Answer(said)
        if not (self.keyed and message.key in self.taken()):
            with self.book.open("a", encoding="utf-8") as book:
                book.write(f"{message.key} {message.address}\n")
        return Answer(self.hit("after send") or Sent.ACCEPTED, receipt=message.key[:20])

    async def lookup(self, message: Message, receipt: str) -> Answer | None:
        if (said := self.hit("before ask")) is not None:
            return Answer(said)
        known = Answer(Sent.DELIVERED if message.key in self.taken() else Sent.FAILED, receipt=receipt)
        said = self.hit("after ask")
        return Answer(said) if said else known if self.knows else None

    def taken(self) -> list[str]:
        """The keys it took, as often as it took them."""
        return [key for key, _ in self._lines()]

    @property
    def received(self) -> Counter[str]:
        """What each address really received."""
        return Counter(address for _, address in self._lines())

    def _lines(self) -> list[tuple[str, str]]:
        lines = self.book.read_text(encoding="utf-8").splitlines() if self.book.exists() else []
        return [(key, address) for key, _, address in (line.partition(" ") for line in lines)]


def gateways(folder: Path, **changes) -> dict[str, Gateway]:
    """A gateway for each channel, its book in a folder."""
    return {name: Gateway(name, folder / f"{name}.book", **changes) for name in CHANNELS}


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
ONCE = {f"planning.outage.{verb}": 1 for verb in ("merged", "assessed", "balance", "approve", "notify")}
ONCE |= {"notices.queued": 1, "notices.signed": 1}


def ended(walk: Walk) -> None:
    """What must be true at the end of the path: every fact once, every reader told, nobody twice who need not be."""
    assert walk.facts() == Counter(ONCE)
    assert walk.facts(f"request:{NETWORK}/R1")["planning.request.submitted"] == 1
    assert len(walk.app.notices.status(OUTAGE)["receipts"]) == 1
    assert set(walk.received()) == READERS, "somebody was not told, or somebody else was"
    extra = walk.received().total() - len(READERS)
    keyed = all(one.keyed for one in walk.gateways.values())
    assert extra == 0 if keyed else extra <= walk.doubled(), "told twice"


class Copies:
    """Copies of stores: files, or databases made from another as template."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder, self.made = make_url(url), folder, []

    def copy(self, url: str) -> str:
        name = f"everlit_{secrets.token_hex(8)}"
        self.made.append(name)
        if self.url.get_backend_name() == "sqlite":
            shutil.copy(make_url(url).database, self.folder / name)
            return f"sqlite:///{self.folder / name}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {make_url(url).database}")
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        name = Path(make_url(url).database).name
        if self.url.get_backend_name() == "sqlite":
            for ending in ("", "-wal", "-shm"):
                (self.folder / f"{name}{ending}").unlink(missing_ok=True)
        else:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")
        self.made.remove(name)

    def _run(self, statement: str) -> None:
        server = self.url.set(database="postgres", drivername="postgresql+psycopg")
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


def in_a_process(work: Callable[[], None]) -> int:
    """Begin `work` in a process of its own; returns its number. It ends with 0, or with 1 and what went wrong."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def exit_code(process: int) -> int:
    """Wait for a process; what killed it is negative."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

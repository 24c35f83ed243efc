"""Every call of the store in filing a request and in signing a receipt fails once, on the way from a request to a signed receipt.

A store is kept as it is before each verb. A verb is begun on a copy, its n-th call fails, the process starts anew, and
whoever got no answer looks and repeats; n goes up until nothing fails any more. A verb of planning leaves as many rows in
every table as without the fault, so that what follows is the undisturbed path; from `notify` on it is walked to its end.
"""

import gc
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, event, func, make_url, select, text

from everlit.notices.channel import Sent
from everlit.platform.database import metadata, reading
from tests.notices.walk import CHANNELS, NETWORK, READERS, VERBS, Fault, Gateway, Walk, prepared

LATER = VERBS.index("notify")
SWEPT = ("submit", "sign")
"""The verbs whose calls fail here, each for all n; the verbs between them are walked undisturbed."""
ANSWERS = {"before send": Sent.FAILED, "before ask": Sent.UNKNOWN}
ONCE = {f"planning.outage.{verb}": 1 for verb in ("merged", "assessed", "balance", "approve", "notify")}
ONCE |= {"notices.queued": 1, "notices.signed": 1}


@dataclass
class Nth:
    """Fails at the n-th call it is told of; `died` fails the process, otherwise a gateway answers badly."""

    number: int
    died: bool = True
    calls: int = 0
    at: str = ""

    def __call__(self, moment: str) -> Sent | None:
        self.calls += 1
        if self.calls != self.number:
            return None
        self.at = moment
        if self.died:
            raise Fault(moment)
        return ANSWERS.get(moment, Sent.UNKNOWN)


def watched(engine: Engine, hit: Callable[[str], object]) -> list:
    """Tell `hit` of every statement and every commit, before and after; returns the connections the process holds."""
    held: list = []
    event.listen(engine, "checkout", lambda raw, *_: held.append(raw))
    event.listen(engine, "before_cursor_execute", lambda *_: hit("before execute"))
    event.listen(engine, "after_cursor_execute", lambda *_: hit("after execute"))
    commit = engine.dialect.do_commit

    def both(connection) -> None:
        hit("before commit")
        commit(connection)
        hit("after commit")

    engine.dialect.do_commit = both
    return held


class Copies:
    """Copies of stores: files, or databases made from another as template."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder, self.made = make_url(url), folder, []

    def copy(self, url: str) -> str:
        name = f"everlit_{uuid4().hex[:16]}"
        self.made.append(name)
        if self.url.get_backend_name() == "sqlite":
            shutil.copy(make_url(url).database, self.folder / name)
            return f"sqlite:///{self.folder / name}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {make_url(url).database}")
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        name = Path(make_url(url).database).name
        if self.url.get_backend_name() == "sqlite":
            (self.folder / name).unlink()
        else:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")
        self.made.remove(name)

    def _run(self, statement: str) -> None:
        server = self.url.set(database="postgres", drivername="postgresql+psycopg")
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@pytest.fixture
def copies(database_url, tmp_path) -> Iterator[Copies]:
    made = Copies(database_url, tmp_path)
    yield made
    for name in list(made.made):
        made.drop(str(made.url.set(database=name).render_as_string(hide_password=False)))


def gateways(**changes) -> dict[str, Gateway]:
    return {name: Gateway(name, **changes) for name in CHANNELS}


def sizes(walk: Walk) -> dict[str, int]:
    """How many rows each table has."""
    with reading(walk.app.engine) as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def stages(database_url: str, home: Path, copies: Copies) -> tuple[list[str], list[dict[str, int]]]:
    """The undisturbed path: the store before each verb, and the sizes of its tables after it."""
    prepared(database_url, home)
    before, after = [], []
    walk = Walk(database_url, home, gateways())
    for verb in VERBS:
        walk.app.engine.dispose()
        before.append(copies.copy(database_url))
        walk.restart()
        walk.do(verb)
        after.append(sizes(walk))
    walk.app.engine.dispose()
    return before, after


def failing(walk: Walk, verb: str, hit: Nth) -> None:
    """Begin a verb with one failing call; when it did not come back, restart, look, and repeat it unless it happened."""
    held = watched(walk.app.engine, hit) if hit.died else []
    try:
        walk.do(verb)
        acknowledged = True
    except (Fault, BaseExceptionGroup):
        acknowledged = False
    for one in walk.gateways.values():
        one.hit = lambda moment: None
    gc.collect()  # a process that ends leaves no statement open, and no lock behind
    for raw in {id(raw): raw for raw in held}.values():
        raw.close()
    walk.restart()
    if acknowledged:
        assert walk.done(verb), f"{verb} was acknowledged and is lost after {hit.at}"
    elif not walk.done(verb):
        walk.do(verb)


def ended(walk: Walk, verb: str) -> None:
    """The rest of the path, and what must be true at its end."""
    for later in VERBS[VERBS.index(verb) + 1 :]:
        walk.do(later)
    assert walk.facts() == Counter(ONCE)
    assert walk.facts(f"request:{NETWORK}/R1")["planning.request.submitted"] == 1
    assert len(walk.app.notices.status("O-1")["receipts"]) == 1
    assert set(walk.received()) == READERS, "somebody was not told, or somebody else was"
    extra = walk.received().total() - len(READERS)
    keyed = all(one.keyed for one in walk.gateways.values())
    assert extra == 0 if keyed else extra <= walk.doubled(), "told twice"


def points(verb: str, run: Callable[[Nth], None], *, died: bool = True) -> int:
    """Let the n-th call fail, for all n; returns how many there are."""
    number = 0
    while True:
        number += 1
        hit = Nth(number, died)
        run(hit)
        if not hit.at:
            return number - 1


def test_every_call_of_the_store_fails_once_and_nothing_is_lost(database_url, tmp_path, copies) -> None:
    before, after = stages(database_url, tmp_path, copies)
    for at, verb in ((VERBS.index(verb), verb) for verb in SWEPT):

        def run(hit: Nth, at: int = at, verb: str = verb, **changes) -> None:
            url = copies.copy(before[at])
            walk = Walk(url, tmp_path, gateways(**changes))
            if verb == "sign":
                walk.gateways["sms"].received.update(dict.fromkeys(READERS, 1))
            for one in walk.gateways.values():
                one.hit = hit if verb == "send" else one.hit
            failing(walk, verb, hit)
            if at < LATER:
                assert sizes(walk) == after[at], f"{verb}: {hit}"
            else:
                ended(walk, verb)
            walk.app.engine.dispose()
            copies.drop(url)

        assert points(verb, run) >= 6

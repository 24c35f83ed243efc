"""Every call of the store and of a gateway fails once, on the way from a request to a signed receipt.

A store is kept as it is before each verb. A verb is begun on a copy, in a process of its own that ends in the middle of its
n-th call; another one looks and repeats what did not happen; n goes up until nothing fails any more. Without `--long` every
n is tried on SQLite with gateways that have keys; on PostgreSQL, and without keys, every seventh. A verb of planning leaves
as many rows in every table as without the fault, so that what follows is the undisturbed path; from `notify` on it is walked
to its end. Gateways also answer badly without anybody dying.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import pytest
from sqlalchemy import Engine, event, func, select

from everlit.notices.channel import Sent
from everlit.platform.database import metadata, reading
from tests.notices.walk import BEGUN, VERBS, Copies, Walk, ended, exit_code, gateways, in_a_process, prepared

DIED, LATER = 9, VERBS.index("notify")
SEVENTH = 7
RESTARTED = BEGUN + timedelta(days=1)
"""When the next process looks: every lease of the one that died is over."""


def dies_at(number: int) -> Callable[[str], None]:
    """Ends the process at the n-th moment it is told of, without a word to anybody."""
    moments = count(1)

    def hit(_moment: str) -> None:
        if next(moments) == number:
            os._exit(DIED)

    return hit


def watched(engine: Engine, hit: Callable[[str], object]) -> None:
    """Tell `hit` of every statement, and of every commit before and after: after a statement is before the next call."""
    event.listen(engine, "before_cursor_execute", lambda *_: hit("execute"))
    commit = engine.dialect.do_commit

    def both(connection) -> None:
        hit("before commit")
        commit(connection)
        hit("after commit")

    engine.dialect.do_commit = both


def sizes(walk: Walk) -> dict[str, int]:
    """How many rows each table has."""
    with reading(walk.app.engine) as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


@dataclass
class Stage:
    """The store before a verb, and the sizes of its tables after it undisturbed."""

    verb: str
    home: Path
    copies: Copies
    before: str
    after: dict[str, int]
    step: int

    def folder(self, *, told: bool) -> Path:
        """A folder for the books of gateways; `told`: everybody has been sent to before."""
        made = Path(mkdtemp(dir=self.home))
        if told:
            for one in self.home.glob("*.book"):
                (made / one.name).write_bytes(one.read_bytes())
        return made


@pytest.fixture(params=VERBS)
def stage(request, database_url, tmp_path) -> Iterator[Stage]:
    verb, copies = request.param, Copies(database_url, tmp_path)
    prepared(database_url, tmp_path)
    walk = Walk(database_url, tmp_path, gateways(tmp_path))
    for earlier in VERBS[: VERBS.index(verb)]:
        walk.do(earlier)
    walk.app.engine.dispose()
    before = copies.copy(database_url)
    undisturbed = Walk(copies.copy(before), tmp_path, gateways(Path(mkdtemp(dir=tmp_path))))
    undisturbed.do(verb)
    after = sizes(undisturbed)
    undisturbed.app.engine.dispose()
    every = request.config.getoption("--long") or copies.url.get_backend_name() == "sqlite"
    yield Stage(verb, tmp_path, copies, before, after, 1 if every else SEVENTH)
    for name in list(copies.made):
        copies.drop(str(copies.url.set(database=name).render_as_string(hide_password=False)))


def walked_on(stage: Stage, walk: Walk, *, acknowledged: bool, at: str) -> None:
    """Whoever got no answer looks and repeats; whoever got one relies on it."""
    if acknowledged:
        assert walk.done(stage.verb), f"acknowledged and lost after {at}"
    elif not walk.done(stage.verb):
        walk.do(stage.verb)
    if VERBS.index(stage.verb) < LATER:
        assert sizes(walk) == stage.after, at
        return
    for later in VERBS[VERBS.index(stage.verb) + 1 :]:
        walk.do(later)
    ended(walk)


def died_at(stage: Stage, number: int, **changes) -> bool:
    """Let the verb die at its n-th call and somebody go on; False when it has no such call."""
    url, books = stage.copies.copy(stage.before), stage.folder(told=stage.verb == "sign")

    def work() -> None:
        walk, hit = Walk(url, stage.home, gateways(books, **changes)), dies_at(number)
        watched(walk.app.engine, hit)
        for one in walk.gateways.values():
            one.hit = hit
        walk.do(stage.verb)

    code = exit_code(in_a_process(work))
    assert code in (0, DIED), f"{stage.verb} failed in another way at call {number}"
    walk = Walk(url, stage.home, gateways(books, **changes), RESTARTED)
    walked_on(stage, walk, acknowledged=code == 0, at=f"call {number}")
    walk.app.engine.dispose()
    stage.copies.drop(url)
    return code == DIED


def first_beyond(stage: Stage, falls: Callable[[int], bool]) -> int:
    """The first number of a call there is none of."""
    return next(number for number in count(1, stage.step) if not falls(number))


def test_every_call_ends_the_process_once_and_nothing_is_lost_or_said_twice(stage) -> None:
    assert first_beyond(stage, lambda number: died_at(stage, number)) > 6, "there were calls to fail"


@pytest.mark.parametrize("stage", ["send"], indirect=True)
@pytest.mark.parametrize("knows", [pytest.param(True, marks=pytest.mark.long), False])
def test_without_keys_whoever_may_be_told_twice_is_counted(stage, knows, request) -> None:
    if not request.config.getoption("--long"):
        stage = replace(stage, step=SEVENTH)
    assert first_beyond(stage, lambda number: died_at(stage, number, keyed=False, knows=knows)) > 6


ANSWERS = {
    "before send": Sent.FAILED,
    "after send": Sent.UNKNOWN,
    "before ask": Sent.UNKNOWN,
    "after ask": Sent.UNKNOWN,
}


def answered_badly_at(stage: Stage, number: int, **changes) -> bool:
    """Let a gateway answer badly to its n-th call; False when it has no such call."""
    url, moments, at = stage.copies.copy(stage.before), count(1), []
    walk = Walk(url, stage.home, gateways(stage.folder(told=False), **changes))

    def answer(moment: str) -> Sent | None:
        if next(moments) != number:
            return None
        at.append(moment)
        return ANSWERS[moment]

    for one in walk.gateways.values():
        one.hit = answer
    walk.do("send")
    walked_on(stage, walk, acknowledged=True, at=f"call {number}: {at}")
    walk.app.engine.dispose()
    stage.copies.drop(url)
    return bool(at)


@pytest.mark.parametrize("stage", ["send"], indirect=True)
@pytest.mark.parametrize("kind", [{}, {"keyed": False}, {"keyed": False, "knows": False}], ids=str)
def test_every_call_of_a_gateway_is_answered_badly_once(stage, kind) -> None:
    assert first_beyond(stage, lambda number: answered_badly_at(stage, number, **kind)) > 6

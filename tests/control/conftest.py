"""A control room on the drawn network: an outage walked to the day of work; the clock is set by the test."""

from datetime import timedelta
from pathlib import Path

import pytest

from everlit.app import App
from everlit.control.model import DoneStep
from everlit.kernel import Period
from everlit.planning.lifecycle import Command
from everlit.planning.model import LADDER, Role
from everlit.platform.events import Actor
from everlit.switching.ticket import Direction
from tests.planning.drawn import NOON, request, two_feeders

START = NOON.replace(hour=0)
"""08:00 in China."""
CREW, DISPATCHER = Actor("chen", "crew"), Actor("wu", "dispatcher")
NETWORK = "drawn"


class Room:
    """The application with an outage of line b, six hours long, ready to be switched."""

    def __init__(self, url: str, home: Path, *, customers: bool = False) -> None:
        self.now = START - timedelta(days=40)
        self.app = App.open(home, url=url, clock=lambda: self.now)
        self.grid = two_feeders()
        self.app.import_network(self.grid.network)
        if customers:
            self.app.customers.invent(NETWORK, seed=1, actor=Actor("sun", "marketing"))
        planning, li = self.app.planning, Actor("li", "planner")
        wish = request("R1", "lb", wanted=START, earliest=START, latest=START + timedelta(days=6))
        planning.submit(NETWORK, [wish], actor=Actor("wang", "requester"))
        planning.assess_request(NETWORK, "R1", actor=li)
        period = Period(START, START + timedelta(hours=6))
        self.outage = planning.merge(NETWORK, ["R1"], period=period, actor=li).outage_id
        planning.assess_outage(self.outage, actor=li)
        self.act(Command.BALANCE, "planner")
        self.act(Command.APPROVE, LADDER[-1].value, name="zhou")
        self.act(Command.NOTIFY, "marketing")

    def act(self, command: Command, role: str, *, name: str = "li", **given):
        return self.app.planning.act(self.outage, command, actor=Actor(name, role), **given)

    def begun(self):
        """Permitted, and switching has begun."""
        self.now = START
        self.act(Command.PERMIT, Role.DISPATCHER.value)
        self.act(Command.START, Role.CREW.value)
        return self

    def returning(self, at):
        """Work is done, switching back has begun."""
        self.now = at
        self.act(Command.FINISH, Role.CREW.value)
        self.act(Command.SWITCH_BACK, Role.DISPATCHER.value)

    def restored(self, at, **given):
        self.now = at
        return self.act(Command.RESTORE, Role.DISPATCHER.value, **given)

    @property
    def steps(self):
        """Steps of both tickets."""
        return {way: ticket.steps for way, ticket in self.app.control.execution(self.outage).tickets.items()}

    def tell(self, way, number, at, *, actor=CREW, **given):
        self.now = max(self.now, at)
        return self.app.control.tell(self.outage, [DoneStep(way, number, at, actor.name, **given)], actor=actor)

    def walk(self, way, begun, *, late=timedelta(0)):
        """Tell every step of a ticket, each `late`."""
        for step in self.steps[way]:
            self.tell(way, step.number, begun + timedelta(minutes=step.at_min) + late)


@pytest.fixture
def room(database_url: str, tmp_path: Path) -> Room:
    return Room(database_url, tmp_path)


OUT, BACK = Direction.OUT, Direction.BACK

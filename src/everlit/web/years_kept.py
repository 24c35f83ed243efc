"""Years of reliability kept with the site (年度缓存): what a page draws changes only with the ledger, the network, the rules or the day.

Who asks while a year is being read waits for it instead of reading it beside: two readers at once would each take twice
as long.
"""

from dataclasses import dataclass, field
from threading import Lock

from fastapi import FastAPI
from starlette.datastructures import State

from everlit.app import App
from everlit.kernel import fingerprint
from everlit.ledger.store import known_batch
from everlit.platform.database import reading
from everlit.web.reliability_asked import Asked
from everlit.web.reliability_view import Year, read_year

MOST_KEPT = 16
"""Years kept in memory, by what was asked and what is known."""


@dataclass
class Years:
    """The years of one site."""

    _kept: dict[tuple[object, ...], Year] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, state: State) -> "Years":
        """Those of a site, by its state."""
        if not hasattr(state, "years"):
            state.years = cls()
        years: Years = state.years
        return years

    def get(self, app: App, known: Asked) -> Year:
        """The year a page asks for, read where it is not kept."""
        with self._lock:
            with reading(app.engine) as connection:
                batch = known_batch(connection, known.network, known.known_at)
            rules = fingerprint([row.as_json() for row in app.planning.policies().rows])
            key = known, batch, app.grid(known.network).network.fingerprint, rules, app.today()
            if key not in self._kept:
                if len(self._kept) >= MOST_KEPT:
                    self._kept.clear()
                self._kept[key] = read_year(app, known)
            return self._kept[key]


def read_ahead(site: FastAPI, app: App, network: str) -> None:
    """Read what the page of this year shows before somebody asks: the first reader waits no longer than the second."""
    known = Asked(network, app.zone, app.today().year)
    Years.of(site.state).get(app, known)
    app.reliability.repeats(network)
    app.budget_year(network, known.year)

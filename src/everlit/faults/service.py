"""Faults on a store: signals taken in and kept; what is believed of them, in the network and by the rules of that time.

Signals are taken into the spool, which needs no database, and drained from there into the log. The state asked about is the
one before anything tripped: recorded operations of planned work count, so that whoever is dark by plan is explained by it;
switches whose protection tripped stand as they stood before the first signal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from everlit.faults.drained import Drained
from everlit.faults.intake import Entry, Intake, Receipt
from everlit.faults.locate import locate
from everlit.faults.model import Located, Signal, SignalKind
from everlit.faults.policies import rules_of
from everlit.faults.spool import UnableToAccept
from everlit.faults.store import StoredSignal, drained_through, evidence_at, keep_spooled, signals_in
from everlit.grid import Grid
from everlit.grid.columns import Bools
from everlit.kernel import Finding, Period, Policies, Refusal, Severity, Text
from everlit.platform.database import reading, writing
from everlit.platform.events import LONGEST_NAME, Actor, record
from everlit.reliability.failure_data import assumptions, components_of

JUST_BEFORE = timedelta(seconds=1)
HALF_LIVES = 8
"""Older than so many half-lives a signal weighs less than half a percent of what it did: it is not loaded."""
FIRST = timedelta(days=365 * 20)
"""How far back signals are loaded that do not grow old."""
AT_ONCE = 5_000
"""Signals drained in one transaction."""
SWEPT_AFTER = timedelta(days=7)
"""How long what has been drained stays in the spool, for a database that has to be put back to an earlier day."""
MOST_FINDINGS = 20
"""Findings of one drain that its event keeps."""


class UnableToReachLog(Refusal):
    """The database cannot be reached; what was taken waits in the spool."""

    title = Text(en="The log of signals cannot be reached.", zh="信号台账不可访问。")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of signals handed in: receipts of those taken, findings of the others."""

    receipts: tuple[Receipt, ...]
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        receipts, findings = ([one.as_json() for one in some] for some in (self.receipts, self.findings))
        return {"accepted": len(receipts), "receipts": receipts, "findings": findings}


@dataclass(frozen=True, slots=True)
class IntakeState:
    """How intake stands: whether it accepts, how many wait in the spool, when it was last drained, since when the database
    has been out of reach. `backlog` is None while the position of the spool is out of reach."""

    accepting: bool
    taken: int
    backlog: int | None
    drained_at: datetime | None
    unreachable_since: datetime | None
    words: Text

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        drained, since = (at and at.isoformat() for at in (self.drained_at, self.unreachable_since))
        return {
            "accepting": self.accepting, "taken": self.taken, "backlog": self.backlog, "drained_at": drained,
            "database_unreachable_since": since, "words": self.words.as_json(),
        }  # fmt: skip


@dataclass(slots=True)
class Reach:
    """What this process has seen of the database: since when it has been out of reach, which networks it knows."""

    lost_at: datetime | None = None
    networks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Faults:
    """Signals and location on one store: networks, recorded positions at an instant, rules in force and the clock come from
    outside."""

    grid: Callable[[str], Grid]
    closed: Callable[..., Bools]
    policies: Callable[[], Policies]
    clock: Callable[[], datetime]
    zone: ZoneInfo
    engine: Engine
    intake: Intake
    networks: Callable[[], frozenset[str]]
    _reach: Reach = field(default_factory=Reach)

    # ------------------------------------------------------------------------------------------- taking and keeping
    def accept(
        self,
        network: str,
        signals: Sequence[Signal],
        *,
        actor: Actor,
        told: Mapping[str, str] | None = None,
        as_told: bool = False,
    ) -> Accepted:
        """Take signals into the spool, without the database; `told` is kept beside them, `as_told` believes the instants of
        arrival they name. Raises UnableToAccept when they are not safe on disk, or no network can have that name."""
        if not network or len(network) > LONGEST_NAME or not network.isprintable():
            raise UnableToAccept(_no_name(network))
        arrived, findings = self.intake.arrived(signals, as_told=as_told)
        if self._reach.networks and network not in self._reach.networks:
            findings.append(_unknown_network(network))
        entries = [Entry(network, one, actor.name, told or {}) for one in arrived]
        return Accepted(tuple(self.intake.take(entries)), tuple(findings))

    def drain(self, *, actor: Actor) -> Drained:
        """Move what waits in the spool into the log, in order, a few thousand a transaction; raises UnableToReachLog where the
        database is out of reach, UnableToAccept where the spool is."""
        total = Drained()
        try:
            while (some := self._drain_some(actor)) is not None:
                total += some
        except SQLAlchemyError as error:
            raise self._lost(error) from error
        self._reach.lost_at = None
        if total.through:
            self._reach.networks = self.networks()
            self.intake.spool.sweep(through=total.through, before=(self.clock() - SWEPT_AFTER).timestamp())
        return total

    def _drain_some(self, actor: Actor) -> Drained | None:
        """One transaction of it; None when nothing waits."""
        spool, at = self.intake.spool, self.clock()
        identity = spool.identity()
        with reading(self.engine) as connection:
            if drained_through(connection, identity)[0] >= spool.committed():
                return None
        with writing(self.engine) as connection:
            after, _ = drained_through(connection, identity)
            spooled = spool.read(after=after, most=AT_ONCE)
            if not spooled.records:
                return None
            drained = keep_spooled(connection, identity, spooled, at=at)
            body = drained.as_json()
            body["findings"] = body["findings"][:MOST_FINDINGS]
            record(connection, actor=actor, at=at, kind="faults.drained", subject=f"spool:{identity}", body=body)
        return drained

    def intake_state(self) -> IntakeState:
        """How intake stands now; never raises for a spool or a database that cannot be reached."""
        spool = self.intake.spool
        try:
            identity, taken = spool.identity(), spool.committed()
        except UnableToAccept as refusal:
            return IntakeState(False, 0, None, None, self._reach.lost_at, refusal.findings[0].message)
        try:
            with reading(self.engine) as connection:
                through, drained_at = drained_through(connection, identity)
            self._reach.networks = self.networks()
        except SQLAlchemyError as error:
            words = self._lost(error).findings[0].message
            return IntakeState(True, taken, None, None, self._reach.lost_at, words)
        self._reach.lost_at = None
        words = Text(
            en=f"Accepting; {taken - through} wait in the spool.", zh=f"正常接收,待入库 {taken - through} 条。"
        )
        return IntakeState(True, taken, taken - through, drained_at, None, words)

    def _lost(self, error: SQLAlchemyError) -> UnableToReachLog:
        """The refusal, with the instant at which the database was first missed."""
        self._reach.lost_at = since = self._reach.lost_at or self.clock()
        why = str(getattr(error, "orig", None) or error).strip().partition("\n")[0][:200]
        shown = since.astimezone(self.zone).isoformat(timespec="seconds")
        words = Text(
            en=f"Accepting, database unreachable since {shown}: {why}", zh=f"正常接收,数据库自 {shown} 起不可达:{why}"
        )
        return UnableToReachLog(Finding("signals.database.unavailable", "database", words))

    def signals(
        self, network: str, period: Period, *, known_at: datetime | None = None, limit: int | None = None
    ) -> list[StoredSignal]:
        """Signals of the log that occurred in a period, as known at an instant (now unless told); raises UnableToReachLog."""
        try:
            with reading(self.engine) as connection:
                return signals_in(connection, network, period, known_at=known_at or self.clock(), limit=limit)
        except SQLAlchemyError as error:
            raise self._lost(error) from error

    def evidence(self, network: str, *, at: datetime | None = None) -> list[Signal]:
        """What the log has that still weighs at an instant (now unless told), as known then."""
        instant = at or self.clock()
        rates = rules_of(self.policies(), on=instant.astimezone(self.zone).date()).rates
        since = dict.fromkeys(SignalKind, instant - FIRST)
        since |= {kind: instant - timedelta(seconds=HALF_LIVES * one.half_s) for kind, one in rates.items()}
        with reading(self.engine) as connection:
            return evidence_at(connection, network, since, known_at=instant)

    # --------------------------------------------------------------------------------------------------- locating
    def locate(
        self, network: str, signals: Sequence[Signal], *, at: datetime | None = None, uniform: bool = False
    ) -> tuple[Located, list[Finding]]:
        """What is to be believed at an instant (now unless told); `uniform` makes all places equally likely beforehand.

        Findings for signals whose subject the network does not know. Raises what `grid` raises for an unknown network.
        """
        instant = at or self.clock()
        grid, policies = self.grid(network), self.policies()
        on = instant.astimezone(self.zone).date()
        failures = None if uniform else components_of(grid, assumptions(policies, on=on)).failures
        state = self._before(network, grid, [one for one in signals if one.arrived_at <= instant], instant)
        return locate(grid, state, signals, at=instant, rules=rules_of(policies, on=on), failures=failures)

    def _before(self, network: str, grid: Grid, signals: Sequence[Signal], at: datetime) -> Bools:
        """Positions at `at`, those of switches that have tripped as they were before the first signal."""
        state = self.closed(network, at=at).copy()
        tripped = {grid.find(one.subject, "switches") for one in signals if one.kind is SignalKind.TRIP and one.value}
        if tripped := tripped - {-1}:
            first = min(one.occurred_at for one in signals)
            before = self.closed(network, at=min(first, at) - JUST_BEFORE)
            for switch in tripped:
                state[switch] = before[switch]
        return state


def _no_name(network: str) -> Finding:
    words = Text(f"Name the network in at most {LONGEST_NAME} letters.", f"请指明网络,最多{LONGEST_NAME}个字符。")
    return Finding("signals.network.name", network[:LONGEST_NAME] or "?", words)


def _unknown_network(network: str) -> Finding:
    words = Text(
        en=f"No network {network} is known; what was said of it is kept.", zh=f"没有网络 {network};信号已保留。"
    )
    return Finding("signals.network.unknown", network, words, severity=Severity.WARNING)

"""Notices as people use them: decide who hears what, send, prove it. Deciding happens in the transaction of its cause.

announce    the final plan, or what is known of a fault: first word, changes, that it is off (for some)
call_off    it does not take place at its time: whoever was told hears it
withdraw    nobody who was not told yet is told: the plan is being changed
delayed, restored    under way, and over
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Engine

from everlit.customers.store import account_numbers
from everlit.kernel import Finding, Policies, Refusal, Severity, Text
from everlit.kernel.reading import CHINA
from everlit.notices.channel import Channel, Kind
from everlit.notices.clocks import at_risk, deadlines
from everlit.notices.content.compose import compose
from everlit.notices.content.lint import Lengths, lint_composed
from everlit.notices.content.texts import Book, shipped
from everlit.notices.dispatch import Dispatcher
from everlit.notices.model import URGENT, Announcement, Happening, Queued, Spans, instant, seconds
from everlit.notices.policies import Rules, rules_of
from everlit.notices.recipients import widened
from everlit.notices.reconcile import Dead, Reconciliation, added_up, reconcile
from everlit.notices.said import addressed_of, facts_of, happening_again
from everlit.notices.store import announcements, beliefs, doubt, proof, told
from everlit.notices.store.centre import Centre
from everlit.notices.store.desk import Composed, Desk
from everlit.notices.store.fan_out import When
from everlit.notices.store.sending import StoredOutbox
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor, record

NEVER_MIND = Text(en="change of plan", zh="计划调整")
HOW_SIGNED = ("paper", "phone", "app", "visit")
SIGNERS = ("marketing", "dispatcher", "crew", "system")
"""Roles that enter a signed receipt."""


class UnableToAnnounce(Refusal):
    """What would be sent is incomplete, too long, or not plain."""

    title = Text(en="The notice was not queued.", zh="通知未加入发送队列。")


class UnableToFindNotice(Refusal):
    """Nothing was said about that event, or not to that account."""

    title = Text(en="No such notice.", zh="没有该通知。")


class UnableToSign(Refusal):
    """A receipt names who signed it, when and how."""

    title = Text(en="The receipt was not kept.", zh="签收未登记。")


@dataclass
class Notices:
    """The use cases of notices on one store."""

    engine: Engine
    policies: Callable[[], Policies]
    clock: Callable[[], datetime]
    zone: tzinfo = CHINA
    book: Book = field(default_factory=shipped)

    # ----------------------------------------------------------------------------------------------- deciding
    def announce(self, connection: Connection, happening: Happening, *, actor: Actor) -> Queued:
        """Say what the final plan does, inside the caller's transaction: to whoever does not know it yet, and to whoever
        knows something else. Asking twice says nothing twice. Raises UnableToAnnounce."""
        policies = self.policies()
        rules = self._rules(policies)
        certain, least = rules.link_certain, rules.link_least
        superseded = announcements.supersede(connection, happening.event_id, now_s=seconds(self.clock()))
        desk = self._desk(connection, happening, policies)
        places = doubt.doubtful_places(connection, happening.network, certain=certain)
        concerned = widened(places, happening.groups, whole=happening.whole, certain=certain, least=least)
        desk.holders(spoken=beliefs.spoken(connection, happening.event_id))
        desk.doubtful(concerned)
        desk.delegates(concerned)
        may_be = sorted(one.account_no for one in concerned if not one.certain)
        names = doubt.names_of(connection, may_be)
        return self._done(desk, superseded, tuple(names[number] for number in may_be), actor)

    def call_off(
        self, connection: Connection, event_id: str, *, actor: Actor, cause: Text = NEVER_MIND
    ) -> Queued | None:
        """Tell whoever was told that it does not take place; what was not sent is taken back. None: nobody knew."""
        return self._tell_told(connection, event_id, Kind.CANCELLED, lambda times: times, actor=actor, cause=cause)

    def delayed(self, connection: Connection, event_id: str, until: datetime, *, actor: Actor) -> Queued | None:
        """Tell whoever is without supply that it will take longer."""
        end_s = seconds(until)

        def longer(times: Spans) -> Spans:
            return (*times[:-1], (times[-1][0], max(times[-1][1], end_s)))

        return self._tell_told(connection, event_id, Kind.DELAYED, longer, actor=actor, end=until)

    def restored(self, connection: Connection, event_id: str, at: datetime, *, actor: Actor) -> Queued | None:
        """Tell whoever was told that supply is back; early when it is early by more than the tolerance. None when nobody
        was told that it is off, or that it is back was the last word."""
        said = self._last_said(connection, event_id)
        if said is None or said.kind in (Kind.RESTORED, Kind.RESTORED_EARLY):
            return None
        rules, at_s = self._rules(self.policies()), seconds(at)
        end = datetime.fromisoformat(said.body["facts"]["end"])
        early = (end - at) / timedelta(minutes=1) >= rules.early_min

        def really(times: Spans) -> Spans:
            past = tuple((first, min(last, at_s)) for first, last in times if first < at_s)
            return past if early and past else times

        kind = Kind.RESTORED_EARLY if early else Kind.RESTORED
        until = at + timedelta(hours=rules.restored_h)
        return self._tell_told(connection, event_id, kind, really, actor=actor, end=at, until=until)

    def stands(self, connection: Connection, happening: Happening) -> bool:
        """Whether the last word about its event has just these facts."""
        said = self._last_said(connection, happening.event_id)
        kinds = (happening.kind, Kind.CHANGED)
        return said is not None and said.kind in kinds and said.body["facts"] == facts_of(happening)

    def spoken(self, connection: Connection, event_id: str) -> bool:
        """Whether anybody was ever told anything about an event."""
        return self._last_said(connection, event_id) is not None

    def withdraw(self, connection: Connection, event_id: str, *, actor: Actor, why: str = "") -> int:
        """Take back what was not sent, because the plan is being changed; returns how many."""
        count = announcements.supersede(connection, event_id, now_s=seconds(self.clock()))
        if count:
            self._record(connection, actor, "withdrawn", event_id, {"superseded": count, "why": why})
        return count

    def _tell_told(
        self,
        connection: Connection,
        event_id: str,
        kind: Kind,
        times: Callable[[Spans], Spans],
        *,
        actor: Actor,
        cause: Text | None = None,
        end: datetime | None = None,
        until: datetime | None = None,
    ) -> Queued | None:
        """A word to everybody who believes that supply is, or will be, off; of use `until` then."""
        said = self._last_said(connection, event_id)
        if said is None:
            return None
        again = happening_again(said, kind, cause=cause, end=end)
        desk = self._desk(connection, again, self.policies(), until=until)
        desk.told(kind, times, waiting=kind is Kind.DELAYED)
        stays = kind is Kind.DELAYED and not desk.queued.total()
        superseded = 0 if stays else announcements.supersede(
            connection, event_id, now_s=desk.when.now_s, before=desk.version
        )  # fmt: skip
        done = self._done(desk, superseded, (), actor)
        return done if done.total or superseded else None

    def _last_said(self, connection: Connection, event_id: str) -> Announcement | None:
        said = told.said_about(connection, event_id)
        return said[-1] if said else None

    def _desk(
        self, connection: Connection, happening: Happening, policies: Policies, *, until: datetime | None = None
    ) -> Desk:
        """A decision at this moment. Quiet hours hold a message back to the outage, or to its legal deadline, at most."""
        now, start = self.clock(), happening.period.start
        due = deadlines(happening.kind, start, policies=policies)
        limits = [one.at for one in due if one.at > now] + [start if start > now else happening.period.end]
        local, held = now.astimezone(self.zone), happening.kind not in URGENT
        when = When(
            seconds(now),
            local.hour * 60 + local.minute,
            seconds(until or happening.period.end),
            seconds(min(limits)) if held else 0,
        )
        version = announcements.newest_version(connection, happening.event_id) + 1
        deadline_s = seconds(due[0].at) if due else None
        certain, composed = self._rules(policies).link_certain, self._composer(policies)
        return Desk(connection, happening, version, when, certain, deadline_s, composed)

    def _composer(self, policies: Policies) -> Composed:
        """What makes the texts of a kind, checked; it raises UnableToAnnounce."""
        on = self.clock().date()
        lengths = Lengths(int(policies.value("text.sms_parts", on=on)), int(policies.value("text.longest", on=on)))

        def composed(happening: Happening, kind: Kind, version: int) -> Mapping[str, Any]:
            texts = compose(happening, kind, version=version, book=self.book)
            wrong = [found for found in lint_composed(texts, kind, lengths) if found.severity is Severity.ERROR]
            if wrong:
                raise UnableToAnnounce(*wrong)
            return {"facts": facts_of(happening), "texts": texts}

        return composed

    def _done(self, desk: Desk, superseded: int, may_be: tuple[str, ...], actor: Actor) -> Queued:
        desk.close()
        said = desk.happening
        queued = Queued(said.event_id, desk.version, dict(+desk.queued), may_be, superseded)
        if queued.total or superseded:
            body = {
                "version": desk.version, "counts": dict(queued.counts), "superseded": superseded, "may_be": len(may_be),
            }  # fmt: skip
            self._record(desk.connection, actor, "queued", said.event_id, body)
        return queued

    # ------------------------------------------------------------------------------------------------- sending
    def outbox(self) -> StoredOutbox:
        """The outbox as the runner (`dispatch.Dispatcher`) asks for it, with the rules of today."""
        return StoredOutbox(self.engine, self.clock, self.zone, self._rules(self.policies()))

    def dispatcher(self, channels: Sequence[Channel], *, rates: Mapping[str, float] | None = None) -> Dispatcher:
        """A runner that sends what is due over some channels, as it is; `rates` are messages a second."""
        return Dispatcher(
            self.outbox(),
            {channel.name: channel for channel in channels},
            self._rules(self.policies()),
            self.clock,
            secrets.SystemRandom().random,
            lambda: secrets.token_hex(16),
            rates=rates or {},
        )

    def report(self, channel: str, receipt: str, *, delivered: bool) -> int:
        """A gateway says by itself what became of a message it took; returns how many messages that was about."""
        return self.outbox().report(channel, receipt, delivered=delivered)

    # ------------------------------------------------------------------------------------------------- reading
    def centre(self) -> Centre:
        """What the notice centre shows, read at this moment."""
        return Centre(self.engine, self.clock, self.zone)

    def status(self, event_id: str) -> dict[str, Any]:
        """What was said about an event, in which state it stands, who has not signed, who signed."""
        with reading(self.engine) as connection:
            said = told.said_about(connection, event_id)
            if not said:
                raise _nothing(event_id)
            rows = told.counts(connection, event_id)
            unsigned = [row for one in said for row in proof.unsigned_of(connection, one.announcement_id)]
            signed = proof.receipts_of(connection, event_id)
            twice = told.doubled(connection, event_id)
        return {
            "event_id": event_id,
            "announcements": [one.as_json() for one in said],
            "counts": [
                {
                    "version": row.version,
                    "kind": row.kind,
                    "channel": row.channel,
                    "state": row.state,
                    "count": row.count,
                }
                for row in rows
            ],
            "perhaps_twice": twice,
            "unsigned": [{"notice_id": number, "account_id": name, "state": state} for number, name, state in unsigned],
            "receipts": [{"account_id": name, **_receipt_json(receipt)} for name, receipt in signed],
        }

    def overview(self, network: str, *, limit: int = 50) -> dict[str, Any]:
        """The events of a network last spoken about with their counts, and the alarms."""
        with reading(self.engine) as connection:
            events = told.newest_events(connection, network, limit=limit)
            states: dict[str, dict[str, int]] = {}
            for event_id in events:
                mine = states.setdefault(event_id, {})
                for row in told.counts(connection, event_id):
                    mine[row.state] = mine.get(row.state, 0) + row.count
        alarms = [finding.as_json() for finding in self.alarms(network)]
        return {"events": [{"event_id": name, "states": states[name]} for name in events], "alarms": alarms}

    def alarms(self, network: str) -> list[Finding]:
        """Notices whose legal time runs out while they are not delivered, important customers who have not signed."""
        now = self.clock()
        with reading(self.engine) as connection:
            waiting = [one for _, one in told.waiting(connection, network, after_s=seconds(now))]
        return at_risk(waiting, now=now, policies=self.policies())

    def told_account(self, network: str, account_id: str) -> list[dict[str, Any]]:
        """What an account was told, newest first. No address is shown, so nothing is audited."""
        with reading(self.engine) as connection:
            number = account_numbers(connection, network, [account_id]).get(account_id)
            if number is None:
                raise _nothing(account_id)
            return [
                {
                    "notice_id": row.notice_id,
                    "event_id": row.event_id,
                    "version": row.version,
                    "kind": row.kind,
                    "channel": row.channel,
                    "state": row.state,
                    "delegate": row.delegate,
                    "certain": row.certain,
                    "queued_at": instant(row.queued_s).isoformat(),
                    "sent_at": instant(row.sent_s).isoformat() if row.sent_s else None,
                    "spans": [[instant(first).isoformat(), instant(last).isoformat()] for first, last in row.spans],
                }
                for row in told.told_account(connection, number)
            ]

    # ------------------------------------------------------------------------------------------------ receipts
    def sign(
        self,
        network: str,
        event_id: str,
        account_id: str,
        *,
        signed_by: str,
        actor: Actor,
        how: str = "paper",
        note: str = "",
        at: datetime | None = None,
    ) -> int:
        """Keep that somebody signed for the notice of an account; raises UnableToFindNotice, UnableToSign."""
        now = self.clock()
        if actor.role not in SIGNERS:
            words = Text(
                f"Receipts are entered by {', '.join(SIGNERS[:3])}.", f"签收由 {'、'.join(SIGNERS[:3])} 登记。"
            )
            raise UnableToSign(Finding("notices.role", actor.name, words))
        signed_at = at or now
        if how not in HOW_SIGNED or not 0 < len(signed_by.strip()) <= 100 or signed_at > now or len(note) > 400:
            en = f"A receipt needs a name, a time not in the future, and one of {', '.join(HOW_SIGNED)}."
            zh = f"签收须有姓名、不晚于现在的时间和方式({'、'.join(HOW_SIGNED)})。"
            raise UnableToSign(Finding("notices.receipt", account_id[:100], Text(en, zh)))
        with writing(self.engine) as connection:
            notice_id = proof.notice_of(connection, event_id, network, account_id)
            if notice_id is None:
                raise _nothing(f"{event_id}/{account_id}")
            receipt = proof.Receipt(notice_id, signed_by.strip(), signed_at, how, note, actor.name)
            number = proof.keep_receipt(connection, receipt)
            body = {"receipt_id": number, "notice_id": notice_id, "account_id": account_id, "how": how}
            self._record(connection, actor, "signed", event_id, body)
        return number

    # ------------------------------------------------------------------------------------------ reconciliation
    def reconcile(
        self,
        connection: Connection,
        network: str,
        event_id: str,
        dead: Dead,
        *,
        planned: Sequence[str],
        actor: Actor,
        meters: Mapping[str, bool] | None = None,
        unplanned: bool = False,
    ) -> Reconciliation:
        """Compare who was told with whose supply went off, inside the caller's transaction, and keep it for the trend of
        the month; once more replaces what was kept. `unplanned` for darkness against a plan: it is told while it lasts."""
        said = told.said_about(connection, event_id)
        addressed = addressed_of(proof.told_rows(connection, event_id))
        recorded = dict(proof.accounts_at(connection, network, sorted(set(dead.consumer_ids))))
        recorded |= {one.account_id: one.consumer_id for one in addressed}
        deadline_s = next((one.deadline_s for one in said if one.deadline_s is not None), None)
        found = reconcile(
            addressed,
            dead,
            recorded=recorded,
            planned=planned,
            deadline_s=deadline_s,
            meters=meters,
            unplanned=unplanned,
        )
        began = min(dead.began().values(), default=seconds(self.clock()))
        month = f"{instant(began).astimezone(self.zone):%Y-%m}"
        proof.keep_reconciliation(
            connection, event_id=event_id, network=network, month=month, at=self.clock(), body=found.as_json()
        )
        shown = {name: value for name, value in found.as_json().items() if name != "cases"}
        self._record(connection, actor, "reconciled", event_id, shown)
        return found

    def trend(self, network: str, *, since: str = "") -> list[dict[str, Any]]:
        """Reconciliations added up by month, from a month YYYY-MM on; darkness against a plan in a row of its own.

        Who is in such a row was off in the outage as well: the rows of a month are never added.
        """
        with reading(self.engine) as connection:
            rows = proof.kept_reconciliations(connection, network, since=since)
        months: dict[tuple[str, bool], list[Reconciliation]] = {}
        for _, month, body in rows:
            counts = {name: body[name] for name in ("dead", "told", "right", "widened", "late", "late_h", "causes")}
            unplanned = bool(body.get("unplanned"))
            months.setdefault((month, unplanned), []).append(Reconciliation(**counts, unplanned=unplanned))
        return [
            {"month": month, "events": len(some), **added_up(some, unplanned=unplanned).as_json()}
            for (month, unplanned), some in sorted(months.items(), key=lambda item: item[0])
        ]

    # ------------------------------------------------------------------------------------------------- parts
    def _rules(self, policies: Policies) -> Rules:
        return rules_of(policies, on=self.clock().date())

    def _record(self, connection: Connection, actor: Actor, kind: str, event_id: str, body: Mapping[str, Any]) -> None:
        subject = f"outage:{event_id}"
        record(connection, actor=actor, at=self.clock(), kind=f"notices.{kind}", subject=subject, body=body)


def _receipt_json(receipt: proof.Receipt) -> dict[str, Any]:
    return {
        "notice_id": receipt.notice_id,
        "signed_by": receipt.signed_by,
        "signed_at": receipt.signed_at.isoformat(),
        "how": receipt.how,
        "note": receipt.note,
        "entered_by": receipt.entered_by,
    }


def _nothing(subject: str) -> UnableToFindNotice:
    words = Text(en=f"Nothing was said about {subject[:100]}.", zh=f"没有关于 {subject[:100]} 的通知。")
    return UnableToFindNotice(Finding("notices.unknown", subject[:100], words))

"""The runner of the outbox: claim, send at the gateway's pace, mark; ask about what is in doubt; leave a failing gateway
alone.

    lane ─► claim a batch ─► each in its turn (rate) ─► send ─► mark the batch ─► …     several lanes for each channel
            claim doubts  ─► ask ─► mark
            channel rests ─► pressing messages go to the reader's next channel
            nobody opens it ─► all of them do, at once

Clock, pause, chance and the outbox come in as arguments; the runner keeps nothing that a crash could lose.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from everlit.notices.breaker import Breaker
from everlit.notices.channel import Answer, Channel, Message, Sent
from everlit.notices.channels.not_opened import NotOpened
from everlit.notices.model import State
from everlit.notices.outbox import Letter, Mark, after_asking, after_sending
from everlit.notices.policies import Rules


@dataclass(frozen=True, slots=True)
class InHand:
    """A claimed message: what the rules look at, what is sent, seconds its reader's quiet hours still last."""

    letter: Letter
    message: Message
    quiet_s: int = 0


class Outbox(Protocol):
    """What the runner asks of the store. Each call is a transaction of its own."""

    def claim(self, channel: str, limit: int, token: str) -> Sequence[InHand]:
        """Messages of a channel that are due."""
        ...

    def claim_waiting(self, channel: str, limit: int, token: str) -> Sequence[InHand]:
        """Messages of a channel that rests and that cannot wait."""
        ...

    def claim_doubts(self, channel: str, limit: int, token: str) -> Sequence[InHand]:
        """Messages whose gateway has to be asked."""
        ...

    def mark(self, marks: Sequence[Mark], token: str) -> None:
        """Note what became of messages."""
        ...

    def expire(self) -> int:
        """Take out what is of no use any more."""
        ...

    def next_due(self, channels: Sequence[str]) -> int | None:
        """When the next message is due, seconds since the epoch."""
        ...


@dataclass(slots=True)
class Pace:
    """Turns at a gateway: `rate` a second, none before the one before it."""

    rate: float
    next_s: float = 0.0

    def wait_s(self, now_s: float) -> float:
        """Take the next turn and return the seconds until it."""
        turn = max(now_s, self.next_s)
        self.next_s = turn + 1 / self.rate
        return turn - now_s


@dataclass
class Dispatcher:
    """Sends what stands in an outbox over some channels. `aside` runs a call of the store (in a thread, unless told)."""

    outbox: Outbox
    channels: Mapping[str, Channel]
    rules: Rules
    now: Callable[[], datetime]
    chance: Callable[[], float]
    token: Callable[[], str]
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    aside: Callable[..., Awaitable[Any]] = asyncio.to_thread
    rates: Mapping[str, float] = field(default_factory=dict)
    rate: float = 50.0
    batch: int = 100
    lanes: int = 4
    told: Counter[str] = field(default_factory=Counter)
    handed_on: int = 0
    breakers: dict[str, Breaker] = field(default_factory=dict)
    _paces: dict[str, Pace] = field(default_factory=dict)

    async def run(self, *, until: datetime | None = None) -> Counter[str]:
        """Work until nothing is due now, or until an instant; returns how often each state was noted."""
        await self.aside(self.outbox.expire)
        before = -1
        while before < self.handed_on:  # a channel that had ended may have been handed something since
            before = self.handed_on
            async with asyncio.TaskGroup() as group:
                for channel in self.channels.values():
                    group.create_task(self._serve(channel, until))
        return self.told

    async def _serve(self, channel: Channel, until: datetime | None) -> None:
        """One look at a time while there is little to do, several lanes beside each other while there is more."""
        while until is None or self.now() < until:
            if await self._some(channel):
                await asyncio.gather(*(self._lane(channel) for _ in range(self.lanes)))
            elif until is None:
                return
            else:
                await self.sleep(await self._pause_s(channel, until))

    async def _lane(self, channel: Channel) -> None:
        while await self._some(channel):
            pass

    async def _some(self, channel: Channel) -> int:
        return await self._send_some(channel) + await self._ask_some(channel)

    async def _pause_s(self, channel: Channel, until: datetime) -> float:
        """Seconds until something may be due: at most five, so that new messages do not wait longer."""
        now_s = self.now().timestamp()
        due_s: int | None = await self.aside(self.outbox.next_due, (channel.name,))
        wait_s = 5.0 if due_s is None else min(due_s - now_s, 5.0)
        return max(0.05, min(wait_s, until.timestamp() - now_s))

    # ------------------------------------------------------------------------------------------------ sending
    async def _send_some(self, channel: Channel) -> int:
        breaker, now_s, token = self._breaker(channel), self.now().timestamp(), self.token()
        if not breaker.allows(now_s):
            some = await self.aside(self.outbox.claim_waiting, channel.name, self.batch, token)
            await self._mark([self._hand_on(one) for one in some], token)
            return len(some)
        trial = breaker.trial(now_s)
        if trial:  # whoever comes first tries it; to all others it still rests
            self.breakers[channel.name] = replace(breaker, until_s=now_s + self.rules.breaker_rest_s)
        some = await self.aside(self.outbox.claim, channel.name, 1 if trial else self.batch, token)
        await self._mark(await asyncio.gather(*(self._send(channel, one, trial) for one in some)), token)
        return len(some)

    async def _send(self, channel: Channel, one: InHand, trial: bool) -> Mark:
        letter = one.letter
        if letter.stale:
            return Mark(letter.notice_id, State.SUPERSEDED, self._now_s())
        if isinstance(channel, NotOpened):
            return self._sent(letter, await channel.send(one.message))
        if one.quiet_s:
            return Mark(letter.notice_id, State.QUEUED, self._now_s() + one.quiet_s)
        if not one.message.address:
            return self._sent(letter, Answer(Sent.REFUSED, detail="no address on this channel"))
        await self.sleep(self._pace(channel).wait_s(self.now().timestamp()))
        if self.now() >= one.message.not_after:
            return Mark(letter.notice_id, State.EXPIRED, self._now_s())
        if not trial and not self._breaker(channel).allows(self._now_s()):
            return self._hand_on(one) if letter.important else self._put_back(one)
        answer = await _answered(channel.send(one.message))
        self._heard(channel, answer)
        return self._sent(letter, answer)

    def _sent(self, letter: Letter, answer: Answer) -> Mark:
        return after_sending(letter, answer, now_s=self._now_s(), rules=self.rules, chance=self.chance())

    def _put_back(self, one: InHand) -> Mark:
        """It was not tried: the channel came to rest meanwhile."""
        return Mark(one.letter.notice_id, State.QUEUED, self._now_s() + int(self.rules.breaker_rest_s))

    def _hand_on(self, one: InHand) -> Mark:
        """To the reader's next channel; where there is none, it waits."""
        letter = one.letter
        if not letter.further:
            return self._put_back(one)
        return Mark(letter.notice_id, State.GIVEN_UP, self._now_s(), detail="channel at rest", onward=letter.further)

    # ------------------------------------------------------------------------------------------------- asking
    async def _ask_some(self, channel: Channel) -> int:
        token = self.token()
        some = await self.aside(self.outbox.claim_doubts, channel.name, self.batch, token)
        if some:
            await self._mark(await asyncio.gather(*(self._ask(channel, one) for one in some)), token)
        return len(some)

    async def _ask(self, channel: Channel, one: InHand) -> Mark:
        await self.sleep(self._pace(channel).wait_s(self.now().timestamp()))
        answer = await _answered(channel.lookup(one.message, one.letter.receipt))
        return after_asking(
            one.letter, answer, keyed=channel.keyed, now_s=self._now_s(), rules=self.rules, chance=self.chance()
        )

    # --------------------------------------------------------------------------------------------------- parts
    async def _mark(self, marks: Sequence[Mark], token: str) -> None:
        if marks:
            await self.aside(self.outbox.mark, marks, token)
            self.told.update(mark.state.value for mark in marks)
            self.handed_on += sum(bool(mark.onward) for mark in marks)

    def _breaker(self, channel: Channel) -> Breaker:
        return self.breakers.setdefault(channel.name, Breaker())

    def _pace(self, channel: Channel) -> Pace:
        return self._paces.setdefault(channel.name, Pace(self.rates.get(channel.name, self.rate)))

    def _now_s(self) -> int:
        return int(self.now().timestamp())

    def _heard(self, channel: Channel, answer: Answer) -> None:
        """A failure counts against the channel; silence counts too, anything else clears it."""
        ok = answer.sent not in (Sent.FAILED, Sent.UNKNOWN)
        rules = self.rules
        after = self._breaker(channel).after(
            ok=ok, now_s=self._now_s(), failures=rules.breaker_failures, rest_s=rules.breaker_rest_s
        )
        self.breakers[channel.name] = after


async def _answered(asked: Awaitable[Any]) -> Any:
    """The answer of a channel; one that raises instead of answering may have sent it."""
    try:
        return await asked
    except Exception as error:
        return Answer(Sent.UNKNOWN, detail=f"{type(error).__name__}: {error}"[:200])

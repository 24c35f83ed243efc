"""The life of one message in the outbox (发件箱), as pure rules: what an answer makes of it, when it is tried again.

    answer       first time                     when it was asked about
    ACCEPTED     accepted; important: its       the same
                 delivery will be asked for
    DELIVERED    delivered                      the same
    REFUSED      refused, next channel          the same
    FAILED       queued again, after a pause    queued again: it surely is not there
    UNKNOWN      unknown, asked later           asked later; when patience ends, see `undecided`

Nothing is sent again while its gateway has not been asked. When it cannot tell, a gateway that throws away second copies
(`keyed`) gets the same key once more, which is safe at any time. One that does not is asked for as long as patience lasts
and then given it once more: the household is told twice at worst. That is what at least once means, and it is counted.
"""

from dataclasses import dataclass, replace

from everlit.notices.channel import Answer, Sent
from everlit.notices.model import State
from everlit.notices.policies import Rules


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in hand: its row, how often it was tried (this try included), since when it is in doubt (0: it is not).

    `stale` says that a later version corrects it: it is never tried again. `important` readers get their delivery
    asked for. `further` is the reader's next channel, empty when there is none.
    """

    notice_id: int
    channel: str
    attempts: int
    doubt_s: int
    not_after_s: int
    stale: bool = False
    important: bool = False
    further: str = ""
    receipt: str = ""
    sent_s: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """What is noted down about a message: its state, when it is due again, whether the next channel takes over. `tried` is 1
    after a try, `doubled` is 1 when the reader may have it twice."""

    notice_id: int
    state: State
    due_s: int
    doubt_s: int = 0
    sent_s: int = 0
    receipt: str = ""
    detail: str = ""
    onward: str = ""
    doubled: int = 0
    tried: int = 0


def after_sending(letter: Letter, answer: Answer, *, now_s: int, rules: Rules, chance: float) -> Mark:
    """What becomes of a message that was tried. `chance` in [0, 1) is the jitter."""
    if answer.sent is not Sent.UNKNOWN:
        return replace(_known(letter, answer, now_s=now_s, rules=rules, chance=chance), tried=1)
    due_s, receipt = now_s + _whole(rules.ask_first_s), answer.receipt or letter.receipt
    return Mark(letter.notice_id, State.UNKNOWN, due_s, now_s, 0, receipt, answer.detail, tried=1)


def after_asking(
    letter: Letter, answer: Answer | None, *, keyed: bool, now_s: int, rules: Rules, chance: float
) -> Mark:
    """What becomes of a message whose gateway was asked; None: the gateway cannot tell."""
    if answer is not None and answer.sent is not Sent.UNKNOWN:
        return _known(letter, answer, now_s=now_s, rules=rules, chance=chance)
    detail = answer.detail if answer else ""
    since = letter.doubt_s or now_s
    patience_s = rules.ask_first_s if keyed else rules.ask_patience_s
    if letter.sent_s or now_s - since < patience_s:
        return _ask_again(letter, since, detail, now_s=now_s, rules=rules, chance=chance)
    return undecided(letter, keyed=keyed, now_s=now_s)


def undecided(letter: Letter, *, keyed: bool, now_s: int) -> Mark:
    """Patience is over and nobody knows: it goes out once more, unless a later version has corrected it."""
    if letter.stale:
        return Mark(letter.notice_id, State.SUPERSEDED, now_s, detail="in doubt when corrected")
    if now_s >= letter.not_after_s:
        return Mark(letter.notice_id, State.EXPIRED, now_s, detail="in doubt to the end")
    return Mark(letter.notice_id, State.QUEUED, now_s, detail="in doubt, sent again", doubled=int(not keyed))


def _known(letter: Letter, answer: Answer, *, now_s: int, rules: Rules, chance: float) -> Mark:
    receipt = answer.receipt or letter.receipt
    sent_s = letter.sent_s or now_s
    if answer.sent is Sent.DELIVERED:
        return Mark(letter.notice_id, State.DELIVERED, now_s, 0, sent_s, receipt, answer.detail)
    if answer.sent is Sent.ACCEPTED:
        waiting = letter.important and now_s - sent_s < rules.ask_patience_s + rules.ask_delivery_s
        state = State.CONFIRMING if waiting else State.ACCEPTED
        due_s = now_s + _whole(rules.ask_delivery_s) if waiting else now_s
        return Mark(letter.notice_id, state, due_s, 0, sent_s, receipt, answer.detail)
    if letter.stale:
        return Mark(letter.notice_id, State.SUPERSEDED, now_s, receipt=receipt, detail=answer.detail)
    if answer.sent is Sent.REFUSED:
        return Mark(letter.notice_id, State.REFUSED, now_s, detail=answer.detail, onward=letter.further)
    return _failed(letter, answer.detail, now_s=now_s, rules=rules, chance=chance)


def _failed(letter: Letter, detail: str, *, now_s: int, rules: Rules, chance: float) -> Mark:
    if now_s >= letter.not_after_s:
        return Mark(letter.notice_id, State.EXPIRED, now_s, detail=detail)
    if letter.attempts >= rules.attempts:
        return Mark(letter.notice_id, State.GIVEN_UP, now_s, detail=detail, onward=letter.further)
    pause = backoff_s(letter.attempts, rules=rules, chance=chance)
    return Mark(letter.notice_id, State.QUEUED, now_s + pause, detail=detail)


def _ask_again(letter: Letter, since: int, detail: str, *, now_s: int, rules: Rules, chance: float) -> Mark:
    """A message whose delivery is asked for was taken: not hearing of it ends as accepted, never as sent again."""
    if letter.sent_s:
        over = now_s - letter.sent_s >= rules.ask_patience_s + rules.ask_delivery_s
        state = State.ACCEPTED if over else State.CONFIRMING
        due_s = now_s + _whole(rules.ask_delivery_s)
        return Mark(letter.notice_id, state, due_s, 0, letter.sent_s, letter.receipt, detail)
    due_s = now_s + _whole(rules.ask_first_s * (1 + chance))
    return Mark(letter.notice_id, State.UNKNOWN, due_s, since, 0, letter.receipt, detail)


def backoff_s(attempts: int, *, rules: Rules, chance: float) -> int:
    """The pause after the n-th failed try: it doubles, up to the longest, and `chance` takes off up to half of it, so
    that a gateway that comes back is not met by everybody at once.

    >>> from datetime import date
    >>> from everlit.notices.policies import NOTICE_POLICIES, rules_of
    >>> rules = rules_of(NOTICE_POLICIES, on=date(2026, 6, 1))
    >>> [backoff_s(n, rules=rules, chance=0.0) for n in (1, 2, 3, 9)], backoff_s(3, rules=rules, chance=0.5)
    ([5, 10, 20, 600], 15)
    """
    pause = min(rules.retry_first_s * 2.0 ** (max(attempts, 1) - 1), rules.retry_longest_s)
    return max(1, _whole(pause * (1 - chance / 2)))


def _whole(seconds: float) -> int:
    return round(seconds)

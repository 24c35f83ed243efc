"""The SMPP channel against a message centre that throttles, hangs up, falls silent and delivers receipts late."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from everlit.notices.channel import Answer, Message, Sent
from everlit.notices.channels.smpp import Centre, Smpp
from everlit.notices.channels.smpp.line import reference_of
from tests.notices.channels.messages import HOSTILE, NOW, clock, message
from tests.notices.channels.smsc import Smsc, smsc
from tests.notices.channels.tls import serving, trusting

LONG = message(key="long", body="停电" * 100)
FAST: dict[str, Any] = {"seconds": 1.0, "rest_s": 0.05, "rate": 10_000.0}


def channel(port: int, **options: Any) -> Smpp:
    known = FAST | options
    centre = {name: known.pop(name) for name in list(known) if name in Centre.__dataclass_fields__}
    link = Centre("127.0.0.1", port, "everlit", "secret12", **centre)
    return Smpp(link, clock=clock, sender="95598", **known)


def run(centre: Smsc, work: Callable[[Smpp], Awaitable[Any]], **options: Any) -> Any:
    async def inside() -> Any:
        async with smsc(centre):
            sms = channel(centre.port, **options)
            try:
                return await work(sms)
            finally:
                await sms.close()

    return asyncio.run(inside())


def sent(centre: Smsc, *messages: Message, **options: Any) -> list[Answer]:
    async def work(sms: Smpp) -> list[Answer]:
        return [await sms.send(one) for one in messages or [message()]]

    return run(centre, work, **options)


async def known(sms: Smpp, one: Message, receipt: str, wanted: Sent, seconds: float = 10.0) -> Answer | None:
    """Ask until the answer is the wanted one, some seconds at most."""
    answer = None
    for _ in range(int(seconds / 0.02)):
        answer = await sms.lookup(one, receipt)
        if answer and answer.sent is wanted:
            break
        await asyncio.sleep(0.02)
    return answer


def test_a_short_message_arrives_whole():
    centre = Smsc()
    (answer,) = sent(centre)
    assert answer == Answer(Sent.ACCEPTED, "m1")
    (one,) = centre.taken
    assert (one.source, one.target, one.text, one.esm_class, one.coding) == (
        "95598",
        "8613800138000",
        message().body,
        0,
        8,
    )
    assert one.until == "260608000000000+" and one.extras[0x0204] == reference_of(message().key).to_bytes(2, "big")


def test_a_long_message_arrives_whole_and_names_all_its_pieces():
    centre = Smsc()
    (answer,) = sent(centre, LONG)
    assert answer == Answer(Sent.ACCEPTED, "m1,m2,m3")
    assert centre.whole() == [("8613800138000", LONG.body)]


def test_an_english_message_is_in_the_small_alphabet():
    centre = Smsc()
    sent(centre, message(body="Planned outage 8-17 h, call 95598", address="13800138000"))
    assert [(one.coding, one.text, one.target) for one in centre.taken] == [
        (0, "Planned outage 8-17 h, call 95598", "13800138000")
    ]


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (0x58, "failed"),
        (0x14, "failed"),
        (0x08, "failed"),
        (0x64, "failed"),
        (0x0B, "refused"),
        (0x65, "refused"),
        (0x400, "refused"),
    ],
)
def test_the_meaning_of_a_status(status, meaning):
    (answer,) = sent(Smsc(refused=lambda _: status))
    assert answer.sent == meaning and f"0x{status:08X}" in answer.detail and not answer.receipt


def test_silence_is_unknown_and_a_receipt_that_comes_later_tells():
    async def work(sms: Smpp) -> None:
        answer = await sms.send(message())
        assert answer.sent is Sent.UNKNOWN and answer.receipt == ""
        told = await known(sms, message(), "", Sent.DELIVERED)
        assert told is not None and told.sent is Sent.DELIVERED

    run(Smsc(silent=lambda _: True, receipt_after_s=1.3), work)


def test_hanging_up_after_taking_is_unknown_and_the_receipt_comes_on_the_next_connection():
    async def work(sms: Smpp) -> None:
        assert (await sms.send(message())).sent is Sent.UNKNOWN
        await asyncio.sleep(0.1)
        assert (await sms.send(message(key="next"))).sent is Sent.ACCEPTED
        told = await known(sms, message(), "", Sent.DELIVERED)
        assert told is not None and told.sent is Sent.DELIVERED

    centre = Smsc(hang_up_after=lambda number: number == 1, receipt_after_s=0.3)
    run(centre, work)
    assert centre.binds == 2 and len(centre.taken) == 2


def test_a_centre_that_does_not_return_the_reference_leaves_it_open():
    async def work(sms: Smpp) -> Answer | None:
        assert (await sms.send(message())).sent is Sent.UNKNOWN
        await asyncio.sleep(0.2)
        return await sms.lookup(message(), "")

    assert run(Smsc(silent=lambda _: True, returns_reference=False), work) is None


@pytest.mark.parametrize("in_text", [True, False])
@pytest.mark.parametrize(
    ("receipts", "meaning"), [("DELIVRD", Sent.DELIVERED), ("UNDELIV", Sent.REFUSED), ("EXPIRED", Sent.REFUSED)]
)
def test_receipts_in_text_and_in_parameters(in_text, receipts, meaning):
    async def work(sms: Smpp) -> None:
        answer = await sms.send(LONG)
        told = await known(sms, LONG, answer.receipt, meaning)
        assert told == Answer(meaning, answer.receipt)

    centre = Smsc(receipts=receipts, in_text=in_text)
    run(centre, work)
    assert centre.receipts_taken == 3


def test_after_a_restart_the_centre_is_asked():
    async def work(sms: Smpp) -> list[Answer | None]:
        answer = await sms.send(LONG)
        reborn = channel(centre.port)
        asked = [
            await reborn.lookup(LONG, answer.receipt),
            await reborn.lookup(LONG, "m1,m2,gone"),
            await reborn.lookup(LONG, ""),
        ]
        centre.answers_queries = False
        asked.append(await reborn.lookup(LONG, answer.receipt))
        await reborn.close()
        return asked

    centre = Smsc(receipts="DELIVRD", receipt_after_s=60)
    assert run(centre, work) == [Answer(Sent.DELIVERED, "m1,m2,m3"), None, None, None]


def test_a_throttled_later_piece_is_tried_again_and_a_lost_one_is_unknown():
    centre = Smsc(throttled=lambda number: number in (2, 3))
    (answer,) = sent(centre, LONG)
    assert answer.sent is Sent.ACCEPTED and centre.whole() == [("8613800138000", LONG.body)]
    centre = Smsc(refused=lambda number: 0x0B if number == 2 else 0)
    (answer,) = sent(centre, LONG)
    assert (answer.sent, answer.receipt) == (Sent.UNKNOWN, "m1") and not centre.whole()
    centre = Smsc(throttled=lambda number: number > 1)
    (answer,) = sent(centre, LONG, rest_s=0.01)
    assert answer.sent is Sent.UNKNOWN and centre.submits == 1 + 6


def test_a_bind_that_is_refused_is_ours_and_is_not_repeated_at_once():
    centre = Smsc(bind_status=0x0E)
    answers = sent(centre, message(), message(), rest_s=5.0)
    assert {one.sent for one in answers} == {Sent.FAILED} and centre.binds == 1
    assert "0x0000000E" in answers[0].detail and "resting" in answers[1].detail
    assert "secret12" not in str(answers)


def test_nobody_there_then_somebody():
    async def work() -> list[Sent]:
        async with smsc() as centre:
            port = centre.port
        sms = channel(port)
        first = await sms.send(message())
        await asyncio.sleep(0.1)
        async with smsc(Smsc(port=port)):
            second = await sms.send(message())
            await sms.close()
        return [first.sent, second.sent]

    assert asyncio.run(work()) == [Sent.FAILED, Sent.ACCEPTED]


def test_hanging_up_before_taking_cannot_be_told_from_after_by_anybody():
    centre = Smsc(hang_up_before=lambda _: True)
    assert sent(centre)[0].sent is Sent.UNKNOWN and not centre.taken


def test_the_window_is_kept_and_answers_may_come_in_any_order():
    async def work(sms: Smpp) -> list[Answer]:
        return await asyncio.gather(
            *(sms.send(message(key=f"k{number}", address=f"138{number:08}")) for number in range(60))
        )

    centre = Smsc(answer_after_s=lambda number: 0.02 if number % 3 else 0.0)
    answers = run(centre, work, window=4)
    assert [one.sent for one in answers] == [Sent.ACCEPTED] * 60 and centre.most_open == 4 and centre.binds == 1
    by_id = {one.ident: one.target for one in centre.taken}
    assert [by_id[one.receipt] for one in answers] == [f"138{number:08}" for number in range(60)]


def test_the_line_is_kept_alive_and_given_up_when_it_does_not_answer():
    async def work(sms: Smpp) -> None:
        await sms.send(message())
        while centre.enquiries < 3:
            await asyncio.sleep(0.02)
        centre.answers_enquiries = False
        while sms._line.get().session.alive:
            await asyncio.sleep(0.02)
        assert (await sms.send(message(key="2"))).sent is Sent.ACCEPTED and centre.binds == 2

    centre = Smsc()
    run(centre, lambda sms: asyncio.wait_for(work(sms), 20), enquire_s=0.1, seconds=0.5)


def test_a_centre_that_talks_nonsense_is_survived():
    async def work() -> Sent:
        async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.write(b"\xff" * 400)

        async with await asyncio.start_server(nonsense, "127.0.0.1", 0) as server:
            sms = channel(server.sockets[0].getsockname()[1])
            answer = await sms.send(message())
            await sms.close()
            return answer.sent

    assert asyncio.run(work()) is Sent.FAILED


@pytest.mark.parametrize("address", ["", "nobody", "138\x0000138000", "1380013\r\n8000"])
def test_what_is_no_number_is_refused(address):
    centre = Smsc()
    assert sent(centre, message(address=address))[0].sent is Sent.REFUSED and not centre.binds


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_a_text(text):
    centre = Smsc()
    (answer,) = sent(centre, message(body=text, key=text[:10].encode("ascii", "ignore").decode()))
    assert answer.sent is Sent.ACCEPTED and len(centre.taken) == 1


def test_what_is_too_late_or_too_long_is_refused():
    centre = Smsc()
    late, long = message(not_after=NOW), message(body="电" * 20_000)
    assert [one.sent for one in sent(centre, late, long)] == [Sent.REFUSED, Sent.REFUSED] and not centre.binds
    assert run(centre, lambda sms: sms.lookup(long, "m1")) is None


def test_a_login_or_sender_that_does_not_fit_is_refused_at_once():
    with pytest.raises(ValueError, match="SMPP"):
        Smpp(Centre("h", 1, "everlit", "a password too long"), clock=clock)
    with pytest.raises(ValueError, match="SMPP"):
        Smpp(Centre("h", 1, "everlit"), clock=clock, sender="供电所")
    assert "secret12" not in repr(Centre("h", 1, "everlit", "secret12"))


def test_over_tls(tmp_path):
    async def work(trust: ssl.SSLContext | None) -> Sent:
        async with smsc(Smsc(), ssl=serving(tmp_path)) as centre:
            sms = channel(centre.port, trust=trust)
            try:
                return (await sms.send(message())).sent
            finally:
                await sms.close()

    assert asyncio.run(work(trusting(tmp_path))) is Sent.ACCEPTED
    assert asyncio.run(work(ssl.create_default_context())) is Sent.FAILED


def test_each_loop_binds_for_itself():
    sms = channel(0)

    async def work() -> Sent:
        async with smsc() as centre:
            sms._centre = replace(sms._centre, port=centre.port)
            return (await sms.send(message())).sent

    assert [asyncio.run(work()) for _ in range(2)] == [Sent.ACCEPTED, Sent.ACCEPTED]


async def everybody(sms: Smpp, count: int) -> dict[str, Sent]:
    """What an outbox does: send, send FAILED again, ask about UNKNOWN and never send it again."""
    ended: dict[str, Sent] = {}

    async def one(number: int) -> None:
        letter = message(key=f"key-{number}", address=f"+86138{number:08}", body=f"停电通知{number}")
        for _ in range(200):
            answer = await sms.send(letter)
            if answer.sent is Sent.UNKNOWN:
                answer = await known(sms, letter, answer.receipt, Sent.DELIVERED, 3.0) or answer
            if answer.sent is not Sent.FAILED:
                break
            await asyncio.sleep(0.05)
        ended[letter.address] = answer.sent

    await asyncio.gather(*(one(number) for number in range(count)))
    return ended


def told(centre: Smsc, count: int, rate: float) -> tuple[dict[str, Sent], float]:
    """How it ended for each number, and the seconds it took; nobody was told twice, and nobody is said to be told who was not."""

    async def work(sms: Smpp) -> tuple[dict[str, Sent], float]:
        began = asyncio.get_running_loop().time()
        return await everybody(sms, count), asyncio.get_running_loop().time() - began

    ended, seconds = run(centre, work, rate=rate, seconds=2.0, window=20)
    targets = ["+" + one.target for one in centre.taken]
    assert len(targets) == len(set(targets)) and len(ended) == count
    assert {number for number, sent in ended.items() if sent in (Sent.ACCEPTED, Sent.DELIVERED)} <= set(targets)
    assert set(ended.values()) <= {Sent.ACCEPTED, Sent.DELIVERED, Sent.UNKNOWN}
    return ended, seconds


def slow_and_silent() -> Smsc:
    return Smsc(throttled=lambda number: number % 10 == 3, silent=lambda number: number % 97 == 5, receipt_after_s=0.2)


def test_four_hundred_at_two_hundred_a_second_without_loss():
    ended, seconds = told(slow_and_silent(), 400, 200.0)
    assert Sent.UNKNOWN not in ended.values() and seconds >= 400 / 200


@pytest.mark.long
def test_ten_thousand_at_two_hundred_a_second_without_loss():
    ended, seconds = told(slow_and_silent(), 10_000, 200.0)
    assert Sent.UNKNOWN not in ended.values() and 10_000 / 200 <= seconds < 10_000 / 200 * 3


def test_when_the_centre_keeps_hanging_up_nobody_is_told_twice_and_doubt_is_said_to_be_doubt():
    centre = slow_and_silent()
    centre.hang_up_after = lambda number: number % 41 == 7
    ended, _ = told(centre, 300, 400.0)
    assert list(ended.values()).count(Sent.UNKNOWN) < 300 / 5 and centre.binds > 3


def test_late_is_measured_by_the_clock_that_is_given():
    sms = Smpp(Centre("127.0.0.1", 1, "x"), clock=lambda: NOW + timedelta(days=30))
    assert asyncio.run(sms.send(message())) == Answer(Sent.REFUSED, detail="too late")

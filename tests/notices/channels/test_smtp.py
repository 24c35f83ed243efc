"""E-mail against a real mail server: what arrives, what each of its answers means, and what silence means."""

import asyncio
from email.headerregistry import Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.notices.channel import Sent
from everlit.notices.channels.smtp import Email, MailServer, composed
from tests.notices.channels.mail_server import LET_IN, Post, mail_server, until
from tests.notices.channels.messages import HOSTILE, NOW, clock, message
from tests.notices.channels.tls import serving, trusting

SENDER = Address("城北供电所", "notice", "utility.example")
MAIL = message(channel="email", address="li@example.com")


def channel(port: int, *, seconds: float = 5.0, **server) -> Email:
    known = {"host": "127.0.0.1", "port": port, "security": "none"} | server
    return Email(MailServer(**known), SENDER, clock=clock, seconds=seconds)


def sent(post: Post, letter=MAIL, **options):
    async def run():
        email = channel(post.port, **options)
        try:
            return await email.send(letter)
        finally:
            await email.close()

    return asyncio.run(run())


def test_a_letter_arrives_as_it_was_written():
    with mail_server() as post:
        answer = sent(post)
        assert answer.sent is Sent.ACCEPTED and answer.receipt == f"<{MAIL.key}@utility.example>"
    (letter,) = post.letters
    assert letter["Subject"] == MAIL.title and letter["Message-ID"] == answer.receipt
    assert letter.get_content().rstrip() == MAIL.body and letter.get_content_type() == "text/plain"
    assert letter.get_content_charset() == "utf-8" and letter["Content-Language"] == "zh-CN"
    assert letter["From"].addresses[0] == SENDER and letter["To"].addresses[0].addr_spec == MAIL.address
    assert letter["List-Id"] == "<outages.utility.example>" and letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"].datetime == NOW
    assert post.envelopes == [("notice@utility.example", ["li@example.com"])]


def test_an_english_letter_says_so_and_every_try_has_the_same_id():
    english = message(
        address="li@example.com", language="en", title="Planned outage", body="Line one\n.\n..\nLine four"
    )
    with mail_server() as post:
        sent(post, english)
        sent(post, english)
    first, second = post.letters
    assert first["Content-Language"] == "en" and first["Message-ID"] == second["Message-ID"]
    assert first.get_content().splitlines() == english.body.splitlines()


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("code", "meaning"), [("451 later", Sent.FAILED), ("550 no", Sent.REFUSED), ("552 big", Sent.REFUSED)]
)
def test_an_answer_of_the_server_by_stage(stage, code, meaning):
    with mail_server(Post(answers={stage: [code]})) as post:
        answer = sent(post)
        assert (answer.sent, answer.receipt) == (meaning, "") and code in answer.detail
        assert not post.letters


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
def test_silence_before_the_text_is_surely_not_sent(stage):
    with mail_server(Post(silent={stage: 1.5})) as post:
        assert sent(post, seconds=0.5).sent is Sent.FAILED
        assert not post.letters


def test_silence_after_the_text_is_unknown_and_the_letter_may_be_there():
    with mail_server(Post(silent={"DATA": 4.0})) as post:
        assert sent(post, seconds=1.5).sent is Sent.UNKNOWN
        until(lambda: post.letters)


def test_hanging_up_after_the_text_is_unknown_and_before_it_is_not():
    with mail_server(Post(hang_up={"DATA"})) as post:
        assert sent(post).sent is Sent.UNKNOWN
        assert post.letters
    with mail_server(Post(hang_up={"RCPT"})) as post:
        assert sent(post).sent is Sent.FAILED


def test_nobody_there_is_a_failure():
    with mail_server() as post:
        pass
    answer = sent(post)
    assert answer.sent is Sent.FAILED and answer.detail


def test_letters_share_a_connection_and_one_the_server_gave_up_is_replaced():
    async def run(post):
        email = channel(post.port)
        for _ in range(3):
            assert (await email.send(MAIL)).sent is Sent.ACCEPTED
        assert post.connections == 1
        post.hang_up.add("MAIL")
        assert (await email.send(MAIL)).sent is Sent.FAILED
        post.hang_up.clear()
        many = await asyncio.gather(*(email.send(MAIL) for _ in range(40)))
        await email.close()
        return many

    with mail_server() as post:
        assert {one.sent for one in asyncio.run(run(post))} == {Sent.ACCEPTED}
    assert len(post.letters) == 43 and post.connections <= 1 + 1 + 4


def test_a_refusal_does_not_spoil_the_connection_for_the_next_letter():
    async def run(post):
        email = channel(post.port)
        answers = [(await email.send(MAIL)).sent for _ in range(4)]
        await email.close()
        return answers

    with mail_server(Post(answers={"RCPT": ["550 no", "250 OK", "451 later"]})) as post:
        assert asyncio.run(run(post)) == [Sent.REFUSED, Sent.ACCEPTED, Sent.FAILED, Sent.ACCEPTED]
    assert post.connections == 1 and len(post.letters) == 2


def test_each_loop_gets_its_own_connections():
    with mail_server() as post:
        email = channel(post.port)
        for _ in range(2):
            assert asyncio.run(email.send(MAIL)).sent is Sent.ACCEPTED
    assert len(post.letters) == 2


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b.cn\r\nRCPT TO:<c@d.cn>", "a@b.cn, c@d.cn", "A <a@b.cn>", "中文@例子.cn"]
)
def test_what_is_no_address_is_refused_without_a_connection(address):
    with mail_server() as post:
        assert sent(post, message(address=address)).sent is Sent.REFUSED
        assert post.connections == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_a_title_cannot_become_a_header_nor_a_body_an_end(text):
    with mail_server() as post:
        answer = sent(post, message(address="li@example.com", title=text, body=text + "\r\n.\r\nMAIL FROM:<x@y.z>\r\n"))
        assert answer.sent is Sent.ACCEPTED
    (letter,) = post.letters
    assert sorted(letter.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "List-Id", "Content-Language", "Auto-Submitted"]
        + ["Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
    )
    assert post.envelopes == [("notice@utility.example", ["li@example.com"])]


@given(
    st.text(st.characters(exclude_categories=[]), max_size=60),
    st.text(st.characters(exclude_categories=[]), max_size=30),
)
def test_any_text_makes_one_letter(text, key):
    letter = composed(message(title=text, body=text, key=key), SENDER, "li@example.com", at=NOW)
    head, _, _ = letter.as_bytes().partition(b"\r\n\r\n")
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert len(names) == len(set(names)) == 11 and head.isascii()
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))


def test_login_and_starttls(tmp_path):
    options = {"tls_context": serving(tmp_path), "require_starttls": True, **LET_IN}
    with mail_server(**options) as post:
        trust = trusting(tmp_path)
        server = {
            "security": "starttls",
            "user": "everlit",
            "password": "p@ss/word",
            "host": "localhost",
            "trust": trust,
        }
        assert sent(post, **server).sent is Sent.ACCEPTED
        wrong = sent(post, **server | {"password": "other"})
        assert wrong.sent is Sent.FAILED and "other" not in wrong.detail
        unknown = sent(post, **server | {"trust": None})
        assert unknown.sent is Sent.FAILED
        assert sent(post, **server | {"security": "none", "user": "", "password": ""}).sent is Sent.FAILED
    assert len(post.letters) == 1


def test_starttls_is_demanded_from_a_server_that_does_not_offer_it():
    with mail_server() as post:
        assert sent(post, security="starttls").sent is Sent.FAILED
        assert not post.letters


def test_a_mail_server_cannot_be_asked():
    assert asyncio.run(channel(9).lookup(MAIL, "x")) is None
    assert channel(9).keyed is False
    assert "secret" not in repr(MailServer("h", 1, password="secret"))

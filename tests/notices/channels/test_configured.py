"""Settings of channels: what they build, and that a wrong one is named, in both languages, without its secret."""

import asyncio
from email.headerregistry import Address
from typing import Any

import pytest

from everlit.notices.channel import Sent
from everlit.notices.channels.configured import UnableToOpenChannels, channels_from
from tests.notices.channels.gateway import SECRET, gateway
from tests.notices.channels.mail_server import mail_server
from tests.notices.channels.messages import clock, message
from tests.notices.channels.smsc import smsc

MAIL = {
    "EVERLIT_MAIL_URL": "smtps://everlit:p%40ss@mail.example:4650",
    "EVERLIT_MAIL_FROM": "城北供电所 <notice@utility.example>",
}
SMPP = {
    "EVERLIT_SMS_URL": "smpp://everlit:hidden%21@smsc.example",
    "EVERLIT_SMS_SENDER": "95598",
    "EVERLIT_SMS_RATE": "200",
}
HTTP = {
    "EVERLIT_SMS_URL": "https://sms.example/v1/send",
    "EVERLIT_SMS_SECRET": "a secret of the two of us",
    "EVERLIT_SMS_KEYED": "yes",
}
HOOK = {
    "EVERLIT_WEBHOOK_HOSTS": "hooks.example, Property.Example:8443",
    "EVERLIT_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "EVERLIT_WEBHOOK_SOURCE": "urn:everlit:utility.example",
}


def built(*settings: dict[str, str]) -> dict[str, Any]:
    """The channels; Any, because some of these tests look inside."""
    return dict(channels_from({name: value for some in settings for name, value in some.items()}, clock=clock))


def refused(*settings) -> UnableToOpenChannels:
    with pytest.raises(UnableToOpenChannels) as refusal:
        built(*settings)
    return refusal.value


def test_without_settings_nothing_leaves_the_program():
    assert {name: channel.keyed for name, channel in built({"PATH": "/bin", "EVERLIT_MAIL_URL": " "}).items()} == {
        "inbox": True,
        "door": True,
    }


def test_all_of_them():
    made = built(MAIL, HTTP, HOOK)
    assert sorted(made) == ["door", "email", "inbox", "sms", "webhook"]
    assert {name for name, channel in made.items() if channel.keyed} == {"door", "inbox", "sms"}
    assert all(made[name].name == name for name in made)
    assert built(SMPP)["sms"].keyed is False


def test_what_a_mail_address_holds():
    email = built(MAIL)["email"]
    server = email._server
    assert (server.host, server.port, server.security, server.user, server.password) == (
        "mail.example", 4650, "tls", "everlit", "p@ss",
    )  # fmt: skip
    assert email._sender == Address("城北供电所", "notice", "utility.example") and server.trust is not None
    plain = built(MAIL | {"EVERLIT_MAIL_URL": "smtp://relay.example"})["email"]._server
    assert (plain.port, plain.security, plain.user) == (25, "none", "")


WRONG = [
    (MAIL | {"EVERLIT_MAIL_URL": "mail.example"}, "EVERLIT_MAIL_URL"),
    (MAIL | {"EVERLIT_MAIL_URL": "smtps://"}, "EVERLIT_MAIL_URL"),
    (MAIL | {"EVERLIT_MAIL_URL": "smtps://a:hidden@ho st"}, "EVERLIT_MAIL_URL"),
    (MAIL | {"EVERLIT_MAIL_URL": "smtps://a:hidden@host:99999"}, "EVERLIT_MAIL_URL"),
    (MAIL | {"EVERLIT_MAIL_URL": "smtp://a:hidden@relay.example"}, "EVERLIT_MAIL_URL"),
    (MAIL | {"EVERLIT_MAIL_FROM": "nobody"}, "EVERLIT_MAIL_FROM"),
    (MAIL | {"EVERLIT_MAIL_FROM": "a@b.cn, c@d.cn"}, "EVERLIT_MAIL_FROM"),
    (MAIL | {"EVERLIT_MAIL_FROM": "a <a@b.cn"}, "EVERLIT_MAIL_FROM"),
    (MAIL | {"EVERLIT_MAIL_FROM": "a@b.cn>"}, "EVERLIT_MAIL_FROM"),
    ({"EVERLIT_MAIL_URL": "smtps://h"}, "EVERLIT_MAIL_FROM"),
    (SMPP | {"EVERLIT_SMS_URL": "smpp://everlit:hidden-and-long@h"}, "EVERLIT_SMS_URL"),
    (SMPP | {"EVERLIT_SMS_SENDER": "供电所"}, "EVERLIT_SMS_URL"),
    (SMPP | {"EVERLIT_SMS_RATE": "many"}, "EVERLIT_SMS_RATE"),
    (SMPP | {"EVERLIT_SMS_RATE": "nan"}, "EVERLIT_SMS_RATE"),
    (SMPP | {"EVERLIT_SMS_RATE": "0"}, "EVERLIT_SMS_RATE"),
    (HTTP | {"EVERLIT_SMS_URL": "http://sms.example/"}, "EVERLIT_SMS_URL"),
    (HTTP | {"EVERLIT_SMS_URL": "ftp://sms.example/"}, "EVERLIT_SMS_URL"),
    (HTTP | {"EVERLIT_SMS_SECRET": "hidden"}, "EVERLIT_SMS_SECRET"),
    (HTTP | {"EVERLIT_SMS_SECRET": "whsec_hidden!"}, "EVERLIT_SMS_SECRET"),
    (HTTP | {"EVERLIT_SMS_KEYED": "maybe"}, "EVERLIT_SMS_KEYED"),
    (HOOK | {"EVERLIT_WEBHOOK_SECRET": ""}, "EVERLIT_WEBHOOK_SECRET"),
    (HOOK | {"EVERLIT_WEBHOOK_HOSTS": "https://hooks.example/"}, "EVERLIT_WEBHOOK_HOSTS"),
    (HOOK | {"EVERLIT_WEBHOOK_HOSTS": "h:0"}, "EVERLIT_WEBHOOK_HOSTS"),
    (HOOK | {"EVERLIT_WEBHOOK_SOURCE": "not a uri"}, "EVERLIT_WEBHOOK_SOURCE"),
]


@pytest.mark.parametrize(("settings", "name"), WRONG)
def test_a_wrong_setting_is_named_and_no_secret_repeated(settings, name):
    refusal = refused(settings)
    assert [finding.subject for finding in refusal.findings] == [name]
    (finding,) = refusal.findings
    assert name in finding.message.en and name in finding.message.zh and finding.message.en != finding.message.zh
    assert "hidden" not in f"{refusal}{finding.as_json()}"


def test_everything_wrong_is_said_at_once():
    refusal = refused({"EVERLIT_MAIL_URL": "x", "EVERLIT_SMS_URL": "x", "EVERLIT_WEBHOOK_HOSTS": "?"})
    assert [finding.subject for finding in refusal.findings] == [
        "EVERLIT_MAIL_URL", "EVERLIT_MAIL_FROM", "EVERLIT_SMS_URL", "EVERLIT_WEBHOOK_SECRET", "EVERLIT_WEBHOOK_HOSTS",
    ]  # fmt: skip


def test_a_message_goes_out_over_what_was_configured():
    async def work(settings, address: str, name: str) -> Sent:
        channel = built(settings)[name]
        try:
            return (await channel.send(message(address=address))).sent
        finally:
            await channel.close()

    with mail_server() as post:
        settings = {"EVERLIT_MAIL_URL": f"smtp://127.0.0.1:{post.port}", "EVERLIT_MAIL_FROM": "notice@utility.example"}
        assert asyncio.run(work(settings, "li@example.com", "email")) is Sent.ACCEPTED and post.letters
    with gateway() as here:
        settings = {"EVERLIT_SMS_URL": here.url, "EVERLIT_SMS_SECRET": SECRET.decode()}
        assert asyncio.run(work(settings, "13800138000", "sms")) is Sent.ACCEPTED and here.told
        settings = {"EVERLIT_WEBHOOK_HOSTS": f"127.0.0.1:{here.port}", "EVERLIT_WEBHOOK_SECRET": SECRET.decode()}
        assert asyncio.run(work(settings, here.url, "webhook")) is Sent.ACCEPTED

    async def short_message() -> Sent:
        async with smsc() as centre:
            return await work({"EVERLIT_SMS_URL": f"smpp://a:b@127.0.0.1:{centre.port}"}, "13800138000", "sms")

    assert asyncio.run(short_message()) is Sent.ACCEPTED

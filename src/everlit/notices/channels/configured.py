"""The channels that the settings name, built once. A wrong setting is a refusal that names it and never repeats a secret.

Without any setting there are the inbox and the door: nothing leaves the program until somebody says where to.

>>> from datetime import UTC, datetime
>>> clock = lambda: datetime(2026, 6, 1, tzinfo=UTC)
>>> sorted(channels_from({}, clock=clock))
['door', 'inbox']
>>> mail = {"EVERLIT_MAIL_URL": "smtps://mail.example", "EVERLIT_MAIL_FROM": "Supply <notice@utility.example>"}
>>> channels_from(mail, clock=clock)["email"].keyed
False
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from everlit.customers.model import CHANNELS
from everlit.kernel import Finding, Refusal, Text
from everlit.notices.channel import Opened
from everlit.notices.channels.clean import host, mailbox, one_line
from everlit.notices.channels.cloudevents import Webhook
from everlit.notices.channels.http_sms import HttpSms
from everlit.notices.channels.inbox import KeptHere
from everlit.notices.channels.not_opened import NotOpened
from everlit.notices.channels.rehearsal import FictionalGateway
from everlit.notices.channels.signature import secret_of
from everlit.notices.channels.smpp import Centre, Smpp
from everlit.notices.channels.smtp import Email, MailServer

MAIL = {"smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}
SMPP = {"smpp": 2775, "smpps": 3550}
YES, NO = frozenset({"1", "yes", "true", "on"}), frozenset({"", "0", "no", "false", "off"})
MOST_A_SECOND = 10_000
LEAVING = tuple(name for name in CHANNELS if name != "inbox")
"""Channels over which something leaves the program."""
REHEARSAL, ELSEWHERE = "EVERLIT_REHEARSAL", "EVERLIT_SENT_ELSEWHERE"


class UnableToOpenChannels(Refusal):
    """A setting of a channel makes no sense."""

    title = Text(en="The channels of notices could not be opened.", zh="通知渠道无法打开。")


def channels_from(environment: Mapping[str, str], *, clock: Callable[[], datetime]) -> dict[str, Opened]:
    """The channels by name, from the settings in docs/reference/settings.md; raises UnableToOpenChannels."""
    read = _Settings(environment)
    found: list[Opened | None] = [KeptHere("inbox"), KeptHere("door")]
    if read.text(REHEARSAL):
        found += [FictionalGateway(name, read.text(REHEARSAL)) for name in LEAVING]
        return {channel.name: channel for channel in found if channel is not None}
    if read.text("EVERLIT_MAIL_URL"):
        found.append(_mail(read, clock))
    if read.text("EVERLIT_SMS_URL"):
        found.append(_sms(read, clock))
    if read.text("EVERLIT_WEBHOOK_HOSTS"):
        found.append(_webhook(read, clock))
    if read.findings:
        raise UnableToOpenChannels(*read.findings)
    return {channel.name: channel for channel in found if channel is not None}


def unopened(environment: Mapping[str, str], opened: Mapping[str, Opened]) -> list[Opened]:
    """Stand-ins for the channels that neither these settings nor another sender opens; raises UnableToOpenChannels.

    >>> clock = lambda: datetime(2026, 6, 1)
    >>> [one.name for one in unopened({"EVERLIT_SENT_ELSEWHERE": "sms"}, channels_from({}, clock=clock))]
    ['email', 'webhook']
    """
    read = _Settings(environment)
    names = {name.strip() for name in read.text(ELSEWHERE).split(",") if name.strip()}
    if names - set(LEAVING):
        read.wrong(ELSEWHERE, f"names of {', '.join(LEAVING)}", f"应为 {'、'.join(LEAVING)} 中的名称")
        raise UnableToOpenChannels(*read.findings)
    return [NotOpened(name) for name in LEAVING if name not in opened and name not in names]


def report_secrets(environment: Mapping[str, str]) -> dict[str, bytes]:
    """The secrets with which a gateway signs what it reports of itself, by channel; only gateways over HTTP report so."""
    names = {
        "sms": ("EVERLIT_SMS_URL", "EVERLIT_SMS_SECRET"),
        "webhook": ("EVERLIT_WEBHOOK_HOSTS", "EVERLIT_WEBHOOK_SECRET"),
    }
    read = _Settings(environment)
    found = {
        channel: read.secret(secret)
        for channel, (place, secret) in names.items()
        if read.text(place) and not read.text(place).startswith(tuple(SMPP))
    }
    return {channel: secret for channel, secret in found.items() if secret}


def _mail(read: "_Settings", clock: Callable[[], datetime]) -> Opened | None:
    url, sender = read.url("EVERLIT_MAIL_URL", tuple(MAIL)), _sender(read)
    if url is None or sender is None:
        return None
    security, port = MAIL[url.scheme]
    if security == "none" and url.username and not _here(url):
        read.wrong(
            "EVERLIT_MAIL_URL",
            "a login is sent over TLS only: smtps or smtp+starttls",
            "登录须经TLS：smtps 或 smtp+starttls",
        )
        return None
    trust = ssl.create_default_context() if security != "none" else None
    user, password = unquote(url.username or ""), unquote(url.password or "")
    return Email(MailServer(url.hostname or "", url.port or port, security, user, password, trust), sender, clock=clock)


def _sender(read: "_Settings") -> Address | None:
    given = read.text("EVERLIT_MAIL_FROM")
    name, bracket, address = given.removesuffix(">").rpartition("<")
    sender = mailbox(name.strip(' "'), address) if given.endswith(">") == bool(bracket) else None
    if sender is None:
        read.wrong("EVERLIT_MAIL_FROM", "no sender: Name <address@domain>", "缺少发件人：名称 <地址@域名>")
    return sender


def _sms(read: "_Settings", clock: Callable[[], datetime]) -> Opened | None:
    url = read.url("EVERLIT_SMS_URL", (*SMPP, "https", "http"))
    sender = one_line(read.text("EVERLIT_SMS_SENDER"), 20)
    if url is None:
        return None
    if url.scheme in SMPP:
        return _smpp(read, url, sender, clock)
    secret, keyed = read.secret("EVERLIT_SMS_SECRET"), read.yes("EVERLIT_SMS_KEYED")
    if url.scheme == "http" and not _here(url):
        read.wrong("EVERLIT_SMS_URL", "messages leave this machine over https only", "短信须经https发出")
    return HttpSms(url.geturl(), secret, clock=clock, sender=sender, keyed=keyed) if secret else None


def _smpp(read: "_Settings", url: SplitResult, sender: str, clock: Callable[[], datetime]) -> Opened | None:
    centre = Centre(
        url.hostname or "",
        url.port or SMPP[url.scheme],
        unquote(url.username or ""),
        unquote(url.password or ""),
        trust=ssl.create_default_context() if url.scheme == "smpps" else None,
    )
    rate = read.rate("EVERLIT_SMS_RATE", 50.0)
    try:
        return Smpp(centre, clock=clock, sender=sender, rate=rate)
    except ValueError:
        en, zh = (
            "the login (15 and 8 letters) or the sender (20) does not fit SMPP",
            "登录名(15)、密码(8)或发送号码(20)超出SMPP长度",
        )
        read.wrong("EVERLIT_SMS_URL", en, zh)
        return None


def _webhook(read: "_Settings", clock: Callable[[], datetime]) -> Opened | None:
    secret, keyed = read.secret("EVERLIT_WEBHOOK_SECRET"), read.yes("EVERLIT_WEBHOOK_KEYED")
    hosts = [name.strip().lower() for name in read.text("EVERLIT_WEBHOOK_HOSTS").split(",") if name.strip()]
    source = read.text("EVERLIT_WEBHOOK_SOURCE") or "urn:everlit"
    wrong = [name for name in hosts if not _host_and_port(name)]
    if wrong:
        read.wrong(
            "EVERLIT_WEBHOOK_HOSTS", f"no host: {one_line(wrong[0], 60)}", f"不是主机名：{one_line(wrong[0], 60)}"
        )
    if not (source.isascii() and source.isprintable()) or " " in source:
        read.wrong("EVERLIT_WEBHOOK_SOURCE", "no URI", "不是URI")
    return Webhook(secret, frozenset(hosts), source=source, clock=clock, keyed=keyed) if secret else None


def _host_and_port(name: str) -> bool:
    before, colon, port = name.partition(":")
    return host(before) is not None and (not colon or (port.isdigit() and 0 < int(port[:6]) < 65536))


def _here(url: SplitResult) -> bool:
    """True for this machine."""
    name = url.hostname or ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class _Settings:
    """The environment under check: what is wrong is noted down, in both languages and without the value."""

    environment: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)

    def wrong(self, name: str, en: str, zh: str) -> None:
        self.findings.append(Finding("channel.setting", name, Text(f"{name}: {en}.", f"{name}：{zh}。")))

    def text(self, name: str) -> str:
        return self.environment.get(name, "").strip()

    def url(self, name: str, schemes: tuple[str, ...]) -> SplitResult | None:
        value = self.text(name)
        try:
            parts = urlsplit(value)
            good = parts.scheme in schemes and host(parts.hostname or "") is not None and parts.port != 0
        except ValueError:
            good = False
        if not (good and value.isascii() and value.isprintable()):
            self.wrong(name, f"no address {'://…, '.join(schemes)}://…", f"不是地址 {'://…、'.join(schemes)}://…")
            return None
        return parts

    def secret(self, name: str) -> bytes:
        value = self.text(name)
        try:
            secret = secret_of(value)
        except ValueError:
            secret = b""
        if len(secret) < 16:
            self.wrong(name, "no secret of 16 octets or more", "密钥须至少16字节")
            return b""
        return secret

    def yes(self, name: str) -> bool:
        value = self.text(name).lower()
        if value not in YES | NO:
            self.wrong(name, "yes or no", "应为 yes 或 no")
        return value in YES

    def rate(self, name: str, otherwise: float) -> float:
        value = self.text(name)
        try:
            rate = float(value) if value else otherwise
        except ValueError:
            rate = 0.0
        if not 0 < rate <= MOST_A_SECOND:
            self.wrong(
                name, f"a rate above 0, at most {MOST_A_SECOND} a second", f"速率应大于0且不超过每秒{MOST_A_SECOND}条"
            )
            return otherwise
        return rate

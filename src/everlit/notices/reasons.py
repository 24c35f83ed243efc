"""Why a channel did not take a message (未送达原因), in both languages; a gateway's own words stay as it said them.

>>> reason("channel not set up").zh, reason("550 no such user").zh
('渠道未开通', '550 no such user')
"""

from collections.abc import Mapping

from everlit.kernel import Text
from everlit.notices.channels.not_opened import REASON
from everlit.notices.channels.rehearsal import GONE

WAYS: Mapping[str, Text] = {
    "sms": Text("text message", "短信"),
    "email": Text("e-mail", "电子邮件"),
    "webhook": Text("webhook", "网络回调"),
    "inbox": Text("web inbox", "站内信箱"),
    "door": Text("at the door", "张贴"),
}
_KNOWN: Mapping[str, Text] = {
    REASON: Text(REASON, "渠道未开通"),
    "channel at rest": Text("channel at rest", "渠道暂停"),
    "no address on this channel": Text("no address on this channel", "无该渠道地址"),
    GONE: Text(GONE, "虚构：空号"),
    "in doubt when corrected": Text("in doubt when corrected", "更正时状态不明"),
    "in doubt to the end": Text("in doubt to the end", "至截止仍状态不明"),
    "in doubt, sent again": Text("in doubt, sent again", "状态不明，已重发"),
    "refused": Text("refused", "被拒绝"),
    "given_up": Text("given up", "已放弃"),
    "expired": Text("too late to be of use", "已过期"),
}


def reason(detail: str) -> Text:
    """What an outbox noted, as people read it."""
    return _KNOWN.get(detail, Text(detail, detail))


def way(channel: str) -> Text:
    """What a channel is called."""
    return WAYS.get(channel, Text(channel, channel))


def tried(ways: Mapping[str, str]) -> Text:
    """Every way that was tried and why it failed.

    >>> tried({"sms": "channel not set up", "door": "no address on this channel"}).en
    'text message: channel not set up; at the door: no address on this channel'
    """
    said = [(way(channel), reason(why)) for channel, why in ways.items()]
    return Text(
        "; ".join(f"{name.en}: {why.en}" for name, why in said), "；".join(f"{name.zh}：{why.zh}" for name, why in said)
    )

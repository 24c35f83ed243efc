"""The words of the monthly report in both languages, and which figures it shows, in which order."""

from collections.abc import Mapping

from everlit.kernel import Text
from everlit.reliability.model import Base

HEADING = Text("Reliability report", "供电可靠性月报")
FOOTER = Text("Computed by Everlit from the outage ledger", "长明根据停电台账生成")
TILES = ("SAIDI-1", "SAIFI-1", "ASAI-1", "TH-1")
"""The four figures at the top: DL/T 836, MV statistic units."""
DLT_SHOWN = (
    "TH-1", "TH-F", "TH-S", "SAIDI-1", "SAIDI-2", "SAIDI-3", "SAIDI-4", "SAIDI-F", "SAIDI-S", "SAIFI-1", "SAIFI-4",
    "ASAI-1", "ASAI-4", "CAIDI-1", "CTAIDI-1", "CAIFI-1", "MAIFI", "CEMI_3", "CELID_S",
)  # fmt: skip
IEEE_SHOWN = (
    "CI", "CMI", "SAIFI", "SAIDI", "CAIDI", "CTAIDI", "CAIFI", "ASAI", "MAIFI", "MAIFI_E", "CEMI_3", "CEMSMI_3",
    "CELID_S", "CELID_T",
)  # fmt: skip
BASES_SHOWN = (Base.UNITS, Base.HOUSEHOLDS, Base.KVA)
MOST_FEEDERS, MOST_EVENTS, MOST_CHANGES = 10, 10, 30

REPORT_WORDS: Mapping[str, Text] = {
    "dlt": Text("DL/T 836, longer than 3 min is sustained", "DL/T 836 指标(持续停电大于3分钟)"),
    "ieee": Text(
        "IEEE 1366 on MV statistic units, longer than 5 min is sustained",
        "IEEE 1366 指标(中压统计单位,持续停电大于5分钟)",
    ),
    "months": Text("Customer-hours by month", "各月停电时户数"),
    "days": Text("Daily SAIDI of the month, min per MV unit", "当月每日平均停电时间(分钟/中压户)"),
    "causes": Text("Customer-hours by cause", "按停电原因的停电时户数"),
    "feeders": Text("Feeders by customer-hours", "停电时户数最多的线路"),
    "events": Text("Events by customer-hours", "停电时户数最多的事件"),
    "budget": Text("Customer-hour budget of the month", "当月时户数预算"),
    "management": Text("Management indices the ledger tells", "台账管理指标"),
    "repeats": Text("Frequently interrupted, year to date", "年初至今频繁停电"),
    "changes": Text("What would be different now", "封账后的数据变化"),
    "fault": Text("fault", "故障"),
    "arranged": Text("pre-arranged", "预安排"),
    "index": Text("index", "指标"),
    "unit": Text("unit", "单位"),
    "month": Text("month", "本月"),
    "year": Text("year to date", "年累计"),
    "feeder": Text("feeder", "线路"),
    "event": Text("event", "事件"),
    "nature": Text("nature", "停电性质"),
    "cause": Text("cause", "停电原因"),
    "customers": Text("customers", "户数"),
    "hours": Text("customer-hours", "时户数"),
    "team": Text("operating unit", "运维单位"),
    "budgeted": Text("budget", "预算"),
    "used": Text("used", "已用"),
    "committed": Text("committed", "已占"),
    "left": Text("left", "剩余"),
    "value": Text("value", "值"),
    "of": Text("of", "分子/分母"),
    "users": Text("frequent users", "频繁停电用户"),
    "area": Text("area class", "地区特征"),
    "before": Text("reported", "封账值"),
    "after": Text("now", "现值"),
    "none": Text("none", "无"),
}

NOTES: tuple[Text, ...] = (
    Text(
        "An interruption belongs whole to the day it began. Rows of one event that follow within the sustained limit are one interruption.",
        "一次停电全部计入其开始之日;同一事件内间隔不超过持续停电界限的多段停电计为一次。",
    ),
    Text(
        "Limit of major event days: exp(α + 2.5 β) of the daily SAIDI of the years before.",
        "重大事件日界限值取以往年份每日平均停电时间的 exp(α + 2.5 β)。",
    ),
)


UNITS: Mapping[str, str] = {
    "h": "小时", "min": "分钟", "times": "次", "p.u.": "比率", "%": "%", "kVA·h": "kVA·h",
}  # fmt: skip
"""Units as the Chinese report writes them."""


def unit_word(unit: str, language: str) -> str:
    """A unit in one language."""
    return UNITS.get(unit, unit) if language.startswith("zh") else unit


def said(key: str, language: str) -> str:
    """A word of the report in one language."""
    return REPORT_WORDS[key].in_language(language)


def figure(key: str, unit: str, value: float | None) -> str:
    """A figure as it is published: hours and shares with four decimals, times with three, minutes and sums with two.

    >>> figure("SAIDI-1", "h", 5.346667), figure("ASAI", "%", 99.9389649), figure("SAIFI", "times", 4.1)
    ('5.3467', '99.9390', '4.100')
    >>> figure("TH-1", "h", 1053.46667), figure("CAIDI", "min", None)
    ('1,053.47', '–')
    """
    if value is None:
        return "–"
    summed = key.startswith(("TH", "CI", "CMI"))
    decimals = 2 if summed else {"h": 4, "%": 4, "p.u.": 4, "times": 3}.get(unit, 2)
    return f"{value:,.{decimals}f}"

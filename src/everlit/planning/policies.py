"""The planning thresholds (规则登记表): one row each, with the document it comes from and how sure we are of it.

The seed is `policies.csv`, after the register of the domain reference. A row of confidence "G?" is shipped so that the
product works, but nobody has checked it against a text: it is shown as unverified, and every utility replaces it. A
province's or a company's stricter number is a row in place of the national one, never code:

>>> day = date(2026, 6, 1)
>>> policies = with_overrides(DEFAULT_POLICIES, PROVINCE_EXAMPLE)
>>> policies.value("notice.planned", on=day), policies.row("notice.planned", on=day).jurisdiction
(10.0, 'CN-EXAMPLE')
>>> DEFAULT_POLICIES.row("approve.ladder.1", on=day).verified
False
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import files

from everlit.kernel import Hardness, Period, Policies, Policy, Refusal, Text
from everlit.kernel.policy import register
from everlit.kernel.policy_range import unusable
from everlit.ledger.policies import LEDGER_POLICIES
from everlit.notices.policies import NOTICE_POLICIES
from everlit.planning.model import ProtectedPeriod
from everlit.reliability.policies import RELIABILITY_POLICIES
from everlit.switching.limits import TRANSFER_POLICIES
from everlit.switching.policies import SWITCHING_POLICIES

DEFAULT_POLICIES = (
    SWITCHING_POLICIES.replaced(TRANSFER_POLICIES.rows)
    .replaced(LEDGER_POLICIES.rows)
    .replaced(RELIABILITY_POLICIES.rows)
    .replaced(NOTICE_POLICIES.rows)
    .replaced(register((files("everlit.planning") / "policies.csv").read_text("utf-8")))
)
"""The planning register over the rows of switching, ledger, reliability and notices: everything an assessment may cite."""

PROVINCE_EXAMPLE = (
    Policy(
        "notice.planned",
        10.0,
        "d",
        ">=",
        Text("days of public notice, example province", "计划停电公告天数(示例省份)"),
        Hardness.LEGAL,
        "CN-EXAMPLE",
        "an invented provincial rule, to show a replacement",
        "G?",
    ),
)
"""A made-up stricter province, to show how a row is replaced. No real province is meant."""


CONFIDENCES = ["V1", "V2", "C", "G", "G?"]
"""Read in the text of the document, in a quotation of it, in several reports, in general practice, in none."""


def with_overrides(policies: Policies, rows: Iterable[Policy]) -> Policies:
    """`policies` with local rows in place of the national rows of the same keys."""
    return policies.replaced(rows)


class UnableToSetPolicy(Refusal):
    """A threshold is a number that means something in the unit of its row."""

    title = Text(en="The rule cannot be set.", zh="规则无法设置。")


def local_row(
    policies: Policies, key: str, *, value: float, since: date, document: str = "", confidence: str = "G?"
) -> Policy:
    """The row of `key` with another number from day `since` on: what it measures and how hard it is stay as they are.

    Raises UnableToFindPolicy, and UnableToSetPolicy for a number that means nothing in its unit.

    >>> row = local_row(DEFAULT_POLICIES, "notice.planned", value=10, since=date(2026, 6, 1), document="our province")
    >>> row.value, row.unit, row.hardness.value, row.jurisdiction, row.document
    (10, 'd', 'legal', 'local', 'our province')
    """
    row = replace(
        policies.row(key, on=since),
        value=value,
        jurisdiction="local",
        document=document or "local rule",
        confidence=confidence,
        valid_from=since,
        valid_to=None,
    )
    if wrong := unusable(row):
        raise UnableToSetPolicy(wrong)
    return row


def unverified(policies: Policies) -> list[Policy]:
    """The rows nobody has checked against a text, for the settings page."""
    return [row for row in policies.rows if not row.verified]


def in_force(policies: Policies, *, on: date) -> dict[str, Policy]:
    """The newest row of every key in force on `on`."""
    keys = dict.fromkeys(row.key for row in policies.rows)
    return {key: policies.row(key, on=on) for key in keys if policies.all(key, on=on)}


def protected_calendar(year: int) -> tuple[ProtectedPeriod, ...]:
    """The protected periods that fall on fixed days of every year: entrance examination, Labour Day, National Day.

    Festivals by the lunar calendar, elections and weather warnings are entered by the utility.

    >>> [period.key for period in protected_calendar(2026)]
    ['exam.gaokao', 'holiday.labour', 'holiday.national']
    """

    def period(key: str, name: Text, month: int, first: int, after: int) -> ProtectedPeriod:
        # local midnight in China is 16:00 UTC of the day before
        start, end = (datetime(year, month, day, tzinfo=UTC).timestamp() - 8 * 3600 for day in (first, after))
        return ProtectedPeriod(key, name, Period(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)))

    return (
        period("exam.gaokao", Text("college entrance examination", "高考"), 6, 7, 10),
        period("holiday.labour", Text("Labour Day", "劳动节"), 5, 1, 4),
        period("holiday.national", Text("National Day", "国庆节"), 10, 1, 8),
    )

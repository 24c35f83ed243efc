"""What people type into the pages' own forms (表单取值): an instant, a number, a choice; nonsense is a refusal, never a fault."""

from datetime import datetime, tzinfo
from enum import StrEnum
from typing import TypeVar

from everlit.api.context import reachable
from everlit.kernel import Finding, Refusal, Text

Choice = TypeVar("Choice", bound=StrEnum)
MOST_SHOWN, MOST_DIGITS = 40, 9


class UnableToReadForm(Refusal):
    """A field of the form holds what it cannot mean."""

    title = Text(en="The form cannot be read.", zh="表单无法读取。")


def instant(text: str, zone: tzinfo) -> datetime | None:
    """A local time as the page's own field sends it, None when it is empty; one with an offset keeps it.

    Raises UnableToReadForm for what is no time, or lies in a year beyond reason.

    >>> from datetime import UTC
    >>> instant("2026-06-01T08:00", UTC), instant("", UTC)
    (datetime.datetime(2026, 6, 1, 8, 0, tzinfo=datetime.timezone.utc), None)
    """
    if not text:
        return None
    try:
        at = reachable(datetime.fromisoformat(text))
    except ValueError:
        raise _refused("at", text, "no time within reason", "有效时间") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def whole(name: str, text: str) -> int:
    """A whole number that is not negative; raises UnableToReadForm."""
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise _refused(name, text, "no whole number", "整数")
    return int(text)


def chosen(name: str, text: str, kind: type[Choice]) -> Choice:
    """One word of a closed list; raises UnableToReadForm."""
    if text not in set(kind):
        raise _refused(name, text, f"none of {', '.join(kind)}", f"{'、'.join(kind)} 之一")
    return kind(text)


def _refused(name: str, text: str, en: str, zh: str) -> UnableToReadForm:
    shown = text[:MOST_SHOWN]
    words = Text(f"{name} is {en}: {shown}", f"{name} 不是{zh}:{shown}")
    return UnableToReadForm(Finding(f"form.{name}", name, words, {"value": shown}))

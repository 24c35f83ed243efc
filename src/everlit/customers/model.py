"""The nouns of customers: accounts, ways to reach somebody, and who else receives what is said to an account."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from everlit.grid import Importance

CHANNELS = ("sms", "email", "webhook", "inbox")
"""Ways that need an address. The door (`DOOR`) needs none: whoever cannot be reached otherwise gets a paper there."""
DOOR = "door"


class AccountKind(StrEnum):
    """What an account uses electricity for (用电类别)."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    INDUSTRIAL = "industrial"
    PUBLIC = "public"
    AGRICULTURAL = "agricultural"


class ContactRole(StrEnum):
    """What a person is to the accounts they receive for: the holder (户主), or a delegate (代收人)."""

    HOLDER = "holder"
    PROPERTY_MANAGER = "property_manager"
    FAMILY = "family"
    DUTY_PHONE = "duty_phone"


class Priority(IntEnum):
    """Who is told first (通知优先级); lower goes first."""

    LIFE_SUPPORT = 0
    IMPORTANT = 1
    SENSITIVE = 2
    ORDINARY = 3


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach a person: channel, address, and whether they agreed to be reached so."""

    channel: str
    address: str
    consent: bool = True

    def as_json(self) -> dict[str, Any]:
        """As the store keeps it."""
        return {"channel": self.channel, "address": self.address, "consent": self.consent}


@dataclass(frozen=True, slots=True)
class Quiet:
    """Quiet hours (免打扰时段): local minutes of the day [from_minute, to_minute), over midnight when from > to."""

    from_minute: int
    to_minute: int

    def minutes_left(self, minute: int) -> int:
        """Minutes until the quiet ends, 0 outside of it.

        >>> night = Quiet(22 * 60, 7 * 60)
        >>> night.minutes_left(23 * 60), night.minutes_left(6 * 60 + 30), night.minutes_left(7 * 60)
        (480, 30, 0)
        """
        length = (self.to_minute - self.from_minute) % 1440
        into = (minute - self.from_minute) % 1440
        return length - into if into < length else 0


@dataclass(frozen=True, slots=True)
class Contact:
    """A person with their ways, most preferred first."""

    name: str
    role: ContactRole = ContactRole.HOLDER
    language: str = "zh"
    ways: tuple[Way, ...] = ()
    quiet: Quiet | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels the person agreed to, most preferred first; the door comes after all of them."""
        return (*dict.fromkeys(way.channel for way in self.ways if way.consent), DOOR)

    def address(self, channel: str) -> str:
        """The address on a channel, empty when there is none or no consent."""
        return next((way.address for way in self.ways if way.channel == channel and way.consent), "")


@dataclass(frozen=True, slots=True)
class Account:
    """One customer of the utility (户): where it hangs, how sure that is, how important it is, and its holder.

    `link_probability` is how sure it is that the account hangs at `consumer_id`; `possible` are the other places where
    it may hang instead, with their probabilities (户变关系存疑).
    """

    account_id: str
    consumer_id: str
    holder: Contact
    address: str = ""
    kind: AccountKind = AccountKind.RESIDENTIAL
    importance: Importance = Importance.ORDINARY
    life_support: bool = False
    usage_point_id: str = ""
    link_probability: float = 1.0
    possible: tuple[tuple[str, float], ...] = ()

    @property
    def priority(self) -> Priority:
        """Life support before importance before everybody else (domain rule 13, 客户细分)."""
        if self.life_support:
            return Priority.LIFE_SUPPORT
        if self.importance >= Importance.TEMPORARY:
            return Priority.IMPORTANT
        return Priority.SENSITIVE if self.importance is Importance.SENSITIVE else Priority.ORDINARY


@dataclass(frozen=True, slots=True)
class Delegate:
    """A person who receives for several accounts (代收人): one message for all of them."""

    contact_id: str
    contact: Contact
    account_ids: tuple[str, ...]

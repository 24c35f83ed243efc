"""Made-up customers for any network (虚构客户): nobody in them exists, and nobody can be reached by mistake.

Names say "fictional". Telephone numbers begin with +999, a country code that no country has; mail addresses end in
`.invalid`, a domain that never exists (RFC 2606). A seed and the network are the only input.

>>> from everlit.grid.synthetic import random_network
>>> accounts, delegates = fictional_customers(random_network(7), seed=1)
>>> accounts[0].holder.name, accounts[0].holder.ways[0].address
('虚构住户 000001', 'resident-1@example.invalid')
>>> {delegate.contact.role.value for delegate in delegates} <= {"property_manager", "family", "duty_phone"}
True
"""

from typing import Any

import numpy as np

from everlit.customers.model import Account, AccountKind, Contact, ContactRole, Delegate, Quiet, Way
from everlit.grid import Importance, Network

NIGHT = Quiet(22 * 60, 7 * 60)
MANAGED = 0.2
"""Share of the loads with many households whose property manager receives too."""


def fictional_customers(
    network: Network, *, seed: int = 1, most_per_load: int = 1_000
) -> tuple[list[Account], list[Delegate]]:
    """One account for each household of each load (at most `most_per_load`), property managers, family, duty phones.

    Importance and life support are those of the network's usage points; one account in a hundred is recorded at a load
    it hangs on with a probability below one, and may hang on the next load instead.
    """
    rng = np.random.default_rng(seed)
    loads = network.tables["consumers"].select(["consumer_id", "households"]).to_pylist()
    points: dict[str, list[dict[str, Any]]] = {}
    for row in network.tables["usage_points"].to_pylist():
        points.setdefault(row["consumer_id"], []).append(row)
    accounts: list[Account] = []
    delegates: list[Delegate] = []
    for index, load in enumerate(loads):
        name = load["consumer_id"]
        count = max(1, len(points.get(name, ())), min(int(load["households"] or 1), most_per_load))
        other = loads[index + 1]["consumer_id"] if index + 1 < len(loads) else ""
        known = points.get(name, [])
        mine = [
            _account(rng, len(accounts) + number, name, known[number] if number < len(known) else None, other)
            for number in range(count)
        ]
        accounts.extend(mine)
        delegates.extend(_delegates(rng, mine, len(delegates)))
    return accounts, delegates


def _account(rng: np.random.Generator, before: int, load: str, point: dict[str, Any] | None, other: str) -> Account:
    number = before + 1
    grade = Importance[str(point["importance"]).upper()] if point else Importance.ORDINARY
    kind = AccountKind.RESIDENTIAL if grade <= Importance.SENSITIVE else AccountKind.INDUSTRIAL
    draw = rng.random(4)
    language = "en" if draw[0] < 0.05 else "zh"
    name = f"Fictional resident {number:06d}" if language == "en" else f"虚构住户 {number:06d}"
    sms, mail = Way("sms", f"+999{number:08d}"), Way("email", f"resident-{number}@example.invalid")
    ways = (sms, mail) if draw[1] < 0.7 else (sms,) if draw[1] < 0.9 else (mail, sms) if draw[1] < 0.98 else ()
    unsure = bool(other) and draw[2] < 0.01
    return Account(
        f"F{number:09d}",
        load,
        Contact(name, ContactRole.HOLDER, language, ways, NIGHT if draw[3] < 0.5 else None),
        f"虚构路 {number // 40 + 1} 号 {number % 40 + 1} 室",
        kind,
        grade,
        bool(point and point["life_support"]),
        point["usage_point_id"] if point else "",
        0.8 if unsure else 1.0,
        ((other, 0.2),) if unsure else (),
    )


def _delegates(rng: np.random.Generator, mine: list[Account], before: int) -> list[Delegate]:
    """A property manager for some large loads, family for some life support, a duty phone for the important ones."""
    found = []
    names = tuple(account.account_id for account in mine)
    if len(mine) >= 10 and rng.random() < MANAGED:
        found.append(_delegate(before + 1, ContactRole.PROPERTY_MANAGER, "虚构物业", names))
    for account in mine:
        if account.life_support:
            found.append(_delegate(before + len(found) + 1, ContactRole.FAMILY, "虚构家属", (account.account_id,)))
        elif account.importance >= Importance.TEMPORARY:
            found.append(_delegate(before + len(found) + 1, ContactRole.DUTY_PHONE, "虚构值班", (account.account_id,)))
    return found


def _delegate(number: int, role: ContactRole, name: str, accounts: tuple[str, ...]) -> Delegate:
    way = Way("sms", f"+9999{number:07d}")
    return Delegate(f"D{number:07d}", Contact(f"{name} {number:04d}", role, "zh", (way,)), accounts)

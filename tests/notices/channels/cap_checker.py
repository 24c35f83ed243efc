"""A checker of CAP 1.2 messages that reads its rules from the table restated from the standard."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

CASES = Path(__file__).resolve().parents[2] / "cases" / "notices" / "cap12"
NAMESPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"
MOST = {"!": 1, "?": 1, "*": None, "+": None}
TOKEN = r"[^\s,<&]+"
TIME = r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d"


class Rule(NamedTuple):
    element: str
    occurs: str
    kinds: tuple[str, ...]


def rules() -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for line in (CASES / "structure.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            parent, element, occurs, *kinds = line.split()
            found.setdefault(parent, []).append(Rule(element, occurs, tuple(kinds)))
    return found


RULES = rules()


def pair(text: str) -> bool:
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)", text)
    return found is not None and abs(float(found[1])) <= 90 and abs(float(found[2])) <= 180


def polygon(text: str) -> bool:
    pairs = text.split(" ")
    return len(pairs) >= 4 and pairs[0] == pairs[-1] and all(map(pair, pairs))


def circle(text: str) -> bool:
    centre, _, radius = text.partition(" ")
    return pair(centre) and bool(re.fullmatch(r"\d+(\.\d+)?", radius))


FORMS: Mapping[str, Callable[[str], object]] = {
    "string": lambda text: True,
    "token": re.compile(TOKEN).fullmatch,
    "dateTime": re.compile(TIME).fullmatch,
    "language": re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*").fullmatch,
    "references": re.compile(rf"{TOKEN},{TOKEN},{TIME}( {TOKEN},{TOKEN},{TIME})*").fullmatch,
    "polygon": polygon,
    "circle": circle,
}


def faults(document: bytes) -> list[str]:
    """What is wrong with a message; nothing when it is as the standard says."""
    root = ElementTree.fromstring(document)
    if root.tag != f"{NAMESPACE}alert":
        return [f"the root is {root.tag}"]
    found = list(_content(root, "alert"))
    kind = root.findtext(f"{NAMESPACE}msgType")
    if kind in ("Update", "Cancel", "Ack", "Error") and root.find(f"{NAMESPACE}references") is None:
        found.append(f"{kind} without references")
    return found


def _content(node: ElementTree.Element, kind: str) -> list[str]:
    names = [child.tag.removeprefix(NAMESPACE) for child in node]
    known = [rule.element for rule in RULES[kind]]
    found = [f"{kind} has {name}" for name in names if name not in known]
    order = [known.index(name) for name in names if name in known]
    found += [f"{kind}: out of order"] if order != sorted(order) else []
    for rule in RULES[kind]:
        children = node.findall(NAMESPACE + rule.element)
        least, most = int(rule.occurs in "!+"), MOST[rule.occurs]
        if len(children) < least or (most is not None and len(children) > most):
            found.append(f"{kind}: {len(children)} {rule.element}")
        for child in children:
            found += _value(child, rule)
    return found


def _value(node: ElementTree.Element, rule: Rule) -> list[str]:
    (first, *_) = rule.kinds
    if first in RULES:
        return _content(node, first)
    text = node.text or ""
    good = text in rule.kinds if first not in FORMS else FORMS[first](text)
    return [] if good and not len(node) else [f"{rule.element}: {text[:60]!r}"]

"""Every page of the documentation: its examples run, its links lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.examples import ROOT, failures, pages

LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)|!\[[^\]]*\]\((?P<picture>[^)\s]+)\)")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=name)
def test_examples_print_what_the_page_says(page):
    complaints = failures(page)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("page", pages(), ids=name)
def test_links_lead_somewhere(page):
    text = re.sub(r"(?ms)^ *```.*?^ *```", "", page.read_text(encoding="utf-8"))
    targets = [match["target"] or match["picture"] for match in LINK.finditer(text)]
    local = [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]
    assert not [target for target in local if target and not (page.parent / target).exists()]


def test_every_setting_is_documented_and_every_documented_setting_exists():
    setting = re.compile(r"\bEVERLIT_[A-Z][A-Z_]+[A-Z]\b")
    code = [path for folder in ("src", "scripts") for path in (ROOT / folder).rglob("*.py")]
    used = {name for path in [*code, ROOT / "run"] for name in setting.findall(path.read_text(encoding="utf-8"))}
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    assert used == set(setting.findall(page))

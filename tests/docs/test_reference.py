"""The reference pages say what the program says of itself, and nothing in it is without words."""

import pytest
import typer

from everlit.api import create_api
from everlit.app import SHIPPED_POLICIES
from everlit.cli.main import application
from tests.docs.reference import FOLDER, PAGES, leaves


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_what_the_program_says(page):
    written = (FOLDER / page).read_text(encoding="utf-8")
    assert written == PAGES[page](), "run `python -m tests.docs.reference`"


@pytest.mark.parametrize(("path", "command"), list(leaves(typer.main.get_command(application))), ids=str)
def test_every_command_and_option_is_explained(path, command):
    assert command.help
    assert not [one.name for one in command.params if not one.help]


def test_every_operation_is_explained():
    for methods in create_api(None).openapi()["paths"].values():
        assert all(operation["summary"] and operation["description"] for operation in methods.values())


def test_every_rule_has_both_languages_and_a_document():
    for row in SHIPPED_POLICIES.rows:
        assert row.title.en and row.title.zh and row.unit, row.key
        assert row.confidence in {"V1", "V2", "C", "G", "G?"}, row.key

"""Every word of the pages exists in Chinese, nothing is translated that nobody says, and blanks stay blanks."""

import re
from pathlib import Path

import everlit.web
from everlit.api.search import SEARCHED
from everlit.grid.schema import IMPORTANCES, SWITCH_KINDS
from everlit.web import labels
from everlit.web.rendering import NAVIGATION, Words, number
from everlit.web.translate import catalogue, translate

PAGES = Path(everlit.web.__file__).parent
ISLANDS = Path(__file__).parents[2] / "web" / "src"
IN_TEMPLATE = re.compile(r"""\b(?:_|words)\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
IN_SCRIPT = re.compile(r"""\bt\(\s*"((?:[^"\\]|\\.)*)"\s*\)""")
OPEN_CLOSE = {"open", "close", "lock"}
CERTIFICATE_KINDS = set(labels.CERTIFICATE)


def said_in_templates() -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in PAGES.rglob("*.html")]
    return {one or other for text in texts for one, other in IN_TEMPLATE.findall(text)}


def said_in_islands() -> set[str]:
    return {word for path in ISLANDS.rglob("*.ts") for word in IN_SCRIPT.findall(path.read_text(encoding="utf-8"))}


def said_by_key() -> set[str]:
    """Words chosen by a key at run time: labels, switch kinds, grades, kinds of equipment, line kinds."""
    searched = {table.removesuffix("s").replace("switche", "switch") for table in SEARCHED}
    keys = {*SWITCH_KINDS, *IMPORTANCES, *searched, "overhead", "cable", *CERTIFICATE_KINDS, *OPEN_CLOSE}
    return keys | titles_of_pages() | {word for table in labels.ALL for word in table.values()}


def titles_of_pages() -> set[str]:
    return {title for _, title, _ in NAVIGATION} | {title for *_, pages in NAVIGATION for _, title in pages}


def test_every_word_said_has_a_chinese_translation():
    said = said_in_templates() | said_in_islands() | said_by_key()
    assert len(said) > 200
    assert sorted(said - set(catalogue("zh"))) == []


def test_nothing_is_translated_that_nobody_says():
    said = said_in_templates() | said_in_islands() | said_by_key()
    assert sorted(set(catalogue("zh")) - said) == []


def test_blanks_are_the_same_in_both_languages():
    blank = re.compile(r"\{\w*\}")
    for english, chinese in catalogue("zh").items():
        assert sorted(blank.findall(english)) == sorted(blank.findall(chinese)), english


def test_translations_are_chinese():
    for english, chinese in catalogue("zh").items():
        assert re.search(r"[\u4e00-\u9fff]|kVA", chinese), english


def test_words_fill_their_blanks():
    assert Words("zh")("{n} rows", n=3) == "共 3 行"
    assert Words("en")("{n} rows", n=3) == "3 rows"
    assert Words("en").label(labels.STATES, "some_new_state") == "some new state"
    assert translate("never said", language="zh") == "never said"


def test_figures():
    assert number(1234567) == "1,234,567"
    assert number(None) == "–"

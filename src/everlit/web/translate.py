"""One gettext catalogue for pages, messages and documents (译文): English is the key, 中文 in `locale/zh`."""

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
CATALOGUE = Path(__file__).parent / "locale"


@cache
def catalogue(language: str) -> dict[str, str]:
    """Every translated message of a language; empty for English."""
    if language == "en":
        return {}
    with (CATALOGUE / language / "everlit.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}


def translate(text: str, *, language: str) -> str:
    """`text` in `language`; the English text where no translation exists."""
    return catalogue(language).get(text, text)

"""Words shown to people exist twice: English and 中文. A `Text` keeps both together so that no message is half said."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """One message in English and Chinese.

    >>> Text(en="dead", zh="失电").in_language("zh")
    '失电'
    """

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """The message in `language`: anything that begins with "zh" is Chinese, all else English."""
        return self.zh if language.startswith("zh") else self.en

    def as_json(self) -> dict[str, str]:
        """Both languages, as the API shows them."""
        return {"en": self.en, "zh": self.zh}

    def __str__(self) -> str:
        return self.en

"""The monthly report on paper (月报打印): A4, in Chinese or English, with the font that ships; the same bytes every time.

Everything shown is told by the rules beside it; here it is only chosen, ordered and worded. A closed month shows the
figures as they were reported, and beside them what would be different now.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from everlit.kernel import Text
from everlit.reliability.month_report import MonthReport
from everlit.reliability.report_figures import books, tiles
from everlit.reliability.report_lists import budget, causes, changes, charts, events, feeders, management, repeats
from everlit.reliability.report_words import FOOTER, HEADING, NOTES, REPORT_WORDS

FONTS = Path(str(files("everlit"))) / "data" / "fonts"
TEMPLATE = Path(__file__).with_name("report.typ")


def report_pdf(report: MonthReport, *, language: str = "zh") -> bytes:
    """The report as a PDF document."""
    return bytes(_compiled(report, language, "pdf"))


def report_pages(report: MonthReport, *, language: str = "zh", dots_per_inch: int = 96) -> list[bytes]:
    """The pages as PNG images, for looking at on a screen."""
    made = _compiled(report, language, "png", dots_per_inch)
    return [bytes(one) for one in made] if isinstance(made, list) else [bytes(made)]


def _compiled(report: MonthReport, language: str, form: Literal["pdf", "png"], dots_per_inch: int | None = None) -> Any:
    import typst

    inputs = {"report": json.dumps(page(report, language=language), ensure_ascii=False)}
    return typst.compile(
        str(TEMPLATE), format=form, ppi=dots_per_inch, font_paths=[str(FONTS)], ignore_system_fonts=True, sys_inputs=inputs, timestamp=0,
    )  # fmt: skip


def page(report: MonthReport, *, language: str) -> dict[str, Any]:
    """What the template shows, in one language."""
    title = report.title.in_language(language)
    sections = (tiles, books, charts, causes, feeders, events, budget, management, repeats, changes)
    shown: dict[str, Any] = {
        "language": "zh" if language.startswith("zh") else "en",
        "title": f"{HEADING.in_language(language)} {title} {report.month}",
        "heading": HEADING.in_language(language),
        "subheading": f"{title} · {report.month}",
        "standing": _standing(report, language),
        "footer": FOOTER.in_language(language),
        "words": {key: text.in_language(language) for key, text in REPORT_WORDS.items()},
        "notes": [note.in_language(language) for note in NOTES],
    }
    for section in sections:
        shown |= section(report, language)
    return shown


def _standing(report: MonthReport, language: str) -> str:
    if report.provisional:
        return Text(
            "PROVISIONAL: the month is not over, its figures still grow", "暂定:本月尚未结束,数据仍会变化"
        ).in_language(language)
    if not report.standing.versions:
        return Text("not closed: figures as known now", "未封账:按当前台账计算").in_language(language)
    closed = report.standing.versions[-1]
    known, mark = f"{closed.known_at:%Y-%m-%d %H:%M}", closed.fingerprint[:12]
    words = Text(
        f"closed, version {closed.version}, by {closed.actor}; as known {known} UTC; {mark}",
        f"已封账 第{closed.version}版 {closed.actor};数据截至 {known} UTC;{mark}",
    )
    return words.in_language(language)

"""The operation ticket as PDF (操作票打印): one A4 sheet or more, in Chinese or English, signed by hand.

The font ships with the product, so a machine without any font prints the same sheet, byte for byte.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from everlit.kernel import Text
from everlit.switching.step import Step
from everlit.switching.ticket import KINDS, Ticket

WORDS: Mapping[str, Text] = {
    "unit": Text("Unit:", "单位："),
    "number": Text("No.", "编号："),
    "issuer": Text("Ordered by", "发令人"),
    "receiver": Text("Received by", "受令人"),
    "issued_at": Text("Ordered at", "发令时间"),
    "started_at": Text("Switching began", "操作开始时间"),
    "ended_at": Text("Switching ended", "操作结束时间"),
    "task": Text("Task", "操作任务"),
    "order": Text("No.", "顺序"),
    "item": Text("Item", "操 作 项 目"),
    "planned": Text("Planned", "预计"),
    "done": Text("Done", "√"),
    "time": Text("Time", "时间"),
    "remarks": Text("Remarks", "备注"),
    "operator": Text("Operator", "操作人"),
    "guardian": Text("Guardian", "监护人"),
    "duty_leader": Text("Duty leader", "值班负责人"),
}
HEADING = Text("Operation ticket", "电气倒闸操作票")
RULE = Text(
    "Read out, repeat back, carry out, check the position, tick, then the next item. No skipping; stop at any doubt.",
    "逐项唱票、复诵、操作、检查、打勾，不得跳项、漏项；发生疑问立即停止操作。",
)
FOOTER = Text("Computed by Everlit; valid only when checked and signed", "长明生成，经审核签名后有效")
HOT = Text("loop closed: make before break", "合环操作")
FONTS = Path(str(files("everlit"))) / "data" / "fonts"
TEMPLATE = Path(__file__).with_name("ticket.typ")


def ticket_pdf(ticket: Ticket, *, language: str = "zh") -> bytes:
    """The ticket as a PDF document."""
    return bytes(_compiled(ticket, language, "pdf"))


def ticket_pages(ticket: Ticket, *, language: str = "zh", dots_per_inch: int = 96) -> list[bytes]:
    """The pages as PNG images, for looking at on a screen."""
    made = _compiled(ticket, language, "png", dots_per_inch)
    return [bytes(page) for page in made] if isinstance(made, list) else [bytes(made)]


def _compiled(ticket: Ticket, language: str, form: Literal["pdf", "png"], dots_per_inch: int | None = None) -> Any:
    import typst

    inputs = {"sheet": json.dumps(sheet(ticket, language=language), ensure_ascii=False)}
    return typst.compile(
        str(TEMPLATE), format=form, ppi=dots_per_inch, font_paths=[str(FONTS)], ignore_system_fonts=True, sys_inputs=inputs, timestamp=0,
    )  # fmt: skip


def sheet(ticket: Ticket, *, language: str) -> dict[str, Any]:
    """Everything the sheet shows, in one language."""

    def say(text: Text) -> str:
        return text.in_language(language)

    chinese = language.startswith("zh")
    return {
        "language": "zh" if chinese else "en",
        "tracking": 0.3 if chinese else 0.0,
        "title": f"{say(HEADING)} {ticket.header.number}".strip(),
        "heading": say(HEADING),
        "words": {key: say(word) for key, word in WORDS.items()},
        "header": ticket.header.as_json(),
        "kinds": [{"name": say(name), "chosen": kind is ticket.header.kind} for kind, name in KINDS.items()],
        "task": say(ticket.task),
        "rows": [_row(step, language) for step in ticket.steps],
        "rule": say(RULE),
        "footer": say(FOOTER),
    }


def _row(step: Step, language: str) -> dict[str, Any]:
    notes = [note for note in (HOT.in_language(language) if step.hot else "", step.note.in_language(language)) if note]
    return {
        "number": step.number, "item": step.item.in_language(language), "note": "; ".join(notes),
        "planned": say_minutes(step.at_min).in_language(language),
    }  # fmt: skip


def say_minutes(minutes: float) -> Text:
    """Minutes since the first order, as the sheet shows them."""
    return Text(f"+{minutes:.0f} min", f"+{minutes:.0f} 分")

"""The figures of the monthly report: four tiles at the top, then the table of each book (两套口径指标)."""

from collections.abc import Mapping, Sequence
from typing import Any

from everlit.kernel import Text
from everlit.reliability.closing import Figure
from everlit.reliability.model import Base, Book, View
from everlit.reliability.month_report import MonthReport
from everlit.reliability.report_words import BASES_SHOWN, DLT_SHOWN, IEEE_SHOWN, TILES, figure, said, unit_word

Named = Mapping[tuple[str, str, str, str], Figure]
"""Figures of the whole by base, book, view and key."""


def _by_name(rows: Sequence[Figure]) -> dict[tuple[str, str, str, str], Figure]:
    return {(row["base"], row["book"], row["view"], row["key"]): row for row in rows if row["part"] == ""}


def tiles(report: MonthReport, language: str) -> dict[str, Any]:
    """Four figures of the month, with the year to date."""
    month, year = _by_name(report.figures), _by_name(list(report.year.rows()))
    made = []
    for key in TILES:
        name = (Base.UNITS.value, Book.DLT.value, View.ALL.value, key)
        one, until = month[name], year[name]
        made.append(
            {
                "label": f"{key} {Text(**one['title']).in_language(language)}",
                "value": figure(key, one["unit"], one["value"]),
                "unit": unit_word(one["unit"], language),
                "year": f"{said('year', language)} {figure(key, until['unit'], until['value'])}",
            }
        )
    return {"tiles": made}


def books(report: MonthReport, language: str) -> dict[str, Any]:
    """The table of each book: DL/T 836 on three bases, IEEE 1366 in three views."""
    month = _by_name(report.figures)
    bases = [base.label.in_language(language) for base in BASES_SHOWN]
    views = [view.label.in_language(language) for view in View]
    head = [said("index", language), said("unit", language)]
    dlt = [
        _row(month, [(base.value, Book.DLT.value, View.ALL.value, _on(base, key)) for base in BASES_SHOWN], language)
        for key in DLT_SHOWN
    ]
    ieee = [
        _row(month, [(Base.UNITS.value, Book.IEEE.value, view.value, key) for view in View], language)
        for key in IEEE_SHOWN
    ]
    return {"dlt": {"head": [*head, *bases], "rows": dlt}, "ieee": {"head": [*head, *views], "rows": ieee}}


def _on(base: Base, key: str) -> str:
    """On the base of capacity the system indices have names of their own."""
    return key.replace("SAIFI", "ASIFI").replace("SAIDI", "ASIDI") if base is Base.KVA else key


def _row(known: Named, names: Sequence[tuple[str, str, str, str]], language: str) -> list[str]:
    found, key = [known.get(name) for name in names], names[0][3]
    first = found[0]
    title = Text(**first["title"]).in_language(language) if first else ""
    unit = str(first["unit"]) if first else ""
    values = (figure(key, unit, one["value"] if one else None) for one in found)
    return [f"{key} {title}", unit_word(unit, language), *values]

"""Write the reference page of the table format from its schema: `python -m scripts.table_format`."""

from everlit.grid.schema import SCHEMA, Column, Kind, TableSchema
from scripts.stamps import ROOT

PAGE = ROOT / "docs" / "reference" / "table-format.md"
KINDS = {
    Kind.KEY: "identity",
    Kind.REFERENCE: "identity",
    Kind.TEXT: "text",
    Kind.NUMBER: "number",
    Kind.INTEGER: "whole number",
    Kind.FLAG: "flag",
}
OPENING = """# The table format 表格格式

A network is a folder: `network.json` and one file per table, each as CSV or as Parquet. This page is made from the
schema in the code (`everlit.grid.schema`); `json_schema()` there gives the same as JSON Schema. A feeder written by
hand is in the [tutorial](../tutorial/first-feeder.md).

* `network.json` holds `{"name": …, "title": {"en": …, "zh": …}}` and whatever else should travel with the network,
  such as licence and provenance. The name has letters, digits, `_`, `-` and `.`.
* CSV is UTF-8 (a byte order mark is fine, GBK is refused by name), separated by commas, with a header, without line
  breaks inside cells. Columns may stand in any order; unknown ones are not used and get a warning.
* An empty cell is "not known"; where a default is given, it is filled in. Flags are `true` or `false` (also `1`, `0`,
  `yes`, `no`, `是`, `否`). Numbers have a point, no thousands separators. Units are in the column names.
* Identities of nodes, sources, lines, switches, transformers, consumers, usage points and generators are unique across
  all these tables.
* A file of more than 512 MiB or 20 million rows is refused unread; links, folders and pipes are not followed.

`everlit network validate FOLDER` lists every finding with table, row, column and reason. Errors refuse the network as a
whole; warnings (a loop in the normal state, a customer more than 500 m from the transformer) are shown and kept.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([OPENING, *(_table(table) for table in SCHEMA)])


def _table(table: TableSchema) -> str:
    needed = "required 必需" if table.required else "optional 可选"
    head = f"## {table.name}\n\n{table.meaning.en.capitalize()} {table.meaning.zh} (CIM `{table.cim}`), {needed}.\n\n"
    rows = "".join(_row(column) for column in table.columns)
    return f"{head}| column | meaning | 含义 | holds | if empty |\n|---|---|---|---|---|\n{rows}"


def _row(column: Column) -> str:
    if column.required:
        empty = "refused"
    elif column.default is None:
        empty = "unknown"
    else:
        empty = f"`{str(column.default).lower() if isinstance(column.default, bool) else column.default}`"
    return f"| `{column.name}` | {column.meaning.en} | {column.meaning.zh} | {_holds(column)} | {empty} |\n"


def _holds(column: Column) -> str:
    if column.choices:
        return ", ".join(f"`{choice}`" for choice in column.choices)
    if column.table:
        return f"row of [{column.table}](#{column.table})"
    if column.low is None:
        return KINDS[column.kind]
    return f"{KINDS[column.kind]}, {column.low:,g} … {column.high:,g}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

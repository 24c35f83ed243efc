"""Long lists as one parameter, however long: half a million names find their rows in one statement, on both databases.

SQLite gets them as JSON, PostgreSQL as one text that it takes apart, which is faster than an array.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Column,
    Connection,
    String,
    TableValuedAlias,
    any_,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, Join

MARK = "\x1f"


class InOrder(Join):
    """A join whose left side SQLite reads first, as its CROSS JOIN promises."""

    inherit_cache = True


@compiles(InOrder, "sqlite")
def _in_order(join: Join, compiler: Any, **asked: Any) -> str:
    if linter := asked.get("from_linter"):
        linter.edges.update(product(join.left._from_objects, join.right._from_objects))
    left, right = (compiler.process(side, **{**asked, "asfrom": True}) for side in (join.left, join.right))
    return f"{left} CROSS JOIN {right} ON {compiler.process(join.onclause, **asked)}"


def joined(
    connection: Connection, lists: Mapping[int, Sequence[str]], what: Column[Any]
) -> tuple[FromClause, ColumnElement[int]]:
    """The table of `what` joined to long lists of its values, and the number that stands with the list of each.

    A value stands once in one list. SQLite walks the lists and looks each value up in an index, which its planner,
    knowing nothing of them, would do the other way round half of the time. PostgreSQL gets two texts, which are taken
    apart faster than arrays; it knows how long they are and hashes.
    """
    if connection.dialect.name == "sqlite":
        each = func.json_each(_json(lists)).table_valued("key", "value", name="listed")
        name = func.json_each(each.c.value).table_valued("value", name="named")
        walk = InOrder(InOrder(each, name, true()), what.table, what == name.c.value)
        return walk, cast(each.c.key, BigInteger)
    names = MARK.join(name for some in lists.values() for name in some)
    numbers = MARK.join(MARK.join([str(number)] * len(some)) for number, some in lists.items() if some)
    words = [func.string_to_array(literal(side, String), MARK) for side in (names, numbers)]
    given = func.unnest(words[0], cast(words[1], ARRAY(BigInteger))).table_valued(
        Column("key", String()), Column("value", BigInteger()), name="listed"
    )
    each = given.render_derived()
    return each.join(what.table, what == each.c.key), each.c.value


def among(connection: Connection, what: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """True for what is on a list, which is sent as one parameter however long it is.

    SQLite looks a list in a subquery up value by value in an index of `what`. PostgreSQL knows the length of an array: a
    short one goes through the index, a long one is hashed and the table read once. It gets long ones as one text, which
    is taken apart faster than an array.
    """
    given = list(values)
    if connection.dialect.name == "sqlite":
        return what.in_(select(func.json_each(_json(given)).table_valued("value").c.value))
    if isinstance(what.type, String) and not any(MARK in one for one in given):
        return what == any_(func.string_to_array(literal(MARK.join(given), String), MARK, type_=ARRAY(String)))
    return what == any_(literal(given, ARRAY(what.type)))


def rows_of(connection: Connection, rows: Sequence[Sequence[Any]]) -> TableValuedAlias:
    """Rows as a table whose one column `value` is a JSON array, sent as one parameter."""
    value: Column[Any] = Column("value", JSON())
    if connection.dialect.name == "sqlite":
        return func.json_each(_json(rows)).table_valued(value, name="given")
    return func.json_array_elements(cast(literal(rows, JSON), JSON)).table_valued(value, name="given").render_derived()


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()

"""An import contract import-linter does not have: a guarded module may be imported directly only by some modules.

`platform` (the database, the event log) and the libraries of the edge (SQLAlchemy, FastAPI, typer …) belong to stores,
services and faces; a rule that needs one of them has stopped being a rule. The contract names who may, by pattern:
`*` is one part of a module's name, `**` any number of parts.
"""

import re
from collections.abc import Iterator
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OnlyFromContract(Contract):
    """The guarded modules may be imported directly only by the modules named; both are patterns."""

    type_name = "only_from"

    guarded = fields.ListField(subfield=fields.StringField())
    importers = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find every direct import of a guarded module by a module that may not."""
        guarded, importers = strings(self.guarded), strings(self.importers)
        output.verbose_print(verbose, f"Looking for imports of {', '.join(guarded)} …")
        broken = sorted(offences(graph, guarded=guarded, importers=importers))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Say who imports what, and where."""
        for importer, imported, line in check.metadata["broken"]:
            output.print_error(f"{importer} (line {line}) may not import {imported}")
        output.new_line()


def strings(values: fields.ListField) -> list[str]:
    """The values of a list field as plain words; the instance holds a list where the class declares the field."""
    return [str(value) for value in cast("list[object]", values)]


def offences(graph: ImportGraph, *, guarded: list[str], importers: list[str]) -> Iterator[tuple[str, str, int]]:
    """Importer, imported and line of every import the contract forbids."""
    for imported in (module for module in graph.modules if matches(module, guarded)):
        for importer in graph.find_modules_that_directly_import(imported):
            if matches(importer, importers) or matches(importer, guarded):
                continue
            details = graph.get_import_details(importer=importer, imported=imported)
            yield importer, imported, int(details[0]["line_number"]) if details else 0


def matches(module: str, patterns: list[str]) -> bool:
    """Whether a module's name fits one of the patterns.

    >>> matches("everlit.grid.store", ["everlit.*.store"]), matches("everlit.grid.trace", ["everlit.*.store"])
    (True, False)
    >>> (
    ...     matches("everlit.platform", ["everlit.platform.**"]),
    ...     matches("everlit.platform.events", ["everlit.platform.**"]),
    ... )
    (True, True)
    """
    return any(re.fullmatch(as_expression(pattern), module) for pattern in patterns)


def as_expression(pattern: str) -> str:
    """The pattern as a regular expression."""
    plain = re.escape(pattern)
    return plain.replace(r"\.\*\*", r"(\..+)?").replace(r"\*", r"[^.]+")

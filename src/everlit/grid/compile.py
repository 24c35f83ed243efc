"""Compiling a network (编译): from tables of identities to the arrays of a `Grid`."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from everlit.grid.columns import Bools, Floats, Ints, codes, flags, floats
from everlit.grid.compiled import Equipment, Grid, UnableToFindEquipment
from everlit.grid.components import components
from everlit.grid.forest import normal_forest
from everlit.grid.identities import Identities
from everlit.grid.model import Importance, Network, SwitchKind
from everlit.grid.schema import IMPORTANCES, SWITCH_KINDS

__all__ = ["Bools", "Equipment", "Floats", "Grid", "Ints", "UnableToFindEquipment", "compile_network"]


def compile_network(network: Network) -> Grid:
    """Compile a validated network; ends that name no node are a programming error here, validation has refused them."""
    tables = network.tables
    row_ids = tables["nodes"].column("node_id").combine_chunks()
    n_nodes = len(row_ids)
    nodes = Identities(row_ids)
    earths = pc.equal(tables["switches"].column("kind"), SWITCH_KINDS[SwitchKind.GROUND_DISCONNECTOR])
    switches, earth_table = tables["switches"].filter(pc.invert(earths)), tables["switches"].filter(earths)
    lines, transformers, consumers = tables["lines"], tables["transformers"], tables["consumers"]
    ends = (
        (lines, "from_node_id", "to_node_id"),
        (transformers, "hv_node_id", "lv_node_id"),
        (switches, "from_node_id", "to_node_id"),
    )
    from_row = np.concatenate([nodes.rows(table.column(one)) for table, one, _ in ends])
    to_row = np.concatenate([nodes.rows(table.column(other)) for table, _, other in ends])
    first_switch = lines.num_rows + transformers.num_rows
    normal_closed = ~flags(switches, "normal_open")
    closed = np.concatenate([np.ones(first_switch, np.bool_), normal_closed])
    source_rows = nodes.rows(tables["sources"].column("node_id"))
    if min((int(rows.min(initial=0)) for rows in (from_row, to_row, source_rows)), default=0) < 0:
        raise ValueError("an end names no node: compile only validated networks")
    forest = normal_forest(n_nodes, from_row, to_row, closed, source_rows)
    branch_from, branch_to = forest.label[from_row], forest.label[to_row]
    node_ids = row_ids.take(pa.array(forest.row))

    def labels(table: pa.Table, column: str) -> Ints:
        return forest.label[nodes.rows(table.column(column))]

    section, n_sections = components(n_nodes, branch_from[:first_switch], branch_to[:first_switch])
    consumer_node, hv = labels(consumers, "node_id"), branch_from[lines.num_rows : first_switch]
    switch_ids = switches.column("switch_id").combine_chunks()
    return Grid(
        network=network,
        node_ids=node_ids,
        node_row=forest.row,
        node_parent=forest.parent,
        node_via=forest.via,
        node_last=forest.last,
        n_alive=forest.n_alive,
        switch_ids=switch_ids,
        nominal_kv=floats(tables["nodes"], "nominal_kv")[forest.row],
        branch_from=branch_from,
        branch_to=branch_to,
        n_lines=lines.num_rows,
        n_transformers=transformers.num_rows,
        switch_kind=codes(switches, "kind", SWITCH_KINDS),
        switch_rated_a=floats(switches, "rated_a"),
        switch_locked=flags(switches, "locked"),
        switch_phased=flags(switches, "phased"),
        switch_normal_closed=normal_closed,
        earth_ids=earth_table.column("switch_id").combine_chunks(),
        earth_node=labels(earth_table, "from_node_id"),
        source_nodes=forest.label[source_rows],
        section_of_node=section,
        n_sections=n_sections,
        node_units=_sum(n_nodes, (hv, transformers, "mv_units"), (consumer_node, consumers, "mv_units")).astype(
            np.int64
        ),
        node_households=_sum(n_nodes, (consumer_node, consumers, "households")).astype(np.int64),
        node_kva=_kva(n_nodes, hv, transformers, consumer_node, consumers),
        node_p_kw=_sum(n_nodes, (consumer_node, consumers, "p_kw")),
        node_importance=_importance(n_nodes, tables, consumer_node),
        consumer_node=consumer_node,
        transformer_hv=hv,
        transformer_lv=branch_to[lines.num_rows : first_switch],
        feeder_ids=tables["feeders"].column("feeder_id").combine_chunks(),
        feeder_head=Identities(switch_ids).rows(tables["feeders"].column("head_switch_id")),
    )


def _sum(n_nodes: int, *parts: tuple[Ints, pa.Table, str]) -> Floats:
    total = np.zeros(n_nodes)
    for nodes, table, column in parts:
        total += np.bincount(nodes, floats(table, column), n_nodes)
    return total


def _kva(n_nodes: int, hv: Ints, transformers: pa.Table, consumer_node: Ints, consumers: pa.Table) -> Floats:
    """Transformer capacity where it is a statistic unit, plus contract capacity of MV customers."""
    counted = floats(transformers, "mv_units") > 0
    kva = np.zeros(n_nodes)
    kva += np.bincount(hv, np.where(counted, floats(transformers, "rated_kva"), 0.0), n_nodes)
    contract = np.nan_to_num(floats(consumers, "capacity_kva"))
    kva += np.bincount(consumer_node, np.where(floats(consumers, "mv_units") > 0, contract, 0.0), n_nodes)
    return kva


def _importance(n_nodes: int, tables: Mapping[str, pa.Table], consumer_node: Ints) -> npt.NDArray[np.int8]:
    points = tables["usage_points"]
    grades = np.full(n_nodes, Importance.ORDINARY, np.int8)
    grade = codes(points, "importance", IMPORTANCES)
    weighty = np.flatnonzero(grade > Importance.ORDINARY)
    names = points.column("consumer_id").take(pa.array(weighty))
    consumer = Identities(tables["consumers"].column("consumer_id")).rows(names)
    np.maximum.at(grades, consumer_node[consumer], grade[weighty])
    return grades

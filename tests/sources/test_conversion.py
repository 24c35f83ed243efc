"""Made again from the sources: the same bytes, and the same load flow as the source's own package.

Needs the packages of requirements/convert.lock: `./run test --long` runs these proofs in the converters' environment.
"""

import numpy as np
import pytest

from everlit.grid import load_network
from everlit.sources.folder import differences, shipped_folder
from tests.sources.reading import load_flow

pytestmark = [pytest.mark.convert, pytest.mark.filterwarnings("ignore")]


def test_urban_bit_for_bit():
    from everlit.sources.simbench.mapping import convert

    assert differences(convert(), shipped_folder()) == []


def test_ortenau_bit_for_bit():
    from everlit.sources.oberrhein.mapping import convert

    assert differences(convert(), shipped_folder()) == []


def test_case533_bit_for_bit():
    from everlit.sources.cases.matpower_case import convert_case533

    assert differences(convert_case533(), shipped_folder()) == []


def run_pandapower(net):
    import pandapower as pp

    pp.runpp(net, trafo_model="pi", calculate_voltage_angles=True, tolerance_mva=1e-10, max_iteration=100, numba=False)


def test_urban_load_flow_is_that_of_pandapower():
    """pandapower 3 ignores taps without a changer type and simbench sets none: the delivered tap is switched on."""
    import simbench

    net = simbench.get_simbench_net("1-MVLV-urban-all-0-sw")
    net.trafo["tap_changer_type"] = "Ratio"
    run_pandapower(net)
    ours = load_flow(load_network("urban").tables)
    theirs = dict(zip(net.bus.name, net.res_bus.vm_pu, strict=True))
    assert len(theirs) == 10_458
    assert max(abs(ours.voltage_pu[bus] - value) for bus, value in theirs.items()) < 1e-8
    loss_kw = (net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum()) * 1e3
    assert ours.loss_kw == pytest.approx(loss_kw, abs=1e-4)
    assert ours.loss_kw == pytest.approx(1222.215, abs=1e-3)
    current = dict(zip(net.line.name, net.res_line.i_from_ka * 1e3, strict=True))
    assert max(abs(ours.line_a[line] - value) for line, value in current.items()) < 1e-3


def test_urban_values_are_those_delivered():
    import simbench

    net = simbench.get_simbench_net("1-MVLV-urban-all-0-sw")
    tables = load_network("urban").tables
    load = tables["consumers"].to_pandas().set_index("consumer_id").loc[net.load.name]
    np.testing.assert_allclose(load.p_kw, net.load.p_mw * 1e3, rtol=1e-12)
    np.testing.assert_allclose(load.q_kvar, net.load.q_mvar * 1e3, rtol=1e-12)
    assert (load.profile_id.to_numpy() == net.load.profile.to_numpy()).all()
    line = tables["lines"].to_pandas().set_index("line_id").loc[net.line.name]
    np.testing.assert_allclose(line.r_ohm, net.line.r_ohm_per_km * net.line.length_km, rtol=1e-12)
    np.testing.assert_allclose(line.rated_a, net.line.max_i_ka * 1e3, rtol=1e-12)
    shapes = tables["profiles"].to_pandas()
    for name in sorted(set(net.load.profile)):
        shape = shapes[shapes.profile_id == name].sort_values("quarter_hour")
        assert (shape.p_factor.to_numpy() == net.profiles["load"][f"{name}_pload"].to_numpy()).all()
        assert (shape.q_factor.to_numpy() == net.profiles["load"][f"{name}_qload"].to_numpy()).all()


def test_ortenau_load_flow_is_that_of_pandapower():
    """The country and the 13 joined LV grids, each solved by pandapower, handed to and fro until both agree.

    The one LV ring that was opened is closed again for the comparison.
    """
    library = pytest.importorskip("pandapower.networks")
    import pandapower as pp

    from everlit.sources.oberrhein.mapping import RING_OPENED_AT

    country, town = library.mv_oberrhein(include_substations=True), library.lv_schutterwald()
    bus_of = {row.bus: town.bus.name.at[row.bus].removeprefix("MS_bus_idx_") for _, row in town.ext_grid.iterrows()}
    bus_of = {bus: int(number) for bus, number in bus_of.items() if number.isdigit()}
    assert len(bus_of) == 13
    stations = country.trafo.index[country.trafo.hv_bus.isin(bus_of.values()) & (country.trafo.vn_lv_kv < 1)]
    assert len(stations) == 12
    country.load.loc[country.load.bus.isin(country.trafo.lv_bus.loc[stations]), "in_service"] = False
    country.trafo.loc[stations, "in_service"] = False
    handed = {bus: pp.create_load(country, number, 0.0, 0.0) for bus, number in bus_of.items()}
    for _ in range(12):
        run_pandapower(country)
        for index, row in town.ext_grid.iterrows():
            if row.bus in bus_of:
                town.ext_grid.loc[index, "vm_pu"] = country.res_bus.vm_pu.at[bus_of[row.bus]]
        run_pandapower(town)
        for index, row in town.ext_grid.iterrows():
            if row.bus in handed:
                power = town.res_ext_grid.loc[index, ["p_mw", "q_mvar"]]
                country.load.loc[handed[row.bus], ["p_mw", "q_mvar"]] = power.to_numpy()
    tables = load_network("ortenau").tables
    ring = [row["switch_id"] for row in tables["switches"].to_pylist() if row["to_node_id"] == RING_OPENED_AT]
    ours = load_flow(tables, with_generators=False, closed=dict.fromkeys(ring, True))
    live = country.res_bus.vm_pu.dropna()
    theirs = dict(zip(country.bus.name.loc[live.index], live, strict=True))
    placed = town.bus[town.bus.zone != "T_idx_ZUSATZ"]
    twice = placed.name.duplicated(keep=False)
    names = placed.name.where(~twice, placed.name + " (" + placed.index.astype(str) + ")")
    theirs |= dict(zip(names, town.res_bus.vm_pu.loc[placed.index], strict=True))
    gone = {country.bus.name.at[bus] for bus in country.trafo.lv_bus.loc[stations]}
    differing = {bus: abs(ours.voltage_pu[bus] - value) for bus, value in theirs.items() if bus not in gone}
    assert len(differing) == 179 + 141 - 12 + 2940 - 29
    assert max(differing.values()) < 1e-8


def test_case533_load_flow_is_that_of_the_file_per_unit():
    """The file's per-unit values, swept to and fro along the tree without any of the table format in between."""
    from everlit.sources.cases.matpower_case import BASE_MVA, case_file, read_matrix

    text = case_file().read_text("utf-8")
    bus, branch = np.array(read_matrix(text, "bus")), np.array(read_matrix(text, "branch"))
    ours = load_flow(load_network("case533").tables)
    closed = branch[branch[:, 10] == 1]
    children: dict[int, list[tuple[int, complex]]] = {}
    for row in closed:
        for one, other in ((int(row[0]), int(row[1])), (int(row[1]), int(row[0]))):
            children.setdefault(one, []).append((other, complex(row[2], row[3])))
    demand = {int(row[0]): complex(row[2], row[3]) / BASE_MVA for row in bus}
    order, parent = [1], dict[int, tuple[int, complex]]()
    for node in order:
        for other, impedance in children[node]:
            if other != 1 and other not in parent:
                parent[other] = (node, impedance)
                order.append(other)
    assert len(order) == 533
    voltage = dict.fromkeys(order, 1 + 0j)
    for _ in range(60):
        current = {node: (demand[node] / voltage[node]).conjugate() for node in order}
        for node in reversed(order[1:]):
            current[parent[node][0]] += current[node]
        for node in order[1:]:
            up, impedance = parent[node]
            voltage[node] = voltage[up] - impedance * current[node]
    assert max(abs(ours.voltage_pu[f"b{node}"] - abs(value)) for node, value in voltage.items()) < 1e-8
    loss = sum(abs(current[node]) ** 2 * parent[node][1].real for node in order[1:]) * BASE_MVA * 1e3
    assert ours.loss_kw == pytest.approx(loss, abs=1e-4)
    assert loss == pytest.approx(175.1235, abs=1e-3)

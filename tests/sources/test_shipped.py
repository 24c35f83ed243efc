"""The shipped networks: whole, radial, of the published size, with their licence, and not touched by hand."""

import json

import networkx as nx
import numpy as np
import pytest

from everlit.grid import compile_network, load_network, supply
from everlit.sources.folder import SUMS, differences, shipped_folder, sums_of
from everlit.sources.simbench.positions import LARGEST_RADIUS_M, METRES_PER_DEGREE
from tests.sources.reading import load_flow

ENDS = ("from_node_id", "to_node_id")
NO_KEY = ("profiles", "failure_rates")
NAMES = ("case16", "case33", "case533", "case70", "ortenau", "rbts2", "urban")


@pytest.fixture(scope="module")
def networks():
    return {name: load_network(name) for name in NAMES}


def test_all_are_shipped_and_small():
    folders = sorted(path for path in shipped_folder().iterdir() if path.is_dir())
    assert tuple(path.name for path in folders) == NAMES
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) < 8 * 2**20


@pytest.mark.parametrize("name", NAMES)
def test_files_are_those_the_converter_wrote(name):
    folder = shipped_folder() / name
    assert sums_of(folder) == (folder / SUMS).read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_manifest_says_where_from_and_what_is_generated(name):
    manifest = json.loads((shipped_folder() / name / "network.json").read_text("utf-8"))
    assert manifest["name"] == name
    for key in ("licence", "provenance", "generated"):
        assert len(manifest[key]) > 5
    assert manifest["title"]["en"]
    assert any("一" <= letter <= "鿿" for letter in manifest["title"]["zh"])


@pytest.mark.parametrize("name", NAMES)
def test_normal_state_is_radial_and_feeds_every_customer(networks, name):
    grid = compile_network(networks[name])
    state = supply(grid, grid.switch_normal_closed)
    assert not state.looped.any()
    dead = ~state.energised
    assert grid.section_units[dead].sum() == grid.section_households[dead].sum() == 0
    assert (state.feeder[grid.section_households > 0] >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_identities_are_unique_over_all_tables(networks, name):
    tables = networks[name].tables
    seen = [identity for table in tables if table not in NO_KEY for identity in tables[table].column(0).to_pylist()]
    assert len(seen) == len(set(seen))


# -------------------------------------------------------------------------------------------------- urban
def test_urban_has_the_published_size(networks):
    network = networks["urban"]
    transformers = network.tables["transformers"].to_pandas()
    assert (transformers.mv_units == 1).sum() == 133
    assert (transformers.ownership == "utility").sum() == 2
    assert network.count("consumers") == 11_542
    assert network.count("switches") == 20_933
    assert network.count("nodes") == 31_382
    consumers = network.tables["consumers"].to_pandas()
    assert consumers.households.sum() == 11_536
    assert consumers.mv_units.sum() == 6
    assert set(consumers.profile_id) <= set(network.tables["profiles"].to_pandas().profile_id)
    assert consumers.profile_id.nunique() == 20


def test_urban_shapes_are_a_leap_year(networks):
    profiles = networks["urban"].tables["profiles"].to_pandas()
    assert (profiles.groupby("profile_id").quarter_hour.nunique() == 35_136).all()
    assert (profiles.groupby("profile_id").size() == 35_136).all()
    loads = profiles[profiles.profile_id.isin(networks["urban"].tables["consumers"].to_pandas().profile_id)]
    assert (loads.groupby("profile_id").p_factor.max() == 1).all()


def test_urban_finding_counts_buses_that_stand_on_another(networks):
    evidence = {finding["kind"]: finding["evidence"] for finding in networks["urban"].manifest["findings"]}
    assert evidence["convert.coordinates.shared"]["where_another_stands"] == 714


def test_urban_lv_grids_do_not_overlap_on_the_map(networks):
    """Each LV grid lies in a circle round its transformer, no two circles meet, no two nodes stand on each other."""
    tables = networks["urban"].tables
    nodes = tables["nodes"].to_pandas().set_index("node_id")
    assert not nodes.duplicated(["lon_deg", "lat_deg"]).any()
    metres = nodes[["lon_deg", "lat_deg"]] * METRES_PER_DEGREE
    lv_graph = nx.Graph()
    lv = set(nodes.index[nodes.nominal_kv < 1])
    for table in ("lines", "switches"):
        ends = tables[table].to_pandas()[list(ENDS)].itertuples(index=False)
        lv_graph.add_edges_from((a, b) for a, b in ends if a in lv and b in lv)
    units = tables["transformers"].to_pandas()
    units = units[units.mv_units == 1]
    sites = metres.loc[units.hv_node_id].to_numpy()
    away = np.hypot(*(sites[:, None] - sites[None]).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    for unit, nearest_m in zip(units.itertuples(), away.min(axis=1), strict=True):
        members = metres.loc[list(nx.node_connected_component(lv_graph, unit.lv_node_id))].to_numpy()
        reach_m = np.hypot(*(members - metres.loc[unit.hv_node_id].to_numpy()).T).max()
        assert reach_m < LARGEST_RADIUS_M
        assert reach_m < nearest_m / 2


# ------------------------------------------------------------------------------------------------- ortenau
def test_ortenau_joins_13_of_14_within_30_metres(networks):
    manifest = networks["ortenau"].manifest
    assert len(manifest["joined"]) == 13
    assert all(found["distance_m"] <= 30 for found in manifest["joined"])
    assert max(found["distance_m"] for found in manifest["joined"]) == pytest.approx(29.0, abs=0.05)
    unmatched = [finding for finding in manifest["findings"] if finding["kind"] == "convert.join.unmatched"]
    assert [finding["subject"] for finding in unmatched] == ["T_idx_ZUSATZ"]
    assert unmatched[0]["evidence"]["nearest_m"] == pytest.approx(355.9, abs=0.05)
    left_out = unmatched[0]["evidence"]["households"]
    households = int(networks["ortenau"].tables["consumers"].to_pandas().households.sum())
    assert (households, left_out, households + left_out) == (1_491, 15, 1_506)


def test_ortenau_lies_on_the_upper_rhine(networks):
    nodes = networks["ortenau"].tables["nodes"].to_pandas()
    assert nodes.lon_deg.between(7.74, 7.94).all()
    assert nodes.lat_deg.between(48.32, 48.48).all()
    schutterwald = nodes[nodes.nominal_kv < 1]
    assert schutterwald.lon_deg.median() == pytest.approx(7.885, abs=0.01)
    assert schutterwald.lat_deg.median() == pytest.approx(48.456, abs=0.01)


def test_ortenau_line_lengths_agree_with_its_coordinates(networks):
    """Cables wind a little: coordinates (and their order and scale) and lengths belong together."""
    tables = networks["ortenau"].tables
    nodes = tables["nodes"].to_pandas().set_index("node_id")
    lines = tables["lines"].to_pandas()
    lines = lines[nodes.nominal_kv.loc[lines.from_node_id].to_numpy() > 1]
    scale = np.array([111_320 * np.cos(np.radians(48.4)), 111_132.0])
    one, other = (nodes.loc[lines[end], ["lon_deg", "lat_deg"]].to_numpy() * scale for end in ENDS)
    straight = np.hypot(*(one - other).T)
    assert np.corrcoef(straight, lines.length_m)[0, 1] > 0.95
    assert 1.0 < np.median(lines.length_m / straight) < 1.2


def test_made_up_people_say_so(networks):
    for name in ("urban", "ortenau"):
        points = networks[name].tables["usage_points"].to_pandas()
        named = points[points.name.notna()]
        assert named.name.str.contains("fictional").all()
        assert (points.importance != "ordinary").sum() == len(named)
        assert {"special", "first", "second", "temporary", "sensitive"} <= set(points.importance)
        assert points.life_support.sum() == 20
        assert (points[points.importance == "ordinary"].bearable_min.isna()).all()


def test_papers_are_written_the_same_again():
    from everlit.sources.cases.mapping import convert_papers
    from everlit.sources.cases.reliability_case import convert_rbts2

    for converted in (*convert_papers(), convert_rbts2()):
        assert differences(converted, shipped_folder()) == []


# --------------------------------------------------------------------------------------------------- cases
PUBLISHED = [("case16", 511.454, 466.141), ("case33", 202.677, 139.551), ("case70", 225.019, 99.678)]


@pytest.mark.parametrize(("name", "base_kw", "best_kw"), PUBLISHED)
def test_published_losses(networks, name, base_kw, best_kw):
    published = networks[name].manifest["published"]
    assert (published["base_loss_kw"], published["best_loss_kw"]) == (base_kw, best_kw)
    tables = networks[name].tables
    normal = {row["switch_id"]: row["normal_open"] for row in tables["switches"].to_pylist()}
    assert sorted(key for key, is_open in normal.items() if is_open) == sorted(published["base_open"])
    assert load_flow(tables).loss_kw == pytest.approx(base_kw, abs=6e-4)
    best = {key: key not in published["best_open"] for key in normal}
    assert load_flow(tables, closed=best).loss_kw == pytest.approx(best_kw, abs=6e-4)


def test_case533_is_one_phase_of_the_utility(networks):
    network = networks["case533"]
    assert network.count("nodes") == 533 + 575
    assert network.count("switches") == 575
    assert sum(network.tables["switches"].column("normal_open").to_pylist()) == 45
    assert load_flow(network.tables).loss_kw == pytest.approx(175.1235, abs=1e-3)

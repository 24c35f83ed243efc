"""A feeder of twenty lines as hand-written files, and ways to break it."""

from pathlib import Path

FILES = {
    "network.json": '{"name": "first", "title": {"en": "First feeder", "zh": "第一条馈线"}}\n',
    "substations.csv": "substation_id,name,name_zh\nST,Harbour,港口变\n",
    "sources.csv": "source_id,node_id\nS,BUS\n",
    "feeders.csv": "feeder_id,name,substation_id,head_switch_id\nF1,Harbour 1,ST,CB1\n",
    "nodes.csv": (
        "node_id,nominal_kv,lon_deg,lat_deg\n"
        "BUS,10,113.300,23.100\nH,10,113.301,23.100\nA,10,113.305,23.100\nB,10,113.306,23.100\n"
        "C,10,113.310,23.100\nL,0.4,113.310,23.101\nM,0.4,113.311,23.101\n"
    ),
    "lines.csv": (
        "line_id,from_node_id,to_node_id,length_m,r_ohm,x_ohm,rated_a\n"
        "L1,H,A,400,0.1,0.05,400\nL2,B,C,400,0.1,0.05,400\nL3,L,M,100,0.02,0.01,200\n"
    ),
    "switches.csv": (
        "switch_id,kind,from_node_id,to_node_id,normal_open\n"
        "CB1,breaker,BUS,H,false\nQ1,load_break_switch,A,B,false\nQ2,load_break_switch,C,BUS,true\n"
        "E1,ground_disconnector,B,,true\n"
    ),
    "transformers.csv": (
        "transformer_id,hv_node_id,lv_node_id,rated_kva,hv_kv,lv_kv,uk_percent,pk_kw\nT1,C,L,400,10,0.4,4,4.3\n"
    ),
    "consumers.csv": "consumer_id,node_id,p_kw,q_kvar,profile_id,households\nK1,M,120,40,home,60\n",
    "usage_points.csv": "usage_point_id,consumer_id,importance,bearable_min\nU1,K1,first,15\n",
    "generators.csv": "generator_id,node_id,kind,p_kw\nG1,M,pv,20\n",
    "profiles.csv": "profile_id,quarter_hour,p_factor,q_factor\nhome,0,0.5,0.5\nhome,1,0.6,0.6\n",
}


def write(folder: Path, changed: dict[str, str | bytes | None] | None = None) -> Path:
    """The feeder with some files replaced; None leaves one out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **(changed or {})}.items():
        if text is not None:
            (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def edit(name: str, old: str, new: str) -> dict[str, str | bytes | None]:
    """One file with `old` replaced."""
    assert old in FILES[name], (name, old)
    return {name: FILES[name].replace(old, new)}

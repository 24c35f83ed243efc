// The network as columns, found by identity, and what stands around a switch.

export interface Columns {
  nodes: { lon: (number | null)[]; lat: (number | null)[]; kv: number[]; section: number[] };
  lines: { id: string[]; from: number[]; to: number[]; kind: string[] };
  transformers: { id: string[]; hv: number[]; lv: number[]; kva: number[]; units: number[]; ownership: string[] };
  switches: { id: string[]; from: number[]; to: number[]; kind: number[]; closed: boolean[]; normal_closed: boolean[]; locked: boolean[] };
  sections: { feeder: number[]; energised: boolean[]; looped: boolean[]; units: number[]; households: number[] };
  feeders: FeederRow[];
  substations: { id: string; name: Name; lon: number | null; lat: number | null }[];
}

export interface Name {
  en: string;
  zh: string;
}

export interface FeederRow {
  id: string;
  name: Name;
  head: string;
  substation: string;
  unit: string | null;
  units: number;
  households: number;
}

export type Kind = "switches" | "lines" | "transformers";

export interface Thing {
  kind: Kind;
  index: number;
}

export const SWITCH_KINDS = ["breaker", "load_break_switch", "disconnector", "fuse", "recloser", "sectionaliser", "ground_disconnector"] as const;
const MEDIUM_KV = 1;
const HIGHEST_KV = 36;

export type Position = [number, number];

export class Network {
  private readonly byId = new Map<string, Thing>();

  constructor(
    readonly name: string,
    readonly columns: Columns,
  ) {
    for (const kind of ["switches", "lines", "transformers"] as const) {
      columns[kind].id.forEach((id, index) => this.byId.set(id, { kind, index }));
    }
  }

  find(id: string): Thing | undefined {
    return this.byId.get(id);
  }

  id(thing: Thing): string {
    return this.columns[thing.kind].id[thing.index]!;
  }

  place(node: number): Position | null {
    const lon = this.columns.nodes.lon[node];
    const lat = this.columns.nodes.lat[node];
    return lon == null || lat == null ? null : [lon, lat];
  }

  /** Nodes at which a thing ends. */
  ends(thing: Thing): [number, number] {
    const { switches, lines, transformers } = this.columns;
    if (thing.kind === "transformers") return [transformers.hv[thing.index]!, transformers.lv[thing.index]!];
    const table = thing.kind === "switches" ? switches : lines;
    return [table.from[thing.index]!, table.to[thing.index]!];
  }

  sections(thing: Thing): [number, number] {
    const [from, to] = this.ends(thing);
    return [this.columns.nodes.section[from]!, this.columns.nodes.section[to]!];
  }

  feeder(thing: Thing): FeederRow | undefined {
    for (const section of this.sections(thing)) {
      const feeder = this.columns.feeders[this.columns.sections.feeder[section] ?? -1];
      if (feeder) return feeder;
    }
    return undefined;
  }

  level(node: number): "mv" | "lv" | "hv" {
    const kv = this.columns.nodes.kv[node] ?? 0;
    return kv > HIGHEST_KV ? "hv" : kv > MEDIUM_KV ? "mv" : "lv";
  }

  get located(): boolean {
    return this.columns.nodes.lon.some((value) => value !== null);
  }

  bounds(nodes: Iterable<number> = this.columns.nodes.lon.keys()): [Position, Position] | null {
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const node of nodes) {
      const place = this.place(node);
      if (!place) continue;
      west = Math.min(west, place[0]);
      east = Math.max(east, place[0]);
      south = Math.min(south, place[1]);
      north = Math.max(north, place[1]);
    }
    return west === Infinity ? null : [[west, south], [east, north]];
  }

  /** Nodes of one feeder in the present state. */
  nodesOfFeeder(feeder: number): number[] {
    const { nodes, sections } = this.columns;
    const found: number[] = [];
    nodes.section.forEach((section, node) => {
      if (sections.feeder[section] === feeder && this.level(node) === "mv") found.push(node);
    });
    return found;
  }
}

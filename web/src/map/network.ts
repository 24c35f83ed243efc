// The network as columns, and what is drawn from them.
import type { Feature, FeatureCollection } from "geojson";

export interface Columns {
  nodes: { lon: (number | null)[]; lat: (number | null)[]; kv: number[]; section: number[] };
  lines: { id: string[]; from: number[]; to: number[]; kind: string[] };
  transformers: { id: string[]; hv: number[]; lv: number[]; kva: number[]; units: number[] };
  switches: { id: string[]; from: number[]; to: number[]; kind: number[]; closed: boolean[]; normal_closed: boolean[] };
  sections: { feeder: number[]; energised: boolean[]; looped: boolean[]; units: number[]; households: number[] };
  feeders: FeederRow[];
}

export interface FeederRow {
  id: string;
  name: { en: string; zh: string };
  head: string;
  unit: string | null;
  units: number;
  households: number;
}

export const SWITCH_KINDS = ["breaker", "load_break_switch", "disconnector", "fuse", "recloser", "sectionaliser", "ground_disconnector"];
export const MEDIUM_KV = 1;

type Position = [number, number];

export class Picture {
  constructor(readonly columns: Columns) {}

  place(node: number): Position | null {
    const lon = this.columns.nodes.lon[node];
    const lat = this.columns.nodes.lat[node];
    return lon == null || lat == null ? null : [lon, lat];
  }

  bounds(): [Position, Position] {
    const lon = this.columns.nodes.lon.filter((value): value is number => value !== null);
    const lat = this.columns.nodes.lat.filter((value): value is number => value !== null);
    const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);
    const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);
    return [
      [least(lon), least(lat)],
      [most(lon), most(lat)],
    ];
  }

  level(node: number): "mv" | "lv" {
    return (this.columns.nodes.kv[node] ?? 0) >= MEDIUM_KV ? "mv" : "lv";
  }

  lines(): FeatureCollection {
    const { lines, nodes } = this.columns;
    const features: Feature[] = [];
    lines.id.forEach((id, index) => {
      const ends = [this.place(lines.from[index]!), this.place(lines.to[index]!)];
      if (!ends[0] || !ends[1]) return;
      const section = nodes.section[lines.from[index]!]!;
      features.push({
        type: "Feature",
        id: index,
        properties: { id, section, level: this.level(lines.from[index]!), kind: lines.kind[index] },
        geometry: { type: "LineString", coordinates: ends as Position[] },
      });
    });
    return { type: "FeatureCollection", features };
  }

  transformers(): FeatureCollection {
    const { transformers, nodes } = this.columns;
    return this.points(transformers.id, transformers.hv, (index) => ({
      kva: transformers.kva[index],
      section: nodes.section[transformers.hv[index]!],
      main: (transformers.units[index] ?? 0) === 0,
    }));
  }

  switches(closed: boolean[]): FeatureCollection {
    const { switches } = this.columns;
    return this.points(switches.id, switches.from, (index) => ({
      level: this.level(switches.from[index]!),
      closed: closed[index],
      moved: closed[index] !== switches.closed[index],
      tie: !switches.normal_closed[index],
    }));
  }

  private points(ids: string[], at: number[], more: (index: number) => Record<string, unknown>): FeatureCollection {
    const features: Feature[] = [];
    ids.forEach((id, index) => {
      const place = this.place(at[index]!);
      if (!place) return;
      features.push({ type: "Feature", id: index, properties: { id, index, ...more(index) }, geometry: { type: "Point", coordinates: place } });
    });
    return { type: "FeatureCollection", features };
  }
}

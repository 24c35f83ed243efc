// The map view: the network over its coordinates; nothing but the network, a scale and north.
import type { Feature, FeatureCollection } from "geojson";
import { type GeoJSONSource, Map as MapLibre, Marker, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import "maplibre-gl/dist/maplibre-gl.css";
import { say } from "../shared/api";
import { h } from "../shared/dom";
import type { Network, Position, Thing } from "./network";
import type { Study } from "./study";
import { layers } from "./style";
import { picture } from "./symbols";

setWorkerUrl(workerUrl);

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

interface Stance {
  at: Position;
  bearing: number;
  rank: number;
}

export class GeoView {
  readonly element = h("div", { class: "map-canvas" });
  private map: MapLibre | null = null;
  private readonly stances: (Stance | null)[];

  constructor(
    private readonly network: Network,
    private readonly study: Study,
    private readonly select: (thing: Thing) => void,
  ) {
    this.stances = stancesOf(network);
  }

  show(): void {
    if (this.map) {
      this.map.resize();
      return;
    }
    const bounds = this.network.bounds();
    const map = new MapLibre({
      container: this.element,
      style: { version: 8, sources: this.sources(), layers: layers() },
      bounds: bounds ?? undefined,
      fitBoundsOptions: { padding: { top: 70, bottom: 60, left: 60, right: 60 } },
      attributionControl: false,
      maxZoom: 22,
    });
    this.map = map;
    map.setMissingStyleImageResolver((id) => {
      const [, kind, state, moved] = id.split("-");
      map.addImage(id, picture({ kind: Number(kind), closed: state === "closed", moved: moved === "moved" }), { pixelRatio: 4 });
    });
    map.addControl(new NavigationControl({ showCompass: true, visualizePitch: false }), "top-left");
    map.addControl(new ScaleControl({ unit: "metric", maxWidth: 140 }), "bottom-left");
    map.touchZoomRotate.disableRotation();
    this.listen(map);
    this.labels(map);
    map.on("idle", () => this.thin());
    this.study.listen(() => this.paint());
  }

  private listen(map: MapLibre): void {
    map.on("click", (event) => {
      const around: [[number, number], [number, number]] = [
        [event.point.x - 6, event.point.y - 6],
        [event.point.x + 6, event.point.y + 6],
      ];
      for (const kind of ["switches", "transformers", "lines"] as const) {
        const layersOf = kind === "lines" ? ["mv-lines", "lv-lines"] : [kind];
        const found = map.queryRenderedFeatures(around, { layers: layersOf })[0];
        const index = found?.properties?.["index"];
        if (typeof index === "number") return this.select({ kind, index });
      }
    });
    for (const layer of ["switches", "transformers", "mv-lines"]) {
      map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
      map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
    }
  }

  private labels(map: MapLibre): void {
    for (const station of this.network.columns.substations) {
      if (station.lon === null || station.lat === null) continue;
      const label = h("div", { class: "map-label station" }, h("span", { class: "bus-mark", "aria-hidden": "true" }), say(station.name));
      new Marker({ element: label, anchor: "bottom" }).setLngLat([station.lon, station.lat]).addTo(map);
    }
    this.network.columns.feeders.forEach((feeder, index) => {
      const at = this.feederPlace(index);
      if (!at) return;
      const label = h("div", { class: "map-label feeder" }, say(feeder.name));
      new Marker({ element: label, anchor: "center" }).setLngLat(at).addTo(map);
    });
  }

  /** Labels that would cover another one step back until there is room; stations come first. */
  private thin(): void {
    const kept: DOMRect[] = [];
    for (const label of this.element.querySelectorAll<HTMLElement>(".map-label")) {
      const box = label.getBoundingClientRect();
      const covered = kept.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom);
      label.classList.toggle("covered", covered);
      if (!covered) kept.push(box);
    }
  }

  /** Where a feeder's name stands: the middle of its most distant line, where feeders are apart. */
  private feederPlace(feeder: number): Position | null {
    const head = this.network.find(this.network.columns.feeders[feeder]!.head);
    const start = head && this.network.place(this.network.ends(head)[0]);
    const places = this.network.nodesOfFeeder(feeder).map((node) => this.network.place(node)).filter((place) => place !== null);
    if (!start || places.length === 0) return null;
    const away = (place: Position) => Math.hypot((place[0] - start[0]) * Math.cos((start[1] * Math.PI) / 180), place[1] - start[1]);
    const byDistance = [...places].sort((a, b) => away(a) - away(b));
    return byDistance[Math.floor(byDistance.length * 0.62)]!;
  }

  private sources() {
    const source = (data: FeatureCollection) => ({ type: "geojson" as const, data, tolerance: 0.1 });
    return {
      lines: source(this.lines()),
      transformers: source(this.transformers()),
      switches: source(this.switches()),
      marked: source(EMPTY),
      dark: source(EMPTY),
      chosen: source(EMPTY),
    };
  }

  private paint(): void {
    const dark = this.study.dark;
    this.set("switches", this.switches());
    this.set("dark", this.linesWhere((from) => dark.has(this.network.columns.nodes.section[from]!)));
    this.map?.setPaintProperty("transformers", "circle-color", ["case", ["in", ["get", "section"], ["literal", [...dark]]], "#b3261e", "#ffffff"]);
  }

  choose(thing: Thing | null, near = false): void {
    if (!this.map) return;
    if (!thing) return this.set("chosen", EMPTY);
    const [from, to] = this.network.ends(thing).map((node) => this.network.place(node));
    if (!from || !to) return;
    this.set("chosen", collection([line([from, to], { index: thing.index }), point(from, {})]));
    const hidden = !this.map.getBounds().contains(from);
    if (near || hidden) this.map.jumpTo({ center: from, zoom: Math.max(this.map.getZoom(), 15) });
  }

  /** Highlight a feeder, or the equipment of a proposal. */
  mark(nodes: Set<number> | null, fit: boolean): void {
    this.set("marked", nodes ? this.linesWhere((from, to) => nodes.has(from) && nodes.has(to)) : EMPTY);
    const bounds = nodes && this.network.bounds(nodes);
    if (fit && bounds && this.map) this.map.fitBounds(bounds, { padding: 90, maxZoom: 16 });
  }

  level(name: "mv" | "lv", shown: boolean): void {
    const visibility = shown ? "visible" : "none";
    for (const layer of name === "lv" ? ["lv-lines"] : ["mv-lines", "transformers", "switches"]) {
      this.map?.setLayoutProperty(layer, "visibility", visibility);
    }
  }

  private set(source: string, data: FeatureCollection): void {
    this.map?.getSource<GeoJSONSource>(source)?.setData(data);
  }

  private lines(): FeatureCollection {
    return this.linesWhere(() => true);
  }

  private linesWhere(holds: (from: number, to: number) => boolean): FeatureCollection {
    const { lines } = this.network.columns;
    const features: Feature[] = [];
    lines.id.forEach((_, index) => {
      const [from, to] = [lines.from[index]!, lines.to[index]!];
      const [start, end] = [this.network.place(from), this.network.place(to)];
      if (start && end && holds(from, to)) features.push(line([start, end], { index, level: this.network.level(from) }));
    });
    return collection(features);
  }

  private transformers(): FeatureCollection {
    const { transformers, nodes } = this.network.columns;
    const features: Feature[] = [];
    transformers.id.forEach((_, index) => {
      const at = this.network.place(transformers.hv[index]!);
      if (at && this.network.level(transformers.hv[index]!) === "mv") features.push(point(at, { index, section: nodes.section[transformers.hv[index]!] }));
    });
    return collection(features);
  }

  private switches(): FeatureCollection {
    const { switches } = this.network.columns;
    const features: Feature[] = [];
    switches.id.forEach((_, index) => {
      const stance = this.stances[index];
      if (!stance) return;
      const closed = this.study.closed(index);
      const moved = this.study.moved.has(index);
      features.push(
        point(stance.at, {
          index,
          bearing: stance.bearing,
          rank: stance.rank,
          moved,
          first: moved || !closed || switches.normal_closed[index] !== closed,
          level: this.network.level(switches.from[index]!),
          image: `switch-${switches.kind[index]}-${closed ? "closed" : "open"}-${moved ? "moved" : "still"}`,
        }),
      );
    });
    return collection(features);
  }
}

function collection(features: Feature[]): FeatureCollection {
  return { type: "FeatureCollection", features };
}

function line(coordinates: Position[], properties: Record<string, unknown>): Feature {
  return { type: "Feature", properties, geometry: { type: "LineString", coordinates } };
}

function point(coordinates: Position, properties: Record<string, unknown>): Feature {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates } };
}

/** Where a switch stands: a little along the line it switches, one behind the other where several share the way. */
function stancesOf(network: Network): (Stance | null)[] {
  const { lines, switches, transformers } = network.columns;
  const far = new Map<number, number>();
  lines.from.forEach((from, index) => {
    far.set(from, far.has(from) ? -1 : lines.to[index]!);
    far.set(lines.to[index]!, far.has(lines.to[index]!) ? -1 : from);
  });
  const bays = new Set(transformers.hv);
  const used = new Map<string, number>();
  return switches.from.map((from, index) => {
    const to = switches.to[index]!;
    const at = network.place(from) ?? network.place(to);
    if (!at || network.level(from) === "lv") return null;
    const bearing = bays.has(from) || bays.has(to) ? 180 : bearingOf(network, at, [far.get(to), far.get(from)]);
    const key = `${at[0].toFixed(6)},${at[1].toFixed(6)},${Math.round(bearing / 8)}`;
    const rank = used.get(key) ?? 0;
    used.set(key, rank + 1);
    return { at, bearing, rank: Math.min(rank, 2) };
  });
}

function bearingOf(network: Network, at: Position, nodes: (number | undefined)[]): number {
  for (const node of nodes) {
    const there = node === undefined || node < 0 ? null : network.place(node);
    if (!there) continue;
    const east = (there[0] - at[0]) * Math.cos((at[1] * Math.PI) / 180);
    const north = there[1] - at[1];
    if (Math.hypot(east, north) > 1e-7) return (Math.atan2(east, north) * 180) / Math.PI;
  }
  return 135;
}

// The single-line view (单线图): medium voltage as an orthogonal tree; low voltage is folded into its transformer.
import { ask, number, say, t } from "../shared/api";
import { h, svg } from "../shared/dom";
import type { Network, Thing } from "./network";
import type { Study } from "./study";
import { outline } from "./symbols";

interface Layout {
  nodes: number[];
  x: number[];
  y: number[];
  branches: { index: number; from: number; to: number }[];
  rows: number;
  first_switch: number;
  lines: number;
}

const COLUMN = 58;
const ROW = 96;
const MARGIN = 70;

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export class OneLine {
  readonly element = h("div", { class: "oneline" });
  private readonly sheet = svg("svg", { role: "group", "aria-label": t("Single-line diagram") });
  private readonly places = new Map<number, [number, number]>();
  private readonly drawn: { element: SVGElement; node: number; other: number; thing: Thing | null }[] = [];
  private readonly marks = new Map<number, SVGGElement>();
  private box: Box = { x: 0, y: 0, width: 100, height: 100 };
  private whole: Box = this.box;
  private ready = false;

  constructor(
    private readonly network: Network,
    private readonly study: Study,
    private readonly select: (thing: Thing) => void,
    private readonly operate: (thing: Thing) => void,
  ) {
    const button = (label: string, text: string, act: () => void) => h("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
    this.element.append(
      this.sheet,
      h("div", { class: "zoom", role: "group", "aria-label": t("Zoom") },
        button(t("Zoom in"), "+", () => this.zoom(0.7)),
        button(t("Zoom out"), "−", () => this.zoom(1.4)),
        button(t("Show all"), "⤢", () => this.fit())),
    );
  }

  async show(): Promise<void> {
    if (this.ready) return;
    this.ready = true;
    const layout = await ask<Layout>(`/api/networks/${encodeURIComponent(this.network.name)}/diagram`);
    this.draw(layout);
    this.fit();
    this.gestures();
    this.study.listen(() => this.paint());
    this.paint();
  }

  private draw(layout: Layout): void {
    layout.nodes.forEach((node, index) => this.places.set(node, [layout.x[index]! * COLUMN, layout.y[index]! * ROW]));
    const back = svg("g", { class: "back" });
    const wires = svg("g", { class: "wires" });
    const fronts = svg("g", { class: "fronts" });
    const columns = Math.max(...layout.x);
    this.whole = { x: -MARGIN, y: -MARGIN, width: columns * COLUMN + MARGIN * 4, height: layout.rows * ROW + MARGIN };
    for (const branch of layout.branches) this.branch(branch, layout, back, wires, fronts);
    this.transformers(fronts);
    this.roots(layout, fronts);
    this.heads(fronts);
    this.sheet.append(back, wires, fronts);
  }

  private branch(branch: Layout["branches"][number], layout: Layout, back: SVGGElement, wires: SVGGElement, fronts: SVGGElement): void {
    const isSwitch = branch.index >= layout.first_switch;
    const thing: Thing | null = isSwitch
      ? { kind: "switches", index: branch.index - layout.first_switch }
      : branch.index < layout.lines ? { kind: "lines", index: branch.index } : null;
    const [x1, y1] = this.places.get(branch.from)!;
    const [x2, y2] = this.places.get(branch.to)!;
    const apart = Math.abs(x1 - x2) > COLUMN * 1.2 || Math.abs(y1 - y2) > ROW * 0.5;
    if (isSwitch && apart && !this.network.columns.switches.normal_closed[thing!.index]) return this.tie(thing!, branch, back, fronts);
    const path = svg("path", { d: route(x1, y1, x2, y2), class: "wire" });
    wires.append(path);
    this.drawn.push({ element: path, node: branch.from, other: branch.to, thing });
    if (thing?.kind === "lines") {
      const hit = svg("path", { d: route(x1, y1, x2, y2), class: "hit" });
      hit.addEventListener("click", () => this.select(thing));
      wires.append(hit);
    }
    if (isSwitch) fronts.append(this.symbol(thing!, ...middle(x1, y1, x2, y2)));
  }

  /** An open tie to another part of the tree: a stub with its symbol, and a faint way to the other end. */
  private tie(thing: Thing, branch: { from: number; to: number }, back: SVGGElement, fronts: SVGGElement): void {
    const ends = [this.places.get(branch.from)!, this.places.get(branch.to)!] as [[number, number], [number, number]];
    const [stub, goal] = this.degree(branch.from) <= this.degree(branch.to) ? ends : [ends[1], ends[0]];
    const [x, y] = [stub[0] + COLUMN * 0.42, stub[1]];
    const bend = Math.max(x, goal[0]) + COLUMN * 0.35;
    const way = svg("path", { d: `M${stub[0]} ${stub[1]}H${bend - 8}Q${bend} ${y} ${bend} ${y + Math.sign(goal[1] - y) * 8}V${goal[1] - Math.sign(goal[1] - y) * 8}Q${bend} ${goal[1]} ${bend - 8} ${goal[1]}H${goal[0]}`, class: "tie-way" });
    back.append(way);
    const feeder = this.feederAt(goal === ends[1] ? branch.to : branch.from);
    fronts.append(svg("path", { d: `M${stub[0]} ${y}H${x}`, class: "wire" }), this.symbol(thing, x, y));
    if (feeder) fronts.append(svg("text", { x: x + 16, y: y + 6, class: "tie-name" }, `→ ${say(feeder.name)}`));
    this.drawn.push({ element: way, node: branch.from, other: branch.to, thing });
  }

  private feederAt(node: number) {
    const { feeders, nodes, sections } = this.network.columns;
    return feeders[sections.feeder[nodes.section[node]!] ?? -1];
  }

  private degree(node: number): number {
    const { lines, switches } = this.network.columns;
    let count = 0;
    lines.from.forEach((from, index) => (count += Number(from === node || lines.to[index] === node)));
    switches.from.forEach((from, index) => (count += Number(from === node || switches.to[index] === node)));
    return count;
  }

  private symbol(thing: Thing, x: number, y: number): SVGGElement {
    const index = thing.index;
    const kind = this.network.columns.switches.kind[index]!;
    const mark = svg("g", { class: "switch", transform: `translate(${x - 10} ${y - 10})`, tabindex: this.marks.size ? -1 : 0, role: "button" },
      svg("circle", { cx: 10, cy: 10, r: 17, class: "halo" }),
      svg("path", { d: outline(kind), class: "body" }),
      svg("path", { d: "M10 6.5V13.5", class: "gap" }));
    mark.addEventListener("click", () => this.select(thing));
    mark.addEventListener("focus", () => this.select(thing));
    mark.addEventListener("keydown", (event) => this.key(event, index, [x, y]));
    mark.dataset["x"] = String(x);
    mark.dataset["y"] = String(y);
    this.marks.set(index, mark);
    return mark;
  }

  private key(event: KeyboardEvent, index: number, at: [number, number]): void {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.operate({ kind: "switches", index });
      return;
    }
    const ways: Record<string, [number, number]> = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    this.focusNearest(at, way);
  }

  /** Arrow keys walk to the nearest switch in that direction. */
  private focusNearest([x, y]: [number, number], [dx, dy]: [number, number]): void {
    let best: SVGGElement | null = null;
    let least = Infinity;
    for (const mark of this.marks.values()) {
      const [ax, ay] = [Number(mark.dataset["x"]) - x, Number(mark.dataset["y"]) - y];
      const along = ax * dx + ay * dy;
      const across = Math.abs(ax * dy) + Math.abs(ay * dx);
      if (along > 2 && along + 3 * across < least) [best, least] = [mark, along + 3 * across];
    }
    if (best) this.focus(best);
  }

  private focus(mark: SVGGElement): void {
    for (const other of this.marks.values()) other.setAttribute("tabindex", "-1");
    mark.setAttribute("tabindex", "0");
    mark.focus();
    this.reveal(Number(mark.dataset["x"]), Number(mark.dataset["y"]));
  }

  private transformers(into: SVGGElement): void {
    const { transformers, sections, nodes } = this.network.columns;
    transformers.hv.forEach((hv, index) => {
      const place = this.places.get(hv);
      if (!place) return;
      const [x, y] = place;
      const thing: Thing = { kind: "transformers", index };
      const lv = nodes.section[transformers.lv[index]!]!;
      const group = svg("g", { class: "transformer" },
        svg("path", { d: `M${x} ${y}v6`, class: "wire" }),
        svg("circle", { cx: x, cy: y + 11, r: 5.2 }),
        svg("circle", { cx: x, cy: y + 17.5, r: 5.2 }),
        svg("title", {}, `${transformers.id[index]} · ${number(transformers.kva[index]!)} kVA · ${number(sections.households[lv] ?? 0)}`));
      group.addEventListener("click", () => this.select(thing));
      into.append(group);
      this.drawn.push({ element: group, node: hv, other: hv, thing });
    });
  }

  /** Bars for the busbars that feed the trees. */
  private roots(layout: Layout, into: SVGGElement): void {
    const stations = this.network.columns.substations;
    layout.nodes.forEach((node, index) => {
      if (layout.x[index] !== 0) return;
      const y = layout.y[index]! * ROW;
      const last = Math.max(y, ...layout.branches.filter((b) => b.from === node || b.to === node).map((b) => this.places.get(b.from === node ? b.to : b.from)![1]));
      into.append(svg("path", { d: `M0 ${y - 16}V${last + 16}`, class: "bar" }));
      const name = stations.length === 1 ? say(stations[0]!.name) : this.stationOf(node);
      if (name) into.append(svg("text", { x: -10, y: y - 30, class: "station" }, name));
    });
  }

  /** The station of a root: that of the feeder whose head lies nearest to it. */
  private stationOf(node: number): string {
    const { feeders, substations } = this.network.columns;
    const [x, y] = this.places.get(node)!;
    const away = (id: string) => {
      const mark = this.marks.get(this.network.find(id)?.index ?? -1);
      return mark ? Math.hypot(Number(mark.dataset["x"]) - x, Number(mark.dataset["y"]) - y) : Infinity;
    };
    const own = [...feeders].sort((a, b) => away(a.head) - away(b.head))[0];
    const station = substations.find((one) => one.id === own?.substation);
    return station ? say(station.name) : "";
  }

  private heads(into: SVGGElement): void {
    for (const feeder of this.network.columns.feeders) {
      const head = this.network.find(feeder.head);
      const mark = head && this.marks.get(head.index);
      if (!mark) continue;
      const [x, y] = [Number(mark.dataset["x"]), Number(mark.dataset["y"])];
      into.append(svg("text", { x: x + 12, y: y - 16, class: "feeder-name" }, say(feeder.name)));
    }
  }

  // ---------------------------------------------------------------------------------------- state
  private paint(): void {
    const dark = this.study.dark;
    const { nodes, sections, switches } = this.network.columns;
    const isDark = (node: number) => dark.has(nodes.section[node]!) || (!this.study.active && !sections.energised[nodes.section[node]!]);
    for (const { element, node, other } of this.drawn) element.classList.toggle("dead", isDark(node) && isDark(other));
    for (const [index, mark] of this.marks) {
      const closed = this.study.closed(index);
      mark.classList.toggle("open", !closed);
      mark.classList.toggle("moved", this.study.moved.has(index));
      mark.classList.toggle("unusual", closed !== switches.normal_closed[index] && !this.study.moved.has(index));
      mark.setAttribute("aria-label", `${switches.id[index]}: ${closed ? t("closed") : t("open now")}`);
      mark.setAttribute("aria-pressed", String(this.study.moved.has(index)));
    }
  }

  choose(thing: Thing | null): void {
    this.sheet.querySelectorAll(".chosen").forEach((element) => element.classList.remove("chosen"));
    if (!thing) return;
    const mark = thing.kind === "switches" ? this.marks.get(thing.index) : this.drawn.find((one) => one.thing?.kind === thing.kind && one.thing.index === thing.index)?.element;
    mark?.classList.add("chosen");
    const at = this.places.get(this.network.ends(thing)[0]);
    if (at) this.reveal(...at);
  }

  mark(nodes: Set<number> | null, fit: boolean): void {
    for (const { element, node, other } of this.drawn) element.classList.toggle("marked", nodes !== null && nodes.has(node) && nodes.has(other));
    if (!nodes || !fit) return;
    const places = [...nodes].map((node) => this.places.get(node)).filter((place) => place !== undefined);
    if (!places.length) return;
    const [xs, ys] = [places.map((place) => place[0]), places.map((place) => place[1])];
    const [x, y] = [Math.min(...xs) - MARGIN, Math.min(...ys) - MARGIN];
    this.look({ x, y, width: Math.max(...xs) - x + MARGIN, height: Math.max(...ys) - y + MARGIN });
  }

  // ----------------------------------------------------------------------------------------- view
  private look(box: Box): void {
    this.box = box;
    this.sheet.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
  }

  fit(): void {
    const seen = this.element.getBoundingClientRect();
    const narrow = seen.width < 700;
    this.look(narrow ? { ...this.whole, width: seen.width * 1.2, height: seen.height * 1.2 } : this.whole);
  }

  private zoom(factor: number, at?: [number, number]): void {
    const { x, y, width, height } = this.box;
    const [cx, cy] = at ?? [x + width / 2, y + height / 2];
    if (width * factor < 200 || width * factor > this.whole.width * 2) return;
    this.look({ x: cx - (cx - x) * factor, y: cy - (cy - y) * factor, width: width * factor, height: height * factor });
  }

  private reveal(x: number, y: number): void {
    const { box } = this;
    const [left, top] = [box.width * 0.05, box.height * 0.08];
    if (x > box.x + left && x < box.x + box.width * 0.7 && y > box.y + top && y < box.y + box.height - top) return;
    // A little left of the middle: the panels stand on the right.
    this.look({ ...box, x: x - box.width * 0.4, y: y - box.height / 2 });
  }

  private gestures(): void {
    const scale = () => {
      const seen = this.sheet.getBoundingClientRect();
      return Math.max(this.box.width / seen.width, this.box.height / seen.height);
    };
    this.sheet.addEventListener("wheel", (event) => {
      event.preventDefault();
      const seen = this.sheet.getBoundingClientRect();
      const [fx, fy] = [(event.clientX - seen.left) / seen.width, (event.clientY - seen.top) / seen.height];
      this.zoom(event.deltaY > 0 ? 1.15 : 0.87, [this.box.x + fx * this.box.width, this.box.y + fy * this.box.height]);
    }, { passive: false });
    let from: { x: number; y: number; box: Box } | null = null;
    this.sheet.addEventListener("pointerdown", (event) => { from = { x: event.clientX, y: event.clientY, box: this.box }; });
    window.addEventListener("pointerup", () => { from = null; });
    this.sheet.addEventListener("pointermove", (event) => {
      if (!from || event.buttons === 0) return;
      const per = scale();
      this.look({ ...from.box, x: from.box.x - (event.clientX - from.x) * per, y: from.box.y - (event.clientY - from.y) * per });
    });
  }
}

function route(x1: number, y1: number, x2: number, y2: number): string {
  if (Math.abs(y1 - y2) < 1 || Math.abs(x1 - x2) < 1) return `M${x1} ${y1}L${x2} ${y2}`;
  const [left, right] = x1 < x2 ? [[x1, y1], [x2, y2]] as const : [[x2, y2], [x1, y1]] as const;
  return `M${left[0]} ${left[1]}V${right[1]}H${right[0]}`;
}

function middle(x1: number, y1: number, x2: number, y2: number): [number, number] {
  if (Math.abs(y1 - y2) < 1) return [(x1 + x2) / 2, y1];
  if (Math.abs(x1 - x2) < 1) return [x1, (y1 + y2) / 2];
  const y = x1 < x2 ? y2 : y1;
  return [(x1 + x2) / 2, y];
}

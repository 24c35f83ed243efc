// Study mode (研究态): switches tried on the screen, consequences from the server, the field untouched.
import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { ask, number, Refused, t } from "../shared/api";
import type { Picture } from "./network";

interface Trace {
  dark: { units: number; households: number; kva: number; important: { usage_point_id: string; importance: string }[] };
  sections: number[];
  looped: number[];
  feeders: { id: string; before: number; after: number }[];
}

export class Study {
  private readonly closed: boolean[];
  private readonly panel: HTMLElement;
  private darkLines: number[] = [];

  constructor(
    private readonly page: HTMLElement,
    private readonly map: MapLibre,
    private readonly picture: Picture,
    private readonly network: string,
  ) {
    this.closed = [...picture.columns.switches.closed];
    this.panel = document.createElement("aside");
    this.panel.className = "study";
    this.panel.setAttribute("aria-live", "polite");
    page.append(this.panel);
    this.idle();
  }

  async toggle(index: number): Promise<void> {
    this.closed[index] = !this.closed[index];
    (this.map.getSource("switches") as GeoJSONSource).setData(this.picture.switches(this.closed));
    await this.compute();
  }

  reset(): void {
    this.picture.columns.switches.closed.forEach((value, index) => (this.closed[index] = value));
    (this.map.getSource("switches") as GeoJSONSource).setData(this.picture.switches(this.closed));
    this.paint([]);
    this.idle();
  }

  private moved(): { open: string[]; close: string[] } {
    const { id, closed } = this.picture.columns.switches;
    const changed = id.map((_, index) => index).filter((index) => this.closed[index] !== closed[index]);
    return {
      open: changed.filter((index) => !this.closed[index]).map((index) => id[index]!),
      close: changed.filter((index) => this.closed[index]).map((index) => id[index]!),
    };
  }

  private async compute(): Promise<void> {
    const moved = this.moved();
    if (!moved.open.length && !moved.close.length) return this.reset();
    try {
      const trace = await ask<Trace>(`/api/networks/${encodeURIComponent(this.network)}/trace`, moved);
      this.paint(trace.sections);
      this.show(moved, trace);
    } catch (error) {
      this.panel.replaceChildren(text("p", error instanceof Refused ? error.message : String(error), "refused"));
    }
  }

  private paint(sections: number[]): void {
    const dark = new Set(sections);
    const { lines, nodes } = this.picture.columns;
    for (const index of this.darkLines) this.map.removeFeatureState({ source: "lines", id: index });
    this.darkLines = lines.id.map((_, index) => index).filter((index) => dark.has(nodes.section[lines.from[index]!]!));
    for (const index of this.darkLines) this.map.setFeatureState({ source: "lines", id: index }, { dead: true });
  }

  private idle(): void {
    this.page.classList.remove("studying");
    this.panel.replaceChildren(text("p", t("Click a switch to try it. Nothing is operated."), "hint"));
  }

  private show(moved: { open: string[]; close: string[] }, trace: Trace): void {
    this.page.classList.add("studying");
    const reset = text("button", t("Leave study mode"));
    reset.addEventListener("click", () => this.reset());
    const counts: [string, string][] = [
      [t("MV units dark"), number(trace.dark.units)],
      [t("Households dark"), number(trace.dark.households)],
      [t("kVA dark"), number(trace.dark.kva)],
      [t("Important customers dark"), number(trace.dark.important.length)],
    ];
    const list = document.createElement("dl");
    for (const [label, value] of counts) list.append(text("dt", label), text("dd", value));
    const steps = document.createElement("ul");
    for (const id of moved.open) steps.append(text("li", `${t("open")} ${id}`));
    for (const id of moved.close) steps.append(text("li", `${t("close")} ${id}`));
    this.panel.replaceChildren(text("h2", t("Study mode: the field is not touched")), list, steps, reset);
  }
}

function text(tag: string, content: string, className = ""): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = content;
  if (className) element.className = className;
  return element;
}

// The card of the chosen equipment: what it is, where it stands, and what can be tried with it.
import { number, say, t } from "../shared/api";
import { h } from "../shared/dom";
import { type Network, SWITCH_KINDS, type Thing } from "./network";
import type { Study } from "./study";

export class Card {
  readonly element = h("section", { class: "card", "aria-label": t("Chosen equipment"), "aria-live": "polite" });
  private thing: Thing | null = null;

  constructor(
    private readonly network: Network,
    private readonly study: Study,
    private readonly work: (equipment: string) => void,
    private readonly close: () => void,
  ) {
    this.element.hidden = true;
    study.listen(() => this.show(this.thing));
  }

  show(thing: Thing | null): void {
    this.thing = thing;
    this.element.hidden = !thing;
    if (!thing) return this.element.replaceChildren();
    const id = this.network.id(thing);
    const rows = this.facts(thing).flatMap(([label, value]) => [h("dt", {}, label), h("dd", {}, value)]);
    this.element.replaceChildren(
      h("header", {}, h("h2", {}, id), h("button", { type: "button", class: "close", "aria-label": t("Close"), onclick: this.close }, "×")),
      h("dl", {}, ...rows),
      h("div", { class: "actions" }, this.operate(thing), h("button", { type: "button", onclick: () => this.work(id) }, t("Plan work on it"))),
    );
  }

  private operate(thing: Thing): HTMLElement | null {
    if (thing.kind !== "switches") return null;
    const { locked } = this.network.columns.switches;
    const label = this.study.closed(thing.index) ? t("Try: open it") : t("Try: close it");
    return h("button", { type: "button", class: "try", disabled: locked[thing.index] ?? false, onclick: () => void this.study.toggle(thing.index) }, label);
  }

  private facts(thing: Thing): [string, string][] {
    const feeder = this.network.feeder(thing);
    const rows: [string, string][] = [[t("Kind"), this.kind(thing)]];
    if (thing.kind === "switches") {
      const { normal_closed } = this.network.columns.switches;
      const closed = this.study.closed(thing.index);
      const position = closed ? t("closed") : t("open now");
      rows.push([t("Position"), closed === normal_closed[thing.index] ? `${position} (${t("normal")})` : `${position} (${t("not normal")})`]);
    }
    if (thing.kind === "transformers") {
      const { kva, lv } = this.network.columns.transformers;
      const { sections, nodes } = this.network.columns;
      rows.push([t("Capacity, kVA"), number(kva[thing.index]!)]);
      const section = nodes.section[lv[thing.index]!]!;
      if (sections.households[section]) rows.push([t("Households"), number(sections.households[section]!)]);
    }
    if (feeder) rows.push([t("Feeder"), `${say(feeder.name)} · ${number(feeder.households)} ${t("households")}`]);
    return rows;
  }

  private kind(thing: Thing): string {
    if (thing.kind === "switches") return t(SWITCH_KINDS[this.network.columns.switches.kind[thing.index]!]!);
    if (thing.kind === "lines") return t(this.network.columns.lines.kind[thing.index]!);
    return t("transformer");
  }
}

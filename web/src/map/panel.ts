// The study panel: what is tried, who goes dark, how to get back. Announced politely to screen readers.
import { number, Refused, say, t } from "../shared/api";
import { h } from "../shared/dom";
import type { Network } from "./network";
import type { Important, Study } from "./study";

export class Panel {
  readonly element = h("section", { class: "study-panel", "aria-live": "polite", "aria-label": t("Study mode") });

  constructor(
    private readonly network: Network,
    private readonly study: Study,
    private readonly page: HTMLElement,
  ) {
    study.listen(() => this.paint());
    this.paint();
  }

  private paint(): void {
    const { study } = this;
    this.page.classList.toggle("studying", study.active);
    this.element.hidden = !study.active;
    if (!study.active) return this.element.replaceChildren();
    const leave = h("button", { type: "button", class: "leave", onclick: () => void study.reset() }, t("Leave study mode"));
    this.element.replaceChildren(
      h("header", {}, h("h2", {}, t("Study mode")), h("p", {}, t("Nothing is operated in the field."))),
      this.result(),
      this.steps(),
      leave,
    );
  }

  private result(): HTMLElement {
    const { study } = this;
    if (study.failure) return h("p", { class: "refused", role: "alert" }, study.failure instanceof Refused ? study.failure.message : String(study.failure));
    if (!study.trace) return h("p", { class: "busy" }, t("Computing …"));
    const { dark, looped, feeders } = study.trace;
    const none = dark.units === 0 && dark.households === 0;
    return h("div", { class: study.busy ? "busy" : "" },
      none
        ? h("p", { class: "verdict good" }, h("span", { "aria-hidden": "true" }, "✓ "), t("Nobody goes dark."))
        : h("p", { class: "verdict bad" }, h("b", {}, number(dark.households)), " ", t("households go dark")),
      h("dl", { class: "counts" },
        ...pair(t("MV units"), number(dark.units)),
        ...pair(t("Households"), number(dark.households)),
        ...pair(t("Capacity, kVA"), number(dark.kva)),
        ...pair(t("Important customers"), number(dark.important.length))),
      looped.length > 0 && h("p", { class: "warning" }, h("span", { "aria-hidden": "true" }, "⚠ "), t("Two feeds are joined: this state is a loop.")),
      dark.important.length > 0 && this.important(dark.important),
      feeders.length > 0 && this.feeders(feeders));
  }

  private important(points: Important[]): HTMLElement {
    return h("details", {}, h("summary", {}, t("Important customers")),
      h("ul", {}, ...points.slice(0, 20).map((point) =>
        h("li", {}, h("span", { class: "tag" }, t(point.importance)), " ", point.name ?? point.usage_point,
          point.bearable_min === null ? "" : ` · ${t("bears")} ${number(point.bearable_min)} min`,
          point.life_support ? ` · ${t("life support")}` : ""))));
  }

  private feeders(changed: { id: string; before: number; after: number }[]): HTMLElement {
    const rows = changed.map(({ id, before, after }) => {
      const feeder = this.network.columns.feeders.find((one) => one.id === id);
      return h("tr", {}, h("th", { scope: "row" }, feeder ? say(feeder.name) : id), h("td", {}, number(before)), h("td", {}, number(after)));
    });
    return h("table", {}, h("caption", {}, t("Households per feeder")),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("Feeder")), h("th", { scope: "col" }, t("now")), h("th", { scope: "col" }, t("then")))),
      h("tbody", {}, ...rows));
  }

  private steps(): HTMLElement {
    const line = (index: number) => {
      const id = this.network.columns.switches.id[index]!;
      const action = this.study.closed(index) ? t("close") : t("open");
      const undo = h("button", { type: "button", class: "undo", "aria-label": `${t("Undo")}: ${action} ${id}`, onclick: () => void this.study.toggle(index) }, "×");
      return h("li", {}, h("span", { class: "tag" }, action), " ", id, undo);
    };
    return h("ul", { class: "tried" }, ...[...this.study.moved].map(line));
  }
}

function pair(label: string, value: string): [HTMLElement, HTMLElement] {
  return [h("dt", {}, label), h("dd", {}, value)];
}

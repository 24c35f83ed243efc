// Work on a piece of equipment: how to isolate it, who can be fed from elsewhere, and why the rest stays dead.
import { ask, instant, number, Refused, say, t } from "../shared/api";
import { h } from "../shared/dom";
import type { Name, Network } from "./network";
import type { Study } from "./study";

interface Isolation {
  to_open: string[];
  companions: string[];
  already_open_to_lock: string[];
  zone_sections: string[];
}

interface Transfer {
  isolation: Isolation;
  close: string[];
  open: string[];
  kept: { units: number; households: number };
  dark: { units: number; households: number };
  proven: boolean;
  flow: { highest_loading: Extreme | null; lowest_voltage: Extreme | null };
  certificate: { section: string; kind: string; message: Name; units: number; households: number }[];
}

interface Extreme {
  at: string | null;
  where: string;
  value: number;
  limit: number;
}

export class Work {
  readonly element = h("section", { class: "work-panel", "aria-label": t("Work and transfer") });
  private readonly answer = h("div", { class: "answer", "aria-live": "polite" });

  constructor(
    private readonly network: Network,
    private readonly study: Study,
  ) {
    this.element.hidden = true;
  }

  open(equipment: string): void {
    const day = new Date(Date.now() + 8 * 86_400_000);
    const start = h("input", { type: "datetime-local", name: "start", value: local(day, 8), required: true });
    const end = h("input", { type: "datetime-local", name: "end", value: local(day, 16), required: true });
    const form = h("form", { onsubmit: (event) => { event.preventDefault(); void this.compute(equipment, start.value, end.value); } },
      h("label", {}, t("Off from"), start), h("label", {}, t("back by"), end),
      h("button", { type: "submit", class: "primary" }, t("Compute isolation and transfer")));
    this.answer.replaceChildren();
    this.element.hidden = false;
    this.element.replaceChildren(
      h("header", {}, h("h2", {}, `${t("Work on")} ${equipment}`), h("button", { type: "button", class: "close", "aria-label": t("Close"), onclick: () => this.close() }, "×")),
      form, this.answer);
    start.focus();
  }

  close(): void {
    this.element.hidden = true;
  }

  private async compute(equipment: string, start: string, end: string): Promise<void> {
    this.answer.replaceChildren(h("p", { class: "busy" }, t("Computing …")));
    const path = `/api/networks/${encodeURIComponent(this.network.name)}`;
    try {
      const transfer = await ask<Transfer>(`${path}/transfer`, { equipment: [equipment], from: instant(start), to: instant(end) });
      this.show(transfer);
      await this.study.set(this.moves(transfer));
    } catch (error) {
      const findings = error instanceof Refused ? error.findings.map((finding) => h("li", {}, say(finding.message))) : [];
      this.answer.replaceChildren(h("div", { class: "refused", role: "alert" }, h("p", {}, error instanceof Refused ? error.message : String(error)), h("ul", {}, ...findings)));
    }
  }

  private moves(transfer: Transfer): { open: number[]; close: number[] } {
    const indices = (ids: string[]) => ids.map((id) => this.network.find(id)).filter((thing) => thing?.kind === "switches").map((thing) => thing!.index);
    const { to_open, companions } = transfer.isolation;
    return { open: indices([...to_open, ...companions, ...transfer.open]), close: indices(transfer.close) };
  }

  private show(transfer: Transfer): void {
    const { isolation, kept, dark } = transfer;
    const switches = (label: string, ids: string[]) => (ids.length ? h("li", {}, h("span", { class: "tag" }, label), " ", ids.join(", ")) : null);
    this.answer.replaceChildren(
      h("p", { class: "verdict good" }, h("b", {}, number(kept.households)), " ", t("households stay supplied by transfer")),
      h("p", { class: `verdict ${dark.households ? "bad" : ""}` }, h("b", {}, number(dark.households)), " ", t("households stay dead")),
      h("ul", { class: "tried" },
        switches(t("open"), [...isolation.companions, ...isolation.to_open]),
        switches(t("lock open"), isolation.already_open_to_lock),
        switches(t("close"), transfer.close),
        switches(t("open too"), transfer.open)),
      this.extremes(transfer),
      transfer.certificate.length > 0 && h("details", { open: true }, h("summary", {}, t("Why the rest stays dead")),
        h("ul", { class: "certificate" }, ...transfer.certificate.slice(0, 40).map((reason) =>
          h("li", {}, h("span", { class: "tag" }, t(reason.kind)), ` ${say(reason.message)} `, reason.households > 0 && h("span", { class: "soft" }, `${number(reason.households)} ${t("households")}`))))) || "",
    );
  }

  private extremes({ flow, proven }: Transfer): HTMLElement {
    const facts: string[] = [];
    if (flow.highest_loading) facts.push(`${t("highest loading")} ${number(flow.highest_loading.value)} / ${number(flow.highest_loading.limit)} A · ${flow.highest_loading.where}`);
    if (flow.lowest_voltage) facts.push(`${t("lowest voltage")} ${number(flow.lowest_voltage.value, 3)} pu · ${flow.lowest_voltage.where}`);
    facts.push(proven ? t("proven optimal") : t("best found, not proven"));
    return h("ul", { class: "soft facts" }, ...facts.map((fact) => h("li", {}, fact)));
  }
}

function local(day: Date, hour: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}T${two(hour)}:00`;
}

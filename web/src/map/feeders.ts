// The feeders with their customers; choosing one shows where it runs.
import { number, say, t } from "../shared/api";
import { h } from "../shared/dom";
import type { Network } from "./network";

export function feederList(network: Network, chosen: (feeder: number | null) => void): HTMLElement {
  let current: number | null = null;
  const rows = network.columns.feeders.map((feeder, index) => {
    const button = h("button", { type: "button", "aria-pressed": "false" },
      h("span", { class: "name" }, say(feeder.name)),
      h("span", { class: "figure" }, number(feeder.units)),
      h("span", { class: "figure" }, number(feeder.households)));
    button.addEventListener("click", () => {
      current = current === index ? null : index;
      rows.forEach((row, other) => row.firstElementChild!.setAttribute("aria-pressed", String(other === current)));
      chosen(current);
    });
    return h("li", {}, button);
  });
  return h("details", { class: "feeders", open: window.innerWidth > 900 },
    h("summary", {}, t("Feeders"), h("span", { class: "soft" }, ` ${rows.length}`)),
    h("p", { class: "feeder-head soft", "aria-hidden": "true" }, h("span", {}, t("Feeder")), h("span", {}, t("MV units")), h("span", {}, t("Households"))),
    h("ul", {}, ...rows));
}

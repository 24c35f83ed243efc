// What the shapes mean.
import { t } from "../shared/api";
import { h, svg } from "../shared/dom";
import { outline } from "./symbols";

export function legend(): HTMLElement {
  const symbol = (kind: number, className: string) =>
    svg("svg", { viewBox: "-4 -4 28 28", width: 22, height: 22, "aria-hidden": "true" },
      svg("g", { class: `switch ${className}` }, svg("circle", { cx: 10, cy: 10, r: 13, class: "halo" }), svg("path", { d: outline(kind), class: "body" }), svg("path", { d: "M10 6.5V13.5", class: "gap" })));
  const wire = (className: string) => svg("svg", { viewBox: "0 0 28 10", width: 28, height: 10, "aria-hidden": "true" }, svg("path", { d: "M1 5H27", class: className }));
  const row = (picture: Element, text: string) => h("li", {}, picture, h("span", {}, text));
  return h("details", { class: "legend" }, h("summary", {}, t("Legend")),
    h("ul", {},
      row(symbol(0, ""), t("breaker, closed")), row(symbol(1, ""), t("load-break switch, closed")), row(symbol(2, ""), t("disconnector, closed")),
      row(symbol(1, "open"), t("open (hollow, with a gap)")), row(symbol(1, "open moved"), t("moved in study mode")),
      row(wire("wire"), t("supplied")), row(wire("wire dead"), t("goes dark (red and dashed)"))));
}

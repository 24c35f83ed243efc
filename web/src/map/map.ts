// The map page: one network, two views of it, one study.
import "./map.css";
import { ask, t } from "../shared/api";
import { h, need } from "../shared/dom";
import { Card } from "./card";
import { feederList } from "./feeders";
import { Finder } from "./finder";
import { GeoView } from "./geo";
import { legend } from "./legend";
import { type Columns, Network, type Thing } from "./network";
import { OneLine } from "./oneline";
import { Panel } from "./panel";
import { Study } from "./study";
import { Work } from "./work";

type ViewName = "map" | "diagram";

class MapPage {
  private readonly study: Study;
  private readonly geo: GeoView;
  private readonly oneline: OneLine;
  private readonly card: Card;
  private readonly work: Work;
  private view: ViewName = "map";

  constructor(
    private readonly page: HTMLElement,
    private readonly network: Network,
  ) {
    this.study = new Study(network);
    this.geo = new GeoView(network, this.study, (thing) => this.select(thing));
    this.oneline = new OneLine(network, this.study, (thing) => this.select(thing), (thing) => void this.study.toggle(thing.index));
    this.work = new Work(network, this.study);
    this.card = new Card(network, this.study, (id) => this.work.open(id), () => this.select(null));
    const panel = new Panel(network, this.study, page);
    need(".map-side", page).replaceChildren(
      new Finder(network, (thing) => this.select(thing, true)).element,
      this.switcher(), this.layers(),
      feederList(network, (feeder) => this.highlight(feeder)), legend());
    need(".map-stage", page).replaceChildren(
      this.geo.element, this.oneline.element,
      h("div", { class: "study-banner", role: "status" }, h("b", {}, t("STUDY")), " ", t("Switches tried here are not operated.")));
    need(".map-panels", page).replaceChildren(panel.element, this.card.element, this.work.element);
    const wanted = new URLSearchParams(location.search);
    this.show(wanted.get("view") === "diagram" || !network.located ? "diagram" : "map");
    const chosen = network.find(wanted.get("equipment") ?? "");
    if (chosen) window.setTimeout(() => this.select(chosen, true), 300);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.select(null); });
  }

  private switcher(): HTMLElement {
    const button = (view: ViewName, label: string) =>
      h("button", { type: "button", "data-view": view, "aria-pressed": "false", disabled: view === "map" && !this.network.located, onclick: () => this.show(view) }, label);
    return h("div", { class: "switcher", role: "group", "aria-label": t("View") }, button("map", t("Map")), button("diagram", t("Single line")));
  }

  private layers(): HTMLElement {
    const box = (level: "mv" | "lv", label: string) =>
      h("label", {}, h("input", { type: "checkbox", checked: true, onchange: (event) => this.geo.level(level, (event.target as HTMLInputElement).checked) }), label);
    return h("fieldset", { class: "layers" }, h("legend", { class: "visually-hidden" }, t("Layers")), box("mv", t("Medium voltage")), box("lv", t("Low voltage")));
  }

  private show(view: ViewName): void {
    this.view = view;
    this.page.dataset["view"] = view;
    for (const button of this.page.querySelectorAll("[data-view][aria-pressed]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-view") === view));
    }
    if (view === "map") this.geo.show();
    else void this.oneline.show();
  }

  private select(thing: Thing | null, near = false): void {
    this.card.show(thing);
    this.geo.choose(thing, near);
    this.oneline.choose(thing);
  }

  private highlight(feeder: number | null): void {
    const nodes = feeder === null ? null : new Set(this.network.nodesOfFeeder(feeder));
    this.geo.mark(nodes, this.view === "map");
    this.oneline.mark(nodes, this.view === "diagram");
  }
}

async function open(page: HTMLElement): Promise<void> {
  const name = page.dataset["network"]!;
  try {
    new MapPage(page, new Network(name, await ask<Columns>(`/api/networks/${encodeURIComponent(name)}/map`)));
    page.dataset["ready"] = "true";
  } catch (error) {
    need(".map-stage", page).replaceChildren(h("p", { class: "refused", role: "alert" }, error instanceof Error ? error.message : String(error)));
  }
}

for (const page of document.querySelectorAll<HTMLElement>("[data-map]")) void open(page);

// Find any equipment by identity or name: a combobox that asks the server while one types.
import { ask, t } from "../shared/api";
import { h } from "../shared/dom";
import type { Network, Thing } from "./network";

interface Found {
  kind: string;
  id: string;
  name: string | null;
  at: string | null;
}

export class Finder {
  private readonly list = h("ul", { role: "listbox", id: "found", hidden: true });
  private readonly input = h("input", {
    type: "search", role: "combobox", "aria-controls": "found", "aria-expanded": "false", "aria-autocomplete": "list",
    autocomplete: "off", placeholder: t("Find a switch, line, transformer …"), "aria-label": t("Find equipment"), maxlength: 100,
  });
  readonly element = h("div", { class: "finder", role: "search" }, this.input, this.list);
  private turn = 0;
  private active = -1;

  constructor(
    private readonly network: Network,
    private readonly chosen: (thing: Thing) => void,
  ) {
    this.input.addEventListener("input", () => void this.search());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => window.setTimeout(() => this.close(), 150));
  }

  private async search(): Promise<void> {
    const words = this.input.value.trim();
    const turn = ++this.turn;
    if (!words) return this.close();
    const found = await ask<Found[]>(`/api/networks/${encodeURIComponent(this.network.name)}/search?q=${encodeURIComponent(words)}`);
    if (turn !== this.turn) return;
    this.active = -1;
    const options = found.map((one, index) => {
      const option = h("li", { role: "option", id: `found-${index}`, "aria-selected": "false" },
        h("span", {}, one.id), h("span", { class: "soft" }, `${t(one.kind)}${one.name ? ` · ${one.name}` : ""}`));
      option.addEventListener("pointerdown", (event) => { event.preventDefault(); this.take(one); });
      option.addEventListener("everlit:take", () => this.take(one));
      return option;
    });
    this.list.replaceChildren(...(options.length ? options : [h("li", { class: "soft" }, t("Nothing found."))]));
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  private key(event: KeyboardEvent): void {
    const options = [...this.list.querySelectorAll<HTMLElement>('[role="option"]')];
    if (event.key === "Escape") return this.close();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.active = Math.max(0, Math.min(options.length - 1, this.active + step));
      options.forEach((option, index) => option.setAttribute("aria-selected", String(index === this.active)));
      options[this.active]?.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", `found-${this.active}`);
    }
    if (event.key === "Enter") {
      event.preventDefault();
      (options[this.active] ?? options[0])?.dispatchEvent(new Event("everlit:take"));
    }
  }

  private take(found: Found): void {
    this.close();
    this.input.value = found.id;
    const thing = this.network.find(found.at ?? found.id);
    if (thing) this.chosen(thing);
  }

  private close(): void {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

// The month board: drag an outage or type a new date, see what changes, then save or leave it.
import "./board.css";
import { ask, instant, number, Refused, say, t, type Finding } from "../shared/api";
import { h, need } from "../shared/dom";

interface Side {
  hours: { units_h: number; households_h: number };
  affected: { households: number };
  important: unknown[];
  gates: { outcome: string; message: { en: string; zh: string } }[];
  start: string;
}

interface Preview {
  before: Side;
  after: Side;
  conflicts: Finding[];
  findings: Finding[];
}

interface Moved {
  outage: string;
  start: string;
  version: number;
}

const board = need<HTMLElement>("[data-board]");
const dialog = need<HTMLDialogElement>("dialog.move", board);
let dragged: HTMLElement | null = null;

function moved(element: HTMLElement): Moved {
  const { outage, move, start, version } = element.dataset;
  return { outage: outage ?? move ?? "", start: start ?? "", version: Number(version) };
}

for (const chip of board.querySelectorAll<HTMLElement>(".chip[data-outage]")) {
  chip.addEventListener("click", () => open(moved(chip)));
  chip.addEventListener("keydown", (event) => walk(event, chip));
  chip.addEventListener("dragstart", (event) => {
    dragged = chip;
    chip.classList.add("dragging");
    event.dataTransfer?.setData("text/plain", chip.dataset["outage"] ?? "");
  });
  chip.addEventListener("dragend", () => {
    chip.classList.remove("dragging");
    dragged = null;
  });
}

for (const cell of board.querySelectorAll<HTMLElement>(".cell[data-day]")) {
  cell.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    cell.classList.add("over");
  });
  cell.addEventListener("dragleave", () => cell.classList.remove("over"));
  cell.addEventListener("drop", (event) => {
    event.preventDefault();
    cell.classList.remove("over");
    if (!dragged) return;
    const what = moved(dragged);
    open(what, `${cell.dataset["day"]}T${what.start.slice(11)}`);
  });
}

for (const button of board.querySelectorAll<HTMLElement>("[data-move]")) button.addEventListener("click", () => open(moved(button)));

/** Arrow keys walk from chip to chip as they stand on the board. */
function walk(event: KeyboardEvent, from: HTMLElement): void {
  const ways: Record<string, [number, number]> = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const way = ways[event.key];
  if (!way) return;
  event.preventDefault();
  const here = from.getBoundingClientRect();
  let best: HTMLElement | null = null;
  let least = Infinity;
  for (const chip of board.querySelectorAll<HTMLElement>(".chip[data-outage]")) {
    const there = chip.getBoundingClientRect();
    const [dx, dy] = [there.left - here.left, there.top - here.top];
    const [along, across] = [dx * way[0] + dy * way[1], Math.abs(dx * way[1]) + Math.abs(dy * way[0])];
    if (along > 2 && along + 2 * across < least) [best, least] = [chip, along + 2 * across];
  }
  best?.focus();
}

function open(what: Moved, wanted = what.start): void {
  const input = h("input", { type: "datetime-local", name: "start", value: wanted, required: true, step: 900 });
  const reason = h("input", { name: "reason", maxlength: 1000 });
  const answer = h("div", { class: "consequences", "aria-live": "polite" });
  const save = h("button", { type: "button", class: "primary save", disabled: true }, t("Save the move"));
  const look = h("button", { type: "submit" }, t("See what changes"));
  let shown = "";
  const form = h("form", {
    onsubmit: (event) => {
      event.preventDefault();
      shown = input.value;
      void preview(what, shown, answer, save);
    },
  },
    h("label", {}, t("New start"), input), look);
  input.addEventListener("input", () => (save.disabled = true));
  save.addEventListener("click", () => void commit(what, shown, reason.value, answer, save));
  dialog.replaceChildren(
    h("h2", { id: "move-title" }, `${t("Move")} ${what.outage}`),
    h("p", { class: "soft" }, `${t("stands at")} ${what.start.replace("T", " ")}`),
    form, answer,
    h("label", { class: "why" }, t("Reason (needed once customers were told)"), reason),
    h("div", { class: "buttons" }, save,
      h("a", { class: "button", href: `/outages/${encodeURIComponent(what.outage)}` }, t("Open the assessment")),
      h("button", { type: "button", onclick: () => dialog.close() }, t("Leave it where it stands"))),
  );
  dialog.showModal();
  input.focus();
  if (wanted !== what.start) form.requestSubmit();
}

async function preview(what: Moved, start: string, answer: HTMLElement, save: HTMLButtonElement): Promise<void> {
  answer.replaceChildren(h("p", { class: "busy" }, t("Computing …")));
  save.disabled = true;
  try {
    const path = `/api/outages/${encodeURIComponent(what.outage)}/move?dry_run=true`;
    const seen = await ask<Preview>(path, { start: instant(start) });
    answer.replaceChildren(...consequences(seen));
    save.disabled = seen.conflicts.length > 0;
  } catch (error) {
    answer.replaceChildren(refusal(error));
  }
}

async function commit(what: Moved, start: string, reason: string, answer: HTMLElement, save: HTMLButtonElement): Promise<void> {
  save.disabled = true;
  try {
    await ask(`/api/outages/${encodeURIComponent(what.outage)}/move`, { start: instant(start), version: what.version, reason });
    location.reload();
  } catch (error) {
    answer.append(refusal(error));
  }
}

function consequences({ before, after, conflicts, findings }: Preview): HTMLElement[] {
  const rows: [string, number, number, number][] = [
    [t("Customer-hours"), before.hours.units_h, after.hours.units_h, 1],
    [t("Household-hours"), before.hours.households_h, after.hours.households_h, 1],
    [t("Households"), before.affected.households, after.affected.households, 0],
    [t("Important customers"), before.important.length, after.important.length, 0],
  ];
  const table = h("table", {},
    h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col", class: "num" }, t("now")), h("th", { scope: "col", class: "num" }, t("then")), h("th", { scope: "col", class: "num" }, t("difference")))),
    h("tbody", {}, ...rows.map(([label, was, is, digits]) =>
      h("tr", {}, h("th", { scope: "row" }, label), h("td", { class: "num" }, number(was, digits)), h("td", { class: "num" }, number(is, digits)), difference(is - was, digits)))));
  const problems = [...conflicts, ...findings];
  const list = problems.length
    ? h("div", { class: "refused" }, h("b", {}, t("Stands against it:")), h("ul", {}, ...problems.map((one) => h("li", {}, say(one.message)))))
    : h("p", { class: "fine" }, h("span", { "aria-hidden": "true" }, "✓ "), t("Nothing stands against this time."));
  return [table, list, h("p", { class: "soft" }, t("Moving voids an approval; customers who were told must be told again."))];
}

function difference(value: number, digits: number): HTMLElement {
  const none = Math.abs(value) < 0.05;
  const sign = value > 0 ? "+" : "−";
  return h("td", { class: `num ${none ? "soft" : value > 0 ? "worse" : "better"}` }, none ? "0" : `${sign}${number(Math.abs(value), digits)}`);
}

function refusal(error: unknown): HTMLElement {
  const findings = error instanceof Refused ? error.findings.map((one) => h("li", {}, say(one.message))) : [];
  return h("div", { class: "refused", role: "alert" }, h("p", {}, error instanceof Error ? error.message : String(error)), h("ul", {}, ...findings));
}

const linked = board.querySelector<HTMLElement>(`[data-outage="${CSS.escape(decodeURIComponent(location.hash.slice(1)))}"]`);
linked?.focus();

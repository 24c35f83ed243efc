// The outage board: counts down every second, asks again every quarter of a minute, says new alarms aloud,
// and says so when it could not ask: stale is never "unchanged".
import "./now.css";
import { t } from "../shared/api";
import { need } from "../shared/dom";

const AGAIN_MS = 15_000;
const STALE_MS = 45_000;
const ALARMS = ["at_risk", "first_alarm", "second_alarm", "due", "late"];

const page = need<HTMLElement>("[data-board-now]");
const title = document.title;
let board = need<HTMLElement>("#now", page);
let skew = skewOf(board);
let renewed = Date.now();

/** How far the browser's clock is behind the one of the server. */
function skewOf(element: HTMLElement): number {
  return Date.parse(element.dataset["now"] ?? "") - Date.now();
}

/** Hours and minutes from an hour on, minutes and seconds below. */
function lasting(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes >= 60 ? `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min` : `${minutes}:${two(seconds % 60)} min`;
}

function tick(): void {
  const now = Date.now() + skew;
  for (const element of board.querySelectorAll<HTMLElement>("[data-due]")) {
    const left = Date.parse(element.dataset["due"] ?? "") - now;
    element.textContent = (left < 0 ? "+" : "") + lasting(left);
    element.classList.toggle("past", left < 0);
  }
  const clock = board.querySelector<HTMLTimeElement>("[data-clock]");
  if (clock) clock.textContent = local(now);
  const stale = board.querySelector<HTMLElement>("[data-stale]");
  if (stale) stale.hidden = Date.now() - renewed < STALE_MS;
}

/** The wall clock of the utility, which is not the browser's. */
function local(now: number): string {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)/.exec(document.documentElement.dataset["offset"] ?? "") ?? [];
  const ahead = (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  return new Date(now + ahead).toISOString().slice(0, 19).replace("T", " ");
}

function risks(element: HTMLElement): Map<string, HTMLElement> {
  return new Map([...element.querySelectorAll<HTMLElement>("[data-risk]")].map((card) => [card.dataset["outage"] ?? "", card]));
}

/** Cards that became worse than they were are said aloud, and the number of alarms stands in the title. */
function warn(before: HTMLElement, after: HTMLElement): void {
  const known = risks(before);
  const said: string[] = [];
  let alarms = 0;
  for (const [name, card] of risks(after)) {
    const risk = card.dataset["risk"] ?? "";
    if (!ALARMS.includes(risk)) continue;
    alarms += 1;
    if (known.get(name)?.dataset["risk"] !== risk) said.push(`${name}: ${card.dataset["said"] ?? risk}`);
  }
  document.title = alarms ? `(${alarms}!) ${title}` : title;
  if (said.length) need<HTMLElement>("[data-alarm]", page).textContent = `${t("Alarm")} ${said.join("; ")}`;
}

async function renew(): Promise<void> {
  const response = await fetch(location.href, { cache: "no-store" });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector<HTMLElement>("#now");
  if (!fresh) return;
  const focused = document.activeElement?.getAttribute("href");
  warn(board, fresh);
  board.replaceWith(fresh);
  board = fresh;
  skew = skewOf(fresh);
  renewed = Date.now();
  if (focused) board.querySelector<HTMLElement>(`[href="${CSS.escape(focused)}"]`)?.focus();
  tick();
}

warn(document.createElement("div"), board);
tick();
window.setInterval(tick, 1000);
window.setInterval(() => void renew().catch(() => undefined), AGAIN_MS);

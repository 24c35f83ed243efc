// The JSON API as the islands use it: one function, refusals as errors that carry their findings.

export interface Finding {
  kind: string;
  subject: string;
  severity: "error" | "warning" | "note";
  message: { en: string; zh: string };
}

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly findings: Finding[],
  ) {
    super(message);
  }
}

export async function ask<T>(path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) {
    throw new Refused(response.status, say({ en: answer.detail, zh: answer.detail_zh }), answer.findings ?? []);
  }
  return answer as T;
}

export const language: "en" | "zh" = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

/** What was typed as local time of the utility, as an instant. */
export function instant(local: string): string {
  return `${local}:00${document.documentElement.dataset["offset"] ?? "Z"}`;
}

export function say(text: { en: string; zh: string }): string {
  return text[language];
}

// Words of the islands come from the page's catalogue, so that English and Chinese stand in one place.
const words: Record<string, string> = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

export function t(text: string): string {
  return words[text] ?? text;
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString(language === "zh" ? "zh-CN" : "en-GB", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

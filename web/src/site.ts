// On every page: fonts, styles, who acts, filters that apply themselves.
import "@fontsource/noto-sans-sc/400.css";
import "@fontsource/noto-sans-sc/700.css";
import "htmx.org";
import "./site.css";

function keep(name: string, value: string): void {
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=strict`;
}

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-who]")) {
  form.addEventListener("change", (event) => {
    for (const [name, value] of new FormData(form)) if (name !== "back") keep(name, String(value));
    // What waits for whom, and what may be done, depends on the role.
    if ((event.target as HTMLElement).getAttribute("name") === "role") location.reload();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.reload();
  });
}

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-pick], form[data-auto]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// What takes long says so and cannot be sent twice.
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-slow]")) {
  form.addEventListener("submit", () => {
    window.setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)));
    const note = document.createElement("span");
    note.setAttribute("role", "status");
    note.textContent = form.dataset["slow"] ?? "";
    form.append(note);
  });
}

document.querySelector<HTMLElement>(".refused[tabindex]")?.focus();

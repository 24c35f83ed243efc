// On every page: fonts, styles, who acts.
import "@fontsource/noto-sans-sc/400.css";
import "@fontsource/noto-sans-sc/700.css";
import "htmx.org";
import "./site.css";

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-who]")) {
  const keep = () => {
    for (const [name, value] of new FormData(form)) {
      document.cookie = `${name}=${encodeURIComponent(String(value))}; path=/; max-age=31536000; samesite=strict`;
    }
  };
  form.addEventListener("change", keep);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep();
  });
}

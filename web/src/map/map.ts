// The map island: the network over its coordinates; clicking a switch enters study mode and asks at once who goes dark.
import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import "maplibre-gl/dist/maplibre-gl.css";
import "./map.css";
import { ask } from "../shared/api";
import { Picture, type Columns } from "./network";
import { Study } from "./study";
import { styleOf, switchImages } from "./style";

setWorkerUrl(workerUrl);

async function draw(page: HTMLElement): Promise<void> {
  const name = page.dataset["network"]!;
  const picture = new Picture(await ask<Columns>(`/api/networks/${encodeURIComponent(name)}/map`));
  const canvas = document.createElement("div");
  canvas.className = "map-canvas";
  page.append(canvas);
  const map = new MapLibre({
    container: canvas,
    style: styleOf(picture),
    bounds: picture.bounds(),
    fitBoundsOptions: { padding: 40 },
    attributionControl: false,
    maxZoom: 22,
  });
  map.addControl(new NavigationControl({ showCompass: true }), "top-left");
  map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
  const images = switchImages();
  map.on("styleimagemissing", ({ id }) => {
    const image = images.get(id);
    if (image && !map.hasImage(id)) map.addImage(id, image, { pixelRatio: 2 });
  });
  const study = new Study(page, map, picture, name);
  map.on("click", "switches", (event) => {
    const index = event.features?.[0]?.properties?.["index"];
    if (typeof index === "number") void study.toggle(index);
  });
  map.on("mouseenter", "switches", () => (map.getCanvas().style.cursor = "pointer"));
  map.on("mouseleave", "switches", () => (map.getCanvas().style.cursor = ""));
}

for (const page of document.querySelectorAll<HTMLElement>("[data-map]")) void draw(page);

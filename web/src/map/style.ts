// How the map looks: calm greys; what is dark or chosen stands out by colour, width and dashes together.
import type { LayerSpecification } from "maplibre-gl";
import { INK } from "./symbols";

const LOW = "#a9b7be";
const DEAD = "#b3261e";
const CHOSEN = "#0b57d0";

export function layers(): LayerSpecification[] {
  const wide = (least: number, most: number) => ["interpolate", ["linear"], ["zoom"], 10, least, 17, most] as unknown as number;
  return [
    { id: "paper", type: "background", paint: { "background-color": "#f3f5f6" } },
    {
      id: "marked", type: "line", source: "marked", layout: { "line-cap": "round" },
      paint: { "line-color": "#c3d4dc", "line-width": wide(9, 22) },
    },
    {
      id: "chosen", type: "line", source: "chosen", filter: ["==", ["geometry-type"], "LineString"], layout: { "line-cap": "round" },
      paint: { "line-color": CHOSEN, "line-opacity": 0.35, "line-width": wide(9, 20) },
    },
    {
      id: "lv-lines", type: "line", source: "lines", minzoom: 13.5, filter: ["==", ["get", "level"], "lv"],
      paint: { "line-color": LOW, "line-width": ["interpolate", ["linear"], ["zoom"], 13, 0.4, 18, 2.2] },
    },
    {
      id: "mv-lines", type: "line", source: "lines", filter: ["!=", ["get", "level"], "lv"],
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": "#5c7480", "line-width": wide(1.6, 4.5) },
    },
    {
      id: "dark", type: "line", source: "dark",
      paint: { "line-color": DEAD, "line-width": wide(3.4, 7), "line-dasharray": [1.6, 1.1] },
    },
    {
      id: "transformers", type: "circle", source: "transformers",
      paint: {
        "circle-radius": wide(2.4, 9),
        "circle-color": "#ffffff",
        "circle-stroke-color": INK,
        "circle-stroke-width": 1.5,
      },
    },
    {
      id: "chosen-ring", type: "circle", source: "chosen", filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-radius": wide(10, 26), "circle-color": CHOSEN, "circle-opacity": 0.12, "circle-stroke-color": CHOSEN, "circle-stroke-width": 2 },
    },
    {
      id: "switches", type: "symbol", source: "switches",
      filter: ["any", ["get", "first"], [">=", ["zoom"], 13.6]],
      layout: {
        "icon-image": ["get", "image"],
        "icon-allow-overlap": true,
        "icon-rotate": ["get", "bearing"],
        "icon-rotation-alignment": "map",
        "icon-offset": ["match", ["get", "rank"], 0, ["literal", [0, -26]], 1, ["literal", [0, -50]], ["literal", [0, -74]]],
        "icon-size": ["interpolate", ["linear"], ["zoom"], 11, ["case", ["get", "first"], 0.65, 0.4], 14, ["case", ["get", "first"], 0.8, 0.55], 18, 1],
        "symbol-sort-key": ["case", ["get", "moved"], 2, ["get", "first"], 1, 0],
      },
    },
  ];
}

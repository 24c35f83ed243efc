// How the network looks: grey when normal, red and dashed when dark, shape for open and closed.
import type { StyleSpecification } from "maplibre-gl";
import type { Picture } from "./network";

const LIVE = "#47606d";
const DEAD = "#b3261e";
const LOW = "#9fb0b8";

const dead = ["boolean", ["feature-state", "dead"], false] as unknown as boolean;

export function styleOf(picture: Picture): StyleSpecification {
  const closed = picture.columns.switches.closed;
  return {
    version: 8,
    sources: {
      lines: { type: "geojson", data: picture.lines() },
      transformers: { type: "geojson", data: picture.transformers() },
      switches: { type: "geojson", data: picture.switches(closed) },
    },
    layers: [
      { id: "paper", type: "background", paint: { "background-color": "#f5f7f8" } },
      {
        id: "lv-lines", type: "line", source: "lines", filter: ["==", ["get", "level"], "lv"],
        paint: {
          "line-color": ["case", dead, DEAD, LOW],
          "line-width": ["interpolate", ["linear"], ["zoom"], 11, 0.3, 17, 2],
        },
      },
      {
        id: "mv-lines", type: "line", source: "lines", filter: ["==", ["get", "level"], "mv"],
        paint: {
          "line-color": ["case", dead, DEAD, LIVE],
          "line-width": ["interpolate", ["linear"], ["zoom"], 10, 1.4, 17, 5],
        },
      },
      {
        id: "transformers", type: "circle", source: "transformers",
        paint: {
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, 2, 17, 8],
          "circle-color": ["case", dead, DEAD, "#ffffff"],
          "circle-stroke-color": ["case", dead, DEAD, LIVE],
          "circle-stroke-width": 1.5,
        },
      },
      {
        id: "switches", type: "symbol", source: "switches",
        filter: ["any", ["==", ["get", "level"], "mv"], [">=", ["zoom"], 16], ["get", "moved"]],
        layout: {
          "icon-image": ["concat", ["case", ["get", "moved"], "moved-", ["get", "tie"], "tie-", ""], ["case", ["get", "closed"], "closed", "open"]],
          "icon-allow-overlap": true,
          "icon-size": ["interpolate", ["linear"], ["zoom"], 10, 0.35, 14, 0.7, 18, 1.2],
        },
      },
    ],
  };
}

// A closed switch is a filled square, an open one a hollow square with a gap; ties are blue-framed, moved ones violet.
export function switchImages(): Map<string, ImageData> {
  const colours: [string, string][] = [["", LIVE], ["tie-", "#0b57d0"], ["moved-", "#5b3fa0"]];
  return new Map(
    colours.flatMap(([prefix, colour]) => [
      [`${prefix}closed`, square(colour, true)] as const,
      [`${prefix}open`, square(colour, false)] as const,
    ]),
  );
}

function square(colour: string, filled: boolean): ImageData {
  const size = 28;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = filled ? colour : "#ffffff";
  pen.strokeStyle = colour;
  pen.lineWidth = 4;
  pen.fillRect(4, 4, size - 8, size - 8);
  pen.strokeRect(4, 4, size - 8, size - 8);
  return pen.getImageData(0, 0, size, size);
}

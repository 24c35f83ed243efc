// Switch symbols in a box of 20 by 20: the outline says the kind, filled is closed, hollow with a gap is open.
import { SWITCH_KINDS } from "./network";

const OUTLINES: Record<(typeof SWITCH_KINDS)[number], string> = {
  breaker: "M4 4H16V16H4Z",
  load_break_switch: "M10 3.5A6.5 6.5 0 1 1 9.99 3.5Z",
  disconnector: "M10 2.5L17.5 10L10 17.5L2.5 10Z",
  fuse: "M3 6.5H17V13.5H3Z",
  recloser: "M4 4H16V16H4Z",
  sectionaliser: "M10 3L17 16H3Z",
  ground_disconnector: "M3 5H17L10 17Z",
};

export function outline(kind: number): string {
  return OUTLINES[SWITCH_KINDS[kind] ?? "breaker"];
}

export interface Look {
  kind: number;
  closed: boolean;
  moved: boolean;
}

export const INK = "#2f454f";
export const STUDY = "#5b3fa0";

/** The symbol as a picture for the map, drawn at four pixels a unit so that it stays sharp. */
export function picture({ kind, closed, moved }: Look): ImageData {
  const scale = 4;
  const size = 28 * scale;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d")!;
  pen.scale(scale, scale);
  pen.translate(4, 4);
  const colour = moved ? STUDY : INK;
  if (moved) {
    pen.beginPath();
    pen.arc(10, 10, 12.5, 0, 2 * Math.PI);
    pen.fillStyle = "#efeaf9";
    pen.fill();
    pen.lineWidth = 1.5;
    pen.strokeStyle = STUDY;
    pen.stroke();
  }
  const path = new Path2D(outline(kind));
  pen.lineJoin = "round";
  pen.lineWidth = 2.2;
  pen.strokeStyle = colour;
  pen.fillStyle = closed ? colour : "#ffffff";
  pen.fill(path);
  pen.stroke(path);
  if (!closed) {
    pen.beginPath();
    pen.moveTo(10, 7);
    pen.lineTo(10, 13);
    pen.lineWidth = 2;
    pen.stroke();
  }
  return pen.getImageData(0, 0, size, size);
}

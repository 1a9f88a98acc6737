"use strict";
// An arena over time, on a canvas. Rectangles are painted into a buffer of pixels: no matter how many there are, a
// frame costs what its pixels cost.

// CSS pixels around and below the map.
const LEFT = 70, RIGHT = 12, TOP = 16, CURVE = 58, LOW_CURVE = 34, GAP = 22, OVERVIEW_GAP = 9, OVERVIEW = 16,
      BOTTOM = 4;
const FONT = "11px system-ui, sans-serif";
const LABELS = 400;  // the largest that fit

const HATCHES = {
  "": () => false,
  "/": (x, y) => ((x + y) & 7) < 2,
  "\\": (x, y) => ((x - y) & 7) < 2,
  "-": (x, y) => (y & 7) < 2,
  "#": (x, y) => (y & 7) === 0 || (x & 7) === 0,
};

function parseColor(text) {
  const n = parseInt(text.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}
function mix(a, b, share) {
  return a.map((v, i) => Math.round(v * (1 - share) + b[i] * share));
}
function packed([r, g, b]) {
  return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
}

// Colours of the current theme, as the canvas needs them.
function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue("--" + name).trim();
  const theme = {};
  for (const name of ["paper", "ink", "soft", "line", "grid", "peak", "bound", "live", "focus", "empty", "faded"]) {
    theme[name] = color(name);
  }
  theme.emptyPixel = packed(parseColor(theme.empty));
  theme.fadedPixel = packed(parseColor(theme.faded));
  return theme;
}

// A power of two apart, in the largest unit of which that is at least a quarter: "0.5 MiB", "1.25 MiB".
function byteTicks(y0, y1, most) {
  let step = 1;
  while ((y1 - y0) / step > most) step *= 2;
  let unit = 0;
  while (unit < UNITS.length - 1 && step * 4 >= 1024 ** (unit + 1)) unit++;
  const ticks = [];
  for (let v = Math.ceil(y0 / step) * step; v <= y1; v += step) {
    ticks.push([v, v === 0 ? "0" : (v / 1024 ** unit).toLocaleString("en") + " " + UNITS[unit]]);
  }
  return ticks;
}

function stepTicks(x0, x1, most) {
  let step = 1;
  for (let k = 0; (x1 - x0) / step > most; k++) step = k % 3 === 1 ? step / 2 * 5 : step * 2;
  const ticks = [];
  for (let v = Math.ceil(x0 / step) * step; v <= x1; v += step) ticks.push([v, formatCount(v)]);
  return ticks;
}

class ArenaMap {
  // `shared.view` is what is seen, in steps and in shares of `arena.top`, as spaces differ in size; `shared.matches`
  // a byte a tensor, or null for all.
  constructor(arena, canvas, shared) {
    this.arena = arena;
    this.canvas = canvas;
    this.shared = shared;
    this.hovered = -1;  // a tensor
    this.context = canvas.getContext("2d");
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const box = this.canvas.getBoundingClientRect();
    this.ratio = ratio;
    this.width = Math.max(160, box.width);
    this.height = Math.max(140, box.height);
    this.curve = this.height < 260 ? LOW_CURVE : CURVE;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.still = document.createElement("canvas");  // all but what follows the pointer
    this.still.width = this.canvas.width;
    this.still.height = this.canvas.height;
    this.layOut();
  }

  layOut() {
    const left = this.shared.left;
    const below = GAP + this.curve + OVERVIEW_GAP + OVERVIEW + BOTTOM;
    this.plot = { x: left, y: TOP, w: this.width - left - RIGHT, h: this.height - TOP - below };
    const pixels = (length) => Math.max(1, Math.round(length * this.ratio));
    this.image = this.context.createImageData(pixels(this.plot.w), pixels(this.plot.h));
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  // Labels of bytes may be of any length: what they need, from the edge to the map.
  roomForLabels() {
    const { context: c, view, plot } = this;
    c.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    c.font = FONT;
    const labels = byteTicks(view.y0, view.y1, Math.max(2, plot.h / 44)).map(([, label]) => label);
    return Math.ceil(
               [...labels, "live bytes" ].reduce((most, label) => Math.max(most, c.measureText(label).width), 0)) +
        12;
  }

  // What is seen, in steps and bytes.
  get view() {
    const { x0, x1, y0, y1 } = this.shared.view;
    return { x0, x1, y0: y0 * this.arena.top, y1: y1 * this.arena.top };
  }

  xOf(step) { return this.plot.x + (step - this.view.x0) * this.plot.w / (this.view.x1 - this.view.x0); }
  yOf(bytes) { return this.plot.y + (this.view.y1 - bytes) * this.plot.h / (this.view.y1 - this.view.y0); }
  stepAt(x) { return this.view.x0 + (x - this.plot.x) * (this.view.x1 - this.view.x0) / this.plot.w; }
  bytesAt(y) { return this.view.y1 - (y - this.plot.y) * (this.view.y1 - this.view.y0) / this.plot.h; }

  // The tensor under a point of the canvas, or -1.
  tensorAt(x, y) {
    const { plot } = this;
    if (x < plot.x || x > plot.x + plot.w || y < plot.y || y > plot.y + plot.h) return -1;
    const k = this.arena.at(this.stepAt(x), this.bytesAt(y), this.stepAt(x + 2) - this.stepAt(x),
                            this.bytesAt(y - 2) - this.bytesAt(y));
    return k < 0 ? -1 : this.arena.tensor[k];
  }

  draw(theme) {
    const { context: c, ratio } = this;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.fillStyle = theme.paper;
    c.fillRect(0, 0, this.width, this.height);
    c.font = FONT;
    const large = this.paint(theme);
    c.putImageData(this.image, Math.round(this.plot.x * ratio), Math.round(this.plot.y * ratio));
    this.drawAxes(theme);
    this.drawCurve(theme);
    this.drawOverview(theme);
    this.drawLabels(large, theme);
    this.drawBounds(theme);
    this.still.getContext("2d").drawImage(this.canvas, 0, 0);
    this.drawOver(theme);
  }

  // All rectangles of the view into the pixels; gives those that have room for a name: [k, x0, y0, x1, y1].
  paint(theme) {
    const { arena, pixels, image: { width: w, height: h }, view, shared: { matches, looks } } = this;
    const groups = groupsOf(arena);
    const sx = w / (view.x1 - view.x0), sy = h / (view.y1 - view.y0);
    const large = [];
    pixels.fill(theme.emptyPixel);
    const minWidth = 40 * this.ratio, minHeight = 13 * this.ratio;
    const fill = (k, shown) => {
      const i = arena.tensor[k];
      let x0 = Math.max(0, Math.floor((arena.x0[k] - view.x0) * sx));
      let y0 = Math.max(0, Math.floor((view.y1 - arena.y1[k]) * sy));
      x0 = Math.min(x0, w - 1);
      y0 = Math.min(y0, h - 1);
      let x1 = Math.max(x0 + 1, Math.min(w, Math.floor((arena.x1[k] - view.x0) * sx)));
      let y1 = Math.max(y0 + 1, Math.min(h, Math.floor((view.y1 - arena.y0[k]) * sy)));
      if (x1 - x0 >= minWidth && y1 - y0 >= minHeight) large.push([k, x0, y0, x1, y1]);
      if (x1 - x0 > 2) x1--;  // a hair of ground between neighbours
      if (y1 - y0 > 2) y0++;
      const { fill: own, line, hatch } = looks[groups[i]];
      const color = shown ? own : theme.fadedPixel;
      for (let y = y0; y < y1; y++) pixels.fill(color, y * w + x0, y * w + x1);
      if (!shown || hatch === "" || x1 - x0 < 8 || y1 - y0 < 8) return;
      const isLine = HATCHES[hatch];
      for (let y = y0; y < y1; y++) {
        for (let x = x0; x < x1; x++) if (isLine(x, y)) pixels[y * w + x] = line;
      }
    };
    if (matches) {
      // First what does not match: it must not hide what does, where many share a pixel.
      arena.forEachIn(view, (k) => { if (!matches[arena.tensor[k]]) fill(k, false); });
      arena.forEachIn(view, (k) => { if (matches[arena.tensor[k]]) fill(k, true); });
    } else {
      arena.forEachIn(view, (k) => fill(k, true));
    }
    return large;
  }

  drawLabels(large, theme) {
    const { context: c, arena, ratio, shared: { matches, looks } } = this;
    const groups = groupsOf(arena);
    large.sort((a, b) => (b[3] - b[1]) * (b[4] - b[2]) - (a[3] - a[1]) * (a[4] - a[2]));
    c.textBaseline = "middle";
    c.textAlign = "left";
    for (const [k, x0, y0, x1, y1] of large.slice(0, LABELS)) {
      const i = arena.tensor[k];
      const shown = !matches || matches[i];
      c.fillStyle = !shown ? theme.soft : looks[groups[i]].dark ? "#14181d" : "#ffffff";
      const room = (x1 - x0) / ratio - 10;
      const x = this.plot.x + x0 / ratio + 5, y = this.plot.y + y0 / ratio, height = (y1 - y0) / ratio;
      const two = height >= 30;
      const name = this.cut(arena.graph.label(i), room);
      if (name) c.fillText(name, x, y + height / 2 - (two ? 7 : -1));
      const size = formatBytes(arena.graph.size[i]);
      if (two && c.measureText(size).width <= room) c.fillText(size, x, y + height / 2 + 7);
    }
  }

  // The text, cut to `room` pixels; empty where that leaves less than four letters. Of a path the end is kept: names of
  // one network begin alike.
  cut(text, room) {
    const isPath = text.includes("/");
    const short = text.length <= 200 ? text : isPath ? text.slice(-200) : text.slice(0, 200);
    const width = this.context.measureText(short).width;
    if (width <= room && short === text) return text;
    const letters = Math.floor(short.length * (room - 9) / width);
    if (letters < 4) return "";
    return isPath ? "…" + short.slice(-letters) : short.slice(0, letters) + "…";
  }

  drawAxes(theme) {
    const { context: c, plot, view, curve } = this;
    const foot = plot.y + plot.h + GAP + curve;
    c.fillStyle = theme.soft;
    c.strokeStyle = theme.line;
    c.lineWidth = 1;
    c.textBaseline = "middle";
    c.textAlign = "right";
    for (const [value, label] of byteTicks(view.y0, view.y1, Math.max(2, plot.h / 44))) {
      const y = Math.round(this.yOf(value)) + 0.5;
      c.fillText(label, plot.x - 9, Math.min(y, plot.y + plot.h - 1));
      this.line(plot.x - 5, y, plot.x, y);
    }
    c.textAlign = "center";
    for (const [value, label] of stepTicks(view.x0, view.x1, Math.max(2, plot.w / 80))) {
      const x = Math.round(this.xOf(value)) + 0.5;
      if (x > plot.x + plot.w + 1) continue;
      const half = c.measureText(label).width / 2;
      c.fillText(label, Math.min(Math.max(x, plot.x + half), this.width - half - 1), plot.y + plot.h + GAP / 2 + 1);
      this.line(x, plot.y + plot.h, x, plot.y + plot.h + 4);
      this.line(x, foot, x, foot + 4);
    }
    c.textAlign = "right";
    c.fillText("step", plot.x - 9, plot.y + plot.h + GAP / 2 + 1);
    c.fillText("live bytes", plot.x - 9, foot - curve / 2);
    c.fillText("all steps", plot.x - 9, foot + OVERVIEW_GAP + OVERVIEW / 2);
    c.strokeRect(plot.x - 0.5, plot.y - 0.5, plot.w + 1, plot.h + 1);
  }

  line(x0, y0, x1, y1) {
    this.context.beginPath();
    this.context.moveTo(x0, y0);
    this.context.lineTo(x1, y1);
    this.context.stroke();
  }

  rule(y, color, dash) {
    const { context: c, plot } = this;
    c.strokeStyle = color;
    c.lineWidth = 1.5;
    c.setLineDash(dash);
    this.line(plot.x, y, plot.x + plot.w, y);
    c.setLineDash([]);
    c.lineWidth = 1;
  }

  // Lines across the map, each named beside it: none over another's name, nor outside of the map.
  drawBounds(theme) {
    const { arena: { peak_bytes: peak, lower_bound_bytes: bound, capacity }, plot } = this;
    const lines = [
      {
        bytes: peak,
        name: (peak === bound ? "peak = lower bound, " : "peak ") + formatBytes(peak),
        color: theme.peak,
        dash: []
      },
    ];
    if (peak !== bound)
      lines.push({ bytes: bound, name: "lower bound " + formatBytes(bound), color: theme.bound, dash: [6, 4] });
    if (capacity !== undefined) {
      lines.push({ bytes: capacity, name: "capacity " + formatBytes(capacity), color: theme.ink, dash: [2, 3] });
    }
    const inside = (y) => y > plot.y - 1 && y < plot.y + plot.h + 1;
    const seen = lines.map((line) => ({ ...line, y: this.yOf(line.bytes) })).filter(({ y }) => inside(y));
    for (const { y, color, dash } of seen) this.rule(y, color, dash);
    this.tags = [];  // where names stand
    for (const { y, name, color } of seen) {
      const fits = (at) => at > plot.y + 6 && at < plot.y + plot.h - 6 &&
          this.tags.every((tag) => Math.abs(tag.y - at) > 13) && seen.every((line) => Math.abs(line.y - at) > 6);
      const places = [y - 8, y + 9];
      for (let away = 1; away < 4; away++) places.push(y - 8 - 14 * away, y + 9 + 14 * away);
      const at = places.find(fits);
      if (at !== undefined) this.tag(name, at, color, theme.paper);
    }
  }

  tag(text, y, color, ground) {
    const { context: c, plot } = this;
    c.textAlign = "right";
    c.textBaseline = "middle";
    const right = plot.x + plot.w - 6;
    const width = c.measureText(text).width;
    this.tags.push({ text, y, x: right - width, width });
    c.globalAlpha = 0.85;
    c.fillStyle = ground;
    c.fillRect(right - width - 4, y - 7, width + 8, 14);
    c.globalAlpha = 1;
    c.fillStyle = color;
    c.fillText(text, right, y);
  }
}

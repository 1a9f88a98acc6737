"use strict";
// An arena over time, on a canvas. Rectangles are painted into a buffer of pixels: no matter how many there are, a
// frame costs what its pixels cost.

const LEFT = 76, RIGHT = 12, TOP = 16, CURVE = 58, GAP = 22, BOTTOM = 22;  // CSS pixels around and below the map
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
  // Neighbours of a class differ; all move away from the colour of what is written on them.
  theme.shades = CLASSES.map((c) => [0, 0.15, 0.3].map((share) => packed(mix(parseColor(c.color), c.dark ? [255, 255, 255] : [0, 0, 0], share))));
  theme.hatches = CLASSES.map((c) => packed(mix(parseColor(c.color), [255, 255, 255], 0.45)));
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
  // `shared.view` is what is seen, in steps and in shares of `arena.top`, as spaces differ in size; `shared.matches` a byte
  // a tensor, or null for all.
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
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.plot = { x: LEFT, y: TOP, w: this.width - LEFT - RIGHT, h: this.height - TOP - GAP - CURVE - BOTTOM };
    const pixels = (length) => Math.max(1, Math.round(length * ratio));
    this.image = this.context.createImageData(pixels(this.plot.w), pixels(this.plot.h));
    this.pixels = new Uint32Array(this.image.data.buffer);
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
    c.font = "11px system-ui, sans-serif";
    const large = this.paint(theme);
    c.putImageData(this.image, Math.round(this.plot.x * ratio), Math.round(this.plot.y * ratio));
    this.drawAxes(theme);
    this.drawCurve(theme);
    this.drawBounds(theme);
    this.drawLabels(large, theme);
    this.outline(this.shared.selected, theme.ink, 3, theme);
    this.outline(this.hovered, theme.ink, 1.5, theme);
  }

  // All rectangles of the view into the pixels; gives those that have room for a name: [k, x0, y0, x1, y1].
  paint(theme) {
    const { arena, pixels, image: { width: w, height: h }, view, shared: { matches } } = this;
    const { graph } = arena;
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
      if (x1 - x0 > 3) x1--;  // a hair of ground between neighbours
      if (y1 - y0 > 3) y0++;
      const kind = graph.kind[i];
      const color = shown ? theme.shades[kind][i % 3] : theme.fadedPixel;
      for (let y = y0; y < y1; y++) pixels.fill(color, y * w + x0, y * w + x1);
      const hatch = CLASSES[kind].hatch;
      if (!shown || hatch === "" || x1 - x0 < 8 || y1 - y0 < 8) return;
      const isLine = HATCHES[hatch];
      const line = theme.hatches[kind];
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
    const { context: c, arena, ratio, shared: { matches } } = this;
    large.sort((a, b) => (b[3] - b[1]) * (b[4] - b[2]) - (a[3] - a[1]) * (a[4] - a[2]));
    c.textBaseline = "middle";
    c.textAlign = "left";
    for (const [k, x0, y0, x1, y1] of large.slice(0, LABELS)) {
      const i = arena.tensor[k];
      const shown = !matches || matches[i];
      c.fillStyle = !shown ? theme.soft : CLASSES[arena.graph.kind[i]].dark ? "#14181d" : "#ffffff";
      const room = (x1 - x0) / ratio - 10;
      const x = this.plot.x + x0 / ratio + 5, y = this.plot.y + y0 / ratio, height = (y1 - y0) / ratio;
      const two = height >= 30;
      const name = this.cut(arena.graph.label(i), room);
      if (name) c.fillText(name, x, y + height / 2 - (two ? 7 : -1));
      const size = formatBytes(arena.graph.size[i]);
      if (two && c.measureText(size).width <= room) c.fillText(size, x, y + height / 2 + 7);
    }
  }

  // The text, cut to `room` pixels; empty where that leaves less than four letters.
  cut(text, room) {
    const short = text.length > 200 ? text.slice(0, 200) : text;
    const width = this.context.measureText(short).width;
    if (width <= room && short === text) return text;
    const letters = Math.floor(short.length * (room - 9) / width);
    return letters < 4 ? "" : short.slice(0, letters) + "…";
  }

  drawAxes(theme) {
    const { context: c, plot, view } = this;
    const foot = plot.y + plot.h + GAP + CURVE;
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
      const most = this.width - c.measureText(label).width / 2 - 1;
      c.fillText(label, Math.min(x, most), plot.y + plot.h + GAP / 2 + 1);
      this.line(x, plot.y + plot.h, x, plot.y + plot.h + 4);
      this.line(x, foot, x, foot + 4);
    }
    c.fillText("step", plot.x + plot.w / 2, foot + 13);
    c.textAlign = "right";
    c.fillText("live bytes", plot.x - 9, foot - CURVE / 2);
    c.strokeRect(plot.x - 0.5, plot.y - 0.5, plot.w + 1, plot.h + 1);
  }

  line(x0, y0, x1, y1) {
    this.context.beginPath();
    this.context.moveTo(x0, y0);
    this.context.lineTo(x1, y1);
    this.context.stroke();
  }

  // The most bytes alive in each column of pixels, under the whole map whatever of it is seen.
  drawCurve(theme) {
    const { context: c, plot, arena, view } = this;
    const { times, live } = arena.curve;
    const top = plot.y + plot.h + GAP;
    const scale = CURVE / (Math.max(arena.metrics.peak, arena.bound, 1) * 1.08);
    const columns = new Float64Array(Math.ceil(plot.w) + 1);
    for (let k = 0; k < times.length; k++) {
      const end = k + 1 < times.length ? times[k + 1] : arena.graph.last;
      if (end <= view.x0 || times[k] >= view.x1) continue;
      const x0 = Math.max(0, Math.floor(this.xOf(times[k]) - plot.x));
      const x1 = Math.min(columns.length, Math.max(x0 + 1, Math.floor(this.xOf(end) - plot.x)));
      for (let x = x0; x < x1; x++) columns[x] = Math.max(columns[x], live[k]);
    }
    c.fillStyle = theme.empty;
    c.fillRect(plot.x, top, plot.w, CURVE);
    c.fillStyle = theme.live;
    for (let x = 0; x < plot.w; x++) c.fillRect(plot.x + x, top + CURVE - columns[x] * scale, Math.min(1, plot.w - x), columns[x] * scale);
    c.strokeStyle = theme.line;
    c.strokeRect(plot.x - 0.5, top - 0.5, plot.w + 1, CURVE + 1);
    this.rule(top + CURVE - arena.metrics.peak * scale, theme.peak, []);
    if (arena.bound !== arena.metrics.peak) this.rule(top + CURVE - arena.bound * scale, theme.bound, [6, 4]);
    const x = this.xOf(arena.metrics.peakStep + 0.5);
    if (arena.graph.lanes.length || x < plot.x || x > plot.x + plot.w) return;
    c.fillStyle = theme.peak;  // where the peak is
    c.beginPath();
    c.moveTo(x - 4, top - 6);
    c.lineTo(x + 4, top - 6);
    c.lineTo(x, top - 0.5);
    c.fill();
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

  drawBounds(theme) {
    const { arena: { metrics, bound: least }, plot } = this;
    const same = metrics.peak === least;
    const peak = this.yOf(metrics.peak), bound = this.yOf(least);
    const inside = (y) => y > plot.y - 1 && y < plot.y + plot.h + 1;
    if (inside(peak)) this.rule(peak, theme.peak, []);
    if (!same && inside(bound)) this.rule(bound, theme.bound, [6, 4]);
    if (inside(peak)) this.tag((same ? "peak = lower bound, " : "peak ") + formatBytes(metrics.peak), peak - 8, theme.peak);
    // Below its line, where the peak's is above its own: they may be close.
    if (!same && inside(bound)) this.tag("lower bound " + formatBytes(least), bound + 9, theme.bound, theme.paper);
  }

  tag(text, y, color, ground) {
    const { context: c, plot } = this;
    c.textAlign = "right";
    c.textBaseline = "middle";
    const right = plot.x + plot.w - 6;
    if (ground) {
      const width = c.measureText(text).width;
      c.globalAlpha = 0.85;
      c.fillStyle = ground;
      c.fillRect(right - width - 4, y - 7, width + 8, 14);
      c.globalAlpha = 1;
    }
    c.fillStyle = color;
    c.fillText(text, right, Math.max(8, y));
  }

  outline(tensor, color, width, theme) {
    if (tensor < 0) return;
    const { context: c, plot, arena, view } = this;
    c.save();
    c.beginPath();
    c.rect(plot.x - 2, plot.y - 2, plot.w + 4, plot.h + 4);
    c.clip();
    for (const [lower, upper, begin, end, lane] of arena.graph.rectangles(tensor)) {
      const offset = arena.plan.offset[tensor];
      if ((lane || 0) !== arena.lane) continue;
      if (arena.plan.space && arena.plan.space[tensor] !== arena.space) continue;
      if (upper <= view.x0 || lower >= view.x1) continue;
      const x = this.xOf(lower), y = this.yOf(offset + end);
      const w = Math.max(2, this.xOf(upper) - x), h = Math.max(2, this.yOf(offset + begin) - y);
      c.lineWidth = width + 2;
      c.strokeStyle = theme.paper;
      c.strokeRect(x, y, w, h);
      c.lineWidth = width;
      c.strokeStyle = color;
      c.strokeRect(x, y, w, h);
    }
    c.restore();
  }
}

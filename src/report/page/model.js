"use strict";
// What the report holds: columns of figures, one entry a tensor, as src/report/html.cpp writes them.

const data = JSON.parse(document.getElementById("data").textContent);

// Okabe and Ito's colours; a hatch besides, as not everyone tells colours apart. `shades`: neighbours of one class.
const CLASSES = [
  { name: "input", color: "#56b4e9", hatch: "/", dark: true },
  { name: "output", color: "#d55e00", hatch: "\\", dark: false },
  { name: "state", color: "#cc79a7", hatch: "#", dark: true },
  { name: "activation", color: "#0072b2", hatch: "", dark: false },
  { name: "workspace", color: "#e69f00", hatch: "-", dark: true },
  { name: "other", color: "#009e73", hatch: "", dark: false },
];
const OTHER = 5;

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

// Three significant digits: "9.19 MiB".
function formatBytes(bytes) {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) { value /= 1024; unit++; }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits) + " " + UNITS[unit];
}

function formatCount(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

// The columns of one graph, with what follows from them.
class Graph {
  constructor(columns) {
    this.name = columns.name;
    this.count = columns.size.length;
    for (const key of ["lower", "upper", "size"]) this[key] = Float64Array.from(columns[key]);
    this.kind = new Uint8Array(this.count).fill(OTHER);
    this.kind.set(columns.kind);
    this.columns = columns;
    this.first = this.count ? this.lower.reduce((a, b) => Math.min(a, b)) : 0;
    this.last = this.count ? this.upper.reduce((a, b) => Math.max(a, b)) : 1;
    this.readersBegin = new Uint32Array(this.count + 1);
    columns.readerCount.forEach((n, i) => { this.readersBegin[i + 1] = this.readersBegin[i] + n; });
    this.parts = this.groupParts(columns.parts);
    this.curve = this.liveBytes();
  }

  groupParts(flat) {
    const parts = new Map();
    for (let k = 0; k < flat.length; k += 5) {
      if (!parts.has(flat[k])) parts.set(flat[k], []);
      parts.get(flat[k]).push(flat.slice(k + 1, k + 5));
    }
    return parts;
  }

  // The rectangles of tensor `i`: [lower, upper, begin, end], from its offset.
  rectangles(i) {
    return this.parts.get(i) || [[this.lower[i], this.upper[i], 0, this.size[i]]];
  }

  // Bytes alive from times[k] on.
  liveBytes() {
    const changes = [];
    for (let i = 0; i < this.count; i++) {
      if (this.size[i] === 0) continue;
      for (const [lower, upper, begin, end] of this.rectangles(i)) {
        changes.push([lower, end - begin], [upper, begin - end]);
      }
    }
    changes.sort((a, b) => a[0] - b[0]);
    const times = [this.first];
    const live = [0];
    for (const [time, change] of changes) {
      if (times[times.length - 1] !== time) {
        times.push(time);
        live.push(live[live.length - 1]);
      }
      live[live.length - 1] += change;
    }
    return { times, live };
  }

  isAlive(i, step) {
    return this.rectangles(i).some(([lower, upper]) => lower <= step && step < upper);
  }

  id(i) { return data.strings[this.columns.id[i]]; }
  label(i) { return (this.columns.label.length && data.strings[this.columns.label[i]]) || this.id(i); }
  type(i) { return this.columns.type.length ? data.strings[this.columns.type[i]] : ""; }
  producer(i) { return this.columns.producer.length ? this.columns.producer[i] : -1; }
  readers(i) { return this.columns.readers.slice(this.readersBegin[i], this.readersBegin[i + 1] || 0); }
  stepName(step) {
    const name = this.columns.steps.length ? data.strings[this.columns.steps[step]] : "";
    return name ? step + " " + name : String(step);
  }
}

// One pool of one plan: rectangles in the order of their beginning, in blocks with their bounds, so that a view looks
// only at what may be in it.
const BLOCK = 128;
class Arena {
  constructor(graph, plan, pool) {
    this.graph = graph;
    this.plan = plan;
    this.pool = pool;
    this.metrics = plan.pools[pool].metrics;
    const rows = [];
    for (let i = 0; i < graph.count; i++) {
      if (graph.size[i] === 0 || (plan.pool && plan.pool[i] !== pool)) continue;
      for (const [lower, upper, begin, end] of graph.rectangles(i)) {
        rows.push([i, lower, upper, plan.offset[i] + begin, plan.offset[i] + end]);
      }
    }
    rows.sort((a, b) => a[1] - b[1] || a[3] - b[3]);
    this.count = rows.length;
    this.tensor = Uint32Array.from(rows, (r) => r[0]);
    this.x0 = Float64Array.from(rows, (r) => r[1]);
    this.x1 = Float64Array.from(rows, (r) => r[2]);
    this.y0 = Float64Array.from(rows, (r) => r[3]);
    this.y1 = Float64Array.from(rows, (r) => r[4]);
    this.bounds = this.blockBounds();
    this.atPeak = new Uint8Array(graph.count);
    for (let k = 0; k < rows.length; k++) {
      if (this.x0[k] <= this.metrics.peakStep && this.metrics.peakStep < this.x1[k]) this.atPeak[this.tensor[k]] = 1;
    }
  }

  blockBounds() {
    const bounds = [];
    for (let begin = 0; begin < this.count; begin += BLOCK) {
      const end = Math.min(begin + BLOCK, this.count);
      const b = { begin, end, x0: Infinity, x1: -Infinity, y0: Infinity, y1: -Infinity };
      for (let k = begin; k < end; k++) {
        b.x0 = Math.min(b.x0, this.x0[k]);
        b.x1 = Math.max(b.x1, this.x1[k]);
        b.y0 = Math.min(b.y0, this.y0[k]);
        b.y1 = Math.max(b.y1, this.y1[k]);
      }
      bounds.push(b);
    }
    return bounds;
  }

  // Calls visit(k) for every rectangle that meets the view.
  forEachIn(view, visit) {
    for (const b of this.bounds) {
      if (b.x0 >= view.x1) break;
      if (b.x1 <= view.x0 || b.y0 >= view.y1 || b.y1 <= view.y0) continue;
      for (let k = b.begin; k < b.end; k++) {
        if (this.x0[k] < view.x1 && this.x1[k] > view.x0 && this.y0[k] < view.y1 && this.y1[k] > view.y0) visit(k);
      }
    }
  }

  // The rectangle at a step and an offset, or the nearest within (dx, dy), as thin ones are hard to hit; or -1.
  at(x, y, dx, dy) {
    let best = -1;
    let nearest = Infinity;
    this.forEachIn({ x0: x - dx, x1: x + dx, y0: y - dy, y1: y + dy }, (k) => {
      const away = Math.max(0, this.x0[k] - x, x - this.x1[k]) / dx + Math.max(0, this.y0[k] - y, y - this.y1[k]) / dy;
      if (away < nearest) { nearest = away; best = k; }
    });
    return best;
  }
}

"use strict";
// What the report holds: columns of figures, one entry a tensor, as src/report/html.cpp writes them.

const data = JSON.parse(document.getElementById("data").textContent);

// Okabe and Ito's colours; a hatch besides, as not everyone tells colours apart. `dark`: what is written on them.
const CLASSES = [
  { name: "input", color: "#56b4e9", hatch: "/", dark: true },
  { name: "output", color: "#d55e00", hatch: "\\", dark: true },
  { name: "state", color: "#cc79a7", hatch: "#", dark: true },
  { name: "activation", color: "#0072b2", hatch: "", dark: false },
  { name: "workspace", color: "#e69f00", hatch: "-", dark: true },
  { name: "other", color: "#009e73", hatch: "", dark: true },
];
const OTHER = 5;

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

// Three significant digits, "9.19 MiB", as FormatBytes in C++ has them.
function formatBytes(bytes) {
  let unit = 0;
  let value = bytes;
  while (unit < UNITS.length - 1 && (unit === 0 ? value >= 1024 : value >= 1023.5)) { value /= 1024; unit++; }
  if (unit === 0) return value + " B";
  const hundredths = Math.round(value * 100);
  const shown = hundredths < 1000 ? (hundredths / 100).toFixed(2)
    : hundredths < 10000 ? (Math.floor(hundredths / 10) / 10).toFixed(1) : Math.floor(hundredths / 100);
  return shown + " " + UNITS[unit];
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
    this.lanes = columns.lanes || [];  // names; none on one stream
    this.readersBegin = new Uint32Array(this.count + 1);
    columns.readerCount.forEach((n, i) => { this.readersBegin[i + 1] = this.readersBegin[i] + n; });
    this.parts = this.groupParts(columns.parts);
    this.inLanes = this.groupLanes(columns.inLanes || []);
    this.sortRectangles();
    this.first = this.x0.length ? this.x0.reduce((a, b) => Math.min(a, b)) : 0;
    this.last = this.x1.length ? this.x1.reduce((a, b) => Math.max(a, b)) : 1;
  }

  groupParts(flat) {
    const parts = new Map();
    for (let k = 0; k < flat.length; k += 5) {
      if (!parts.has(flat[k])) parts.set(flat[k], []);
      parts.get(flat[k]).push(flat.slice(k + 1, k + 5));
    }
    return parts;
  }

  groupLanes(flat) {
    const lanes = new Map();
    for (let k = 0; k < flat.length; k += 6) {
      const [i, lane, ...rectangle] = flat.slice(k, k + 6);
      if (!lanes.has(i)) lanes.set(i, []);
      lanes.get(i).push([...rectangle, lane]);
    }
    return lanes;
  }

  // When and where tensor `i` is alive: [lower, upper, begin, end], from its offset. On several streams in the steps of
  // one execution, which figures are of.
  lives(i) {
    return this.parts.get(i) || [[this.lower[i], this.upper[i], 0, this.size[i]]];
  }

  // What the map shows of it: the same, and on several streams steps of the lane that stands behind these four.
  rectangles(i) {
    return this.lanes.length ? this.inLanes.get(i) || [] : this.lives(i);
  }

  // All of them, in the order of their beginning: tensor[k] is alive in [x0[k], x1[k]) with its bytes [begin, end).
  sortRectangles() {
    const { count } = this;
    let total = 0;
    for (let i = 0; i < count; i++) total += this.rectangles(i).length;
    const tensor = new Uint32Array(total);
    const lane = new Uint8Array(total);
    const fields = [0, 1, 2, 3].map(() => new Float64Array(total));
    let k = 0;
    for (let i = 0; i < count; i++) {
      for (const rectangle of this.rectangles(i)) {
        fields.forEach((field, f) => { field[k] = rectangle[f]; });
        lane[k] = rectangle[4] || 0;
        tensor[k++] = i;
      }
    }
    const [x0, , begin] = fields;
    const order = new Uint32Array(total).map((_, n) => n).sort((a, b) => x0[a] - x0[b] || tensor[a] - tensor[b] || begin[a] - begin[b]);
    this.tensor = tensor.map((_, n) => tensor[order[n]]);
    this.lane = lane.map((_, n) => lane[order[n]]);
    [this.x0, this.x1, this.begin, this.end] = fields.map((field) => field.map((_, n) => field[order[n]]));
  }

  id(i) { return data.strings[this.columns.id[i]]; }
  label(i) { return (this.columns.label.length && data.strings[this.columns.label[i]]) || this.id(i); }
  type(i) { return this.columns.type.length ? data.strings[this.columns.type[i]] : ""; }
  also(i) { return this.columns.also.length ? data.strings[this.columns.also[i]] : ""; }  // names, ", " between
  producer(i) { return this.columns.producer.length ? this.columns.producer[i] : -1; }
  readers(i) { return this.columns.readers.slice(this.readersBegin[i], this.readersBegin[i + 1] || 0); }
  stepName(step) {
    const name = this.columns.steps.length ? data.strings[this.columns.steps[step]] : "";
    return formatCount(step) + (name ? " " + name : "");
  }
  // A step of the figures.
  when(step) {
    return "step " + (this.lanes.length ? formatCount(step) + " of one execution" : this.stepName(step));
  }
  // The life of a tensor in words.
  life(i) {
    if (!this.lanes.length) return "steps " + this.stepName(this.lower[i]) + " to " + this.stepName(this.upper[i] - 1);
    const spans = this.lanes.map(() => [Infinity, -Infinity]);
    for (const [lower, upper, , , lane] of this.rectangles(i)) {
      spans[lane] = [Math.min(spans[lane][0], lower), Math.max(spans[lane][1], upper)];
    }
    return spans.map(([lower, upper], lane) => lower < upper ? "ops " + lower + " to " + (upper - 1) + " of " + this.lanes[lane] : "")
      .filter(Boolean).join(", ");
  }
}

// One space of one plan, and on several streams one lane of it: rectangles in the order of their beginning, in blocks with their bounds, so that a view looks
// only at what may be in it.
const BLOCK = 128;
class Arena {
  constructor(graph, plan, space, lane) {
    this.graph = graph;
    this.plan = plan;
    this.space = space;
    this.lane = lane;
    Object.assign(this, plan.spaces[space]);  // its name, metrics, bound, and whether it is proven
    this.top = 1;  // bytes that the map shows at most; set where all arenas are known
    const isIn = (k) => graph.end[k] > graph.begin[k] && graph.lane[k] === lane && (!plan.space || plan.space[graph.tensor[k]] === space);
    const kept = graph.tensor.map((_, k) => k).filter(isIn);
    this.count = kept.length;
    this.tensor = kept.map((k) => graph.tensor[k]);
    const placed = (value) => Float64Array.from(kept, value);
    this.x0 = placed((k) => graph.x0[k]);
    this.x1 = placed((k) => graph.x1[k]);
    this.y0 = placed((k) => plan.offset[graph.tensor[k]] + graph.begin[k]);
    this.y1 = placed((k) => plan.offset[graph.tensor[k]] + graph.end[k]);
    this.tensors = plan.space ? plan.space.filter((p) => p === space).length : graph.count;
    this.curve = this.liveBytes();
    this.bounds = this.blockBounds();
    this.atPeak = new Float64Array(graph.count);  // bytes alive there
    const { peakStep } = this.metrics;
    for (let i = 0; i < graph.count; i++) {
      if (plan.space && plan.space[i] !== space) continue;
      for (const [lower, upper, begin, end] of graph.lives(i)) if (lower <= peakStep && peakStep < upper) this.atPeak[i] += end - begin;
    }
  }

  // Whether a tensor is on its map.
  has(i) { return this.tensor.includes(i); }

  // Bytes alive from times[k] on.
  liveBytes() {
    const { x0, x1, y0, y1 } = this;
    const ends = new Uint32Array(x1.length).map((_, k) => k).sort((a, b) => x1[a] - x1[b]);
    const times = [this.graph.first];
    const live = [0];
    let sum = 0;
    for (let s = 0, e = 0; e < ends.length;) {
      const now = s < x0.length ? Math.min(x0[s], x1[ends[e]]) : x1[ends[e]];
      for (; e < ends.length && x1[ends[e]] === now; e++) sum -= y1[ends[e]] - y0[ends[e]];
      for (; s < x0.length && x0[s] === now; s++) sum += y1[s] - y0[s];
      times.push(now);
      live.push(sum);
    }
    return { times, live };
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

  // Where the highest byte in use at a step ends.
  topAt(step) {
    let top = 0;
    for (let k = 0; k < this.count; k++) if (this.x0[k] <= step && step < this.x1[k]) top = Math.max(top, this.y1[k]);
    return top;
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

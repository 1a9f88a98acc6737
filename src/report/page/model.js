"use strict";
// What the report holds: the keys of plans in JSON, but for columns of figures, one entry a tensor, an op or a
// rectangle, as src/report/html.cpp writes them.

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
  constructor({ name, buffers, ops, parts, lanes, in_lanes }) {
    this.name = name;
    this.buffers = buffers;
    this.ops = ops;
    this.count = buffers.size.length;
    for (const key of ["lower", "upper", "size"]) this[key] = Float64Array.from(buffers[key]);
    this.kind = new Uint8Array(this.count).fill(OTHER);
    this.kind.set(buffers.class);
    this.lanes = lanes || [];  // names; none on one stream
    this.readersBegin = new Uint32Array(this.count + 1);
    buffers.reader_count.forEach((n, i) => { this.readersBegin[i + 1] = this.readersBegin[i] + n; });
    this.parts = this.group(parts, ["lower", "upper", "begin", "end"]);
    this.inLanes = this.group(in_lanes || { buffer: [] }, ["lower", "upper", "begin", "end", "lane"]);
    this.sortRectangles();
    this.first = this.x0.length ? this.x0.reduce((a, b) => Math.min(a, b)) : 0;
    this.last = this.x1.length ? this.x1.reduce((a, b) => Math.max(a, b)) : 1;
  }

  // The rows of a table of columns by their buffer, each as an array of these fields.
  group(table, fields) {
    const rows = new Map();
    table.buffer.forEach((buffer, k) => {
      if (!rows.has(buffer)) rows.set(buffer, []);
      rows.get(buffer).push(fields.map((field) => table[field][k]));
    });
    return rows;
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
    const order = new Uint32Array(total)
                      .map((_, n) => n)
                      .sort((a, b) => x0[a] - x0[b] || tensor[a] - tensor[b] || begin[a] - begin[b]);
    this.tensor = tensor.map((_, n) => tensor[order[n]]);
    this.lane = lane.map((_, n) => lane[order[n]]);
    [this.x0, this.x1, this.begin, this.end] = fields.map((field) => field.map((_, n) => field[order[n]]));
  }

  text(column, i) { return column.length ? data.strings[column[i]] : ""; }
  id(i) { return this.text(this.buffers.id, i); }
  label(i) { return this.text(this.buffers.name, i) || this.id(i); }
  type(i) { return this.text(this.buffers.type, i); }
  also(i) { return this.text(this.buffers.also, i); }  // names, ", " between
  producer(i) { return this.buffers.producer.length ? this.buffers.producer[i] : -1; }
  readers(i) { return this.buffers.readers.slice(this.readersBegin[i], this.readersBegin[i + 1] || 0); }
  opType(step) { return step < 0 ? "" : this.text(this.ops.type, step); }
  stepName(step) {
    const name = this.text(this.ops.name, step) || "";  // none for a step behind the last op
    return formatCount(step) + (name ? " " + name : "");
  }
  stepLabel(step, lane) {
    return this.lanes.length ? formatCount(step) + " of " + this.lanes[lane] : this.stepName(step);
  }
  // With the type of the op, where its name does not say it.
  opName(step) {
    const name = this.stepName(step), type = this.opType(step);
    return !type || name.toLowerCase().includes(type.toLowerCase()) ? name : name + " (" + type + ")";
  }

  // The tensors that each op writes and reads, by its step; made when first asked for.
  get byOp() {
    if (this.neighbours) return this.neighbours;
    const writes = new Map(), reads = new Map();
    const add = (map, step, i) => { if (map.has(step)) map.get(step).push(i); else map.set(step, [i]); };
    for (let i = 0; i < this.count; i++) {
      if (this.producer(i) >= 0) add(writes, this.producer(i), i);
      for (const step of this.readers(i)) add(reads, step, i);
    }
    this.neighbours = { writes, reads };
    return this.neighbours;
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
    return spans
        .map(
            ([lower, upper], lane) =>
                lower < upper ? "ops " + lower + " to " + (upper - 1) + " of " + this.lanes[lane] : "")
        .filter(Boolean)
        .join(", ");
  }
}

// One space of one plan, and on several streams one lane of it: rectangles in the order of their beginning, in blocks
// with their bounds, so that a view looks only at what may be in it.
const BLOCK = 128;
class Arena {
  constructor(graph, plan, space, lane) {
    this.graph = graph;
    this.plan = plan;
    this.space = space;
    this.lane = lane;
    Object.assign(this, plan.spaces[space]);  // its name, figures, capacity, and whether they are proven
    this.top = 1;  // bytes that the map shows at most; set where all arenas are known
    this.groups = {};  // by what colours can tell: a number a tensor
    const isHere = (i) => !plan.space || plan.space[i] === space;
    const isIn = (k) => graph.end[k] > graph.begin[k] && graph.lane[k] === lane && isHere(graph.tensor[k]);
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
    const { peak_step: step } = this.metrics;
    for (let i = 0; i < graph.count; i++) {
      if (!isHere(i)) continue;
      for (const [lower, upper, begin, end] of graph.lives(i)) {
        if (lower <= step && step < upper) this.atPeak[i] += end - begin;
      }
    }
  }

  // Whether a tensor is on its map.
  has(i) { return this.tensor.includes(i); }

  // Bytes alive from times[k] on, in how many rectangles.
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

  // The most bytes alive in each of `width` columns of the steps [begin, end).
  mostAlive(begin, end, width) {
    const { times, live } = this.curve;
    const columns = new Float64Array(width);
    for (let k = 0; k < times.length; k++) {
      const until = k + 1 < times.length ? times[k + 1] : this.graph.last;
      if (until <= begin || times[k] >= end) continue;
      const from = Math.max(0, Math.floor((times[k] - begin) * width / (end - begin)));
      const to = Math.min(width, Math.max(from + 1, Math.floor((until - begin) * width / (end - begin))));
      for (let x = from; x < to; x++) columns[x] = Math.max(columns[x], live[k]);
    }
    return columns;
  }

  // Bytes alive at a step.
  liveAt(step) {
    const { times, live } = this.curve;
    let low = 0, high = times.length;  // the last of `times` that is not behind it
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (times[middle] <= step) low = middle; else high = middle;
    }
    return times[low] <= step ? live[low] : 0;
  }

  // The tensors alive at a step, with the bytes of each that are; the largest first.
  aliveAt(step) {
    const bytes = new Map();
    this.forEachIn({ x0: step, x1: step + 1, y0: 0, y1: Infinity }, (k) => {
      bytes.set(this.tensor[k], (bytes.get(this.tensor[k]) || 0) + this.y1[k] - this.y0[k]);
    });
    return [...bytes].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  }

  // Who lies beside a tensor: [words, tensors], the nearest three of each.
  besides(i) {
    const mine = [];
    for (let k = 0; k < this.count; k++) if (this.tensor[k] === i) mine.push(k);
    const found = { "above it": [], "below it": [], "these bytes before": [], "these bytes after": [] };
    for (const m of mine) {
      const x0 = this.x0[m], x1 = this.x1[m], y0 = this.y0[m], y1 = this.y1[m];
      const add = (where, k, away) => {
        if (away >= 0 && this.tensor[k] !== i) found[where].push([away, this.tensor[k]]);
      };
      this.forEachIn({ x0, x1, y0: 0, y1: Infinity }, (k) => {
        add("above it", k, this.y0[k] - y1);
        add("below it", k, y0 - this.y1[k]);
      });
      this.forEachIn({ x0: -Infinity, x1: Infinity, y0, y1 }, (k) => {
        add("these bytes before", k, x0 - this.x1[k]);
        add("these bytes after", k, this.x0[k] - x1);
      });
    }
    return Object.entries(found).map(([where, all]) => {
      all.sort((a, b) => a[0] - b[0]);
      return [where, [...new Set(all.map(([, tensor]) => tensor))].slice(0, 3)];
    });
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

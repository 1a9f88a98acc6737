"use strict";
// All tensors as rows, of which only those on the screen exist.

const ROW = 24;  // CSS pixels, as in report.css

const COLUMNS = [
  { name: "tensor", tail: true, key: (a, i) => a.graph.label(i), cell: (a, i) => a.graph.label(i) },
  { name: "size", number: true, key: (a, i) => -a.graph.size[i], cell: (a, i) => formatBytes(a.graph.size[i]) },
  {
    name: "of the peak",
    number: true,
    title: "Share of the peak of those alive at it; they come first, then size × life",
    key: (a, i) => contribution(a, i),
    cell: (a, i) => a.atPeak[i] ? (a.atPeak[i] * 100 / Math.max(1, a.peak_bytes)).toFixed(1) + " %" : "",
  },
  {
    name: "offset",
    number: true,
    key: (a, i) => a.plan.offset[i],
    cell: (a, i) => formatCount(a.plan.offset[i])
  },
  {
    name: "alive [from, to)",
    number: true,
    key: (a, i) => a.graph.lower[i],
    cell: (a, i) => lifeCell(a.graph, i)
  },
  { name: "class", key: (a, i) => a.graph.kind[i], cell: (a, i) => CLASSES[a.graph.kind[i]].name },
  { name: "type", key: (a, i) => a.graph.type(i), cell: (a, i) => a.graph.type(i) },
  {
    name: "made by",
    tail: true,
    key: (a, i) => a.graph.producer(i),
    cell: (a, i) => a.graph.producer(i) < 0 ? "" : a.graph.opName(a.graph.producer(i))
  },
];
const lifeCell = (graph, i) =>
    graph.lanes.length ? graph.life(i) : formatCount(graph.lower[i]) + " – " + formatCount(graph.upper[i]);
const BY_CONTRIBUTION = 2;
const WITHOUT_GRAPH = 5;  // the first columns, which a problem without a graph can fill

// What a tensor adds to the peak comes first, then what it holds for how long.
function contribution(arena, i) {
  const { size, lower, upper } = arena.graph;
  const peak = arena.peak_bytes + 1;
  return arena.atPeak[i] ? -arena.atPeak[i] - 1 :
                           1 - size[i] * (upper[i] - lower[i]) / (peak * (arena.graph.last - arena.graph.first + 1));
}

class Table {
  // `choose(i)`: a row was chosen. `show(i)`: and is to be shown on the map.
  constructor(element, choose, show) {
    this.columns = element.querySelector("#columns");
    this.rows = element.querySelector("#rows");
    this.spacer = element.querySelector("#spacer");
    this.element = element;
    this.choose = choose;
    this.show = show;
    this.sortedBy = BY_CONTRIBUTION;
    this.reversed = false;
    this.order = [];
    this.selected = -1;
    this.rows.addEventListener("scroll", () => this.draw());
    this.rows.addEventListener("keydown", (event) => this.key(event));
    this.rows.addEventListener("click", (event) => this.pick(event, this.choose));
    this.rows.addEventListener("dblclick", (event) => this.pick(event, this.show));
  }

  // Gives the table the columns that the graph can fill.
  open(graph) {
    const isPlain = graph.buffers.type.length === 0 && graph.kind.every((kind) => kind === OTHER);
    this.shown = isPlain ? COLUMNS.slice(0, WITHOUT_GRAPH) : COLUMNS;
    this.element.classList.toggle("plain", isPlain);
    this.element.classList.toggle("lanes", graph.lanes.length > 0);
    this.sortedBy = Math.min(this.sortedBy, this.shown.length - 1);
    this.columns.replaceChildren(...this.shown.map((column, n) => {
      const head = document.createElement("div");
      head.setAttribute("role", "columnheader");
      if (column.number) head.className = "number";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = column.name;
      button.title = column.title || "";
      button.addEventListener("click", () => this.sortBy(n));
      head.append(button);
      return head;
    }));
  }

  pick(event, act) {
    const row = event.target.closest("[role=row]");
    if (row) act(Number(row.dataset.tensor));
  }

  sortBy(n) {
    this.reversed = this.sortedBy === n && !this.reversed;
    this.sortedBy = n;
    this.fill(this.arena, this.matches);
  }

  // Shows those of the arena whose byte in `matches` is set; null: all.
  fill(arena, matches) {
    this.arena = arena;
    this.matches = matches;
    const order = [];
    const isIn = (i) => (!matches || matches[i]) && (!arena.plan.space || arena.plan.space[i] === arena.space);
    for (let i = 0; i < arena.graph.count; i++) if (isIn(i)) order.push(i);
    const keys = Array.from({ length: arena.graph.count });
    for (const i of order) keys[i] = COLUMNS[this.sortedBy].key(arena, i);
    const sign = this.reversed ? -1 : 1;
    order.sort((a, b) => sign * (keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : 0) || a - b);
    this.order = order;
    this.columns.querySelectorAll("[role=columnheader]").forEach((head, n) => {
      if (n === this.sortedBy) head.setAttribute("aria-sort", this.reversed ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    this.element.setAttribute("aria-rowcount", order.length);
    this.spacer.style.height = order.length * ROW + "px";
    this.rows.scrollTop = 0;
    this.draw();
  }

  select(i) {
    this.selected = i;
    const seen = this.rows.scrollTop;
    const place = this.order.indexOf(i);
    if (place >= 0) {
      const top = place * ROW;
      if (top < this.rows.scrollTop) this.rows.scrollTop = top;
      const lowest = this.rows.scrollTop + this.rows.clientHeight - ROW;
      if (top > lowest) this.rows.scrollTop = top - this.rows.clientHeight + ROW;
    }
    if (this.rows.scrollTop !== seen) this.draw();
    // Otherwise rows stay what they are: a second click meets the one that the first one met.
    for (const row of this.spacer.children) row.setAttribute("aria-selected", Number(row.dataset.tensor) === i);
  }

  // The tensor `by` rows from the selected one; the first where none is.
  neighbour(by) {
    const place = this.order.indexOf(this.selected);
    if (this.order.length === 0) return -1;
    return this.order[place < 0 ? 0 : Math.min(this.order.length - 1, Math.max(0, place + by))];
  }

  draw() {
    const first = Math.max(0, Math.floor(this.rows.scrollTop / ROW) - 4);
    const last = Math.min(this.order.length, first + Math.ceil(this.rows.clientHeight / ROW) + 9);
    const rows = [];
    for (let n = first; n < last; n++) rows.push(this.row(n));
    this.spacer.replaceChildren(...rows);
  }

  row(n) {
    const i = this.order[n];
    const row = document.createElement("div");
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", n + 1);
    row.setAttribute("aria-selected", i === this.selected);
    row.dataset.tensor = i;
    row.style.top = n * ROW + "px";
    this.shown.forEach((column, c) => {
      const cell = document.createElement("div");
      cell.setAttribute("role", "gridcell");
      if (column.number) cell.className = "number";
      cell.title = column.cell(this.arena, i);
      cell.append(column.tail ? tail(cell.title) : cell.title);
      if (c === 0) cell.prepend(swatch(lookOf(i)));
      row.append(cell);
    });
    return row;
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.rows.clientHeight / ROW) - 1);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (by !== undefined) this.choose(this.neighbour(by));
    else if (event.key === "Enter" && this.selected >= 0) this.show(this.selected);
    else return;
    event.preventDefault();
  }
}

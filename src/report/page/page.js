"use strict";
// Joins the parts: one graph is shown at a time, each of its plans and pools as a map, all with the same view.

const $ = (id) => document.getElementById(id);
const graphs = data.graphs.map((columns) => ({ columns, graph: null, arenas: null }));
const shared = { view: { x0: 0, x1: 1, y0: 0, y1: 1 }, matches: null, selected: -1 };
let current = null;  // of graphs
let maps = [];
let active = null;  // the map that the figures, the table and the details speak of
let theme = readTheme();
let isDrawing = false;

const table = new Table($("table"), (i) => choose(i), (i) => showTensor(i));

// One frame, however many wishes.
function redraw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    for (const map of maps) map.draw(theme);
  });
}

function text(tag, content, className) {
  const element = document.createElement(tag);
  element.textContent = content;
  if (className) element.className = className;
  return element;
}

// ---- Graphs, plans, pools -------------------------------------------------------------------------------------------

function openGraph(n) {
  current = graphs[n];
  if (!current.graph) {
    current.graph = new Graph(current.columns);
    current.arenas = current.columns.plans.flatMap((plan) => plan.pools.map((_, pool) => new Arena(current.graph, plan, pool)));
    for (const arena of current.arenas) {  // one scale for all plans of a pool
      const peers = current.arenas.filter((other) => other.pool === arena.pool);
      arena.top = peers.reduce((most, { metrics, bound }) => Math.max(most, metrics.peak, bound), 1) * 1.06;
    }
  }
  for (const [k, tab] of [...$("tabs").children].entries()) {
    tab.setAttribute("aria-selected", k === n);
    tab.tabIndex = k === n ? 0 : -1;
  }
  shared.selected = -1;
  maps = current.arenas.map(addMap);
  $("maps").replaceChildren(...maps.map((map) => map.figure));
  table.open(current.graph);
  $("table").style.maxHeight = current.graph.count * ROW + 40 + "px";
  arrange();
  fillClasses();
  fillSizes();
  activate(maps[0]);
  seeAll();
  filter();
  choose(-1);
}

function addMap(arena) {
  const { plan, metrics, bound, proven } = arena;
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const pool = plan.pools.length > 1 ? "pool " + arena.name : "";
  const name = [current.columns.plans.length > 1 || !pool ? plan.policy : "", pool].filter(Boolean).join(", ");
  const ratio = bound > 0 ? " · " + (metrics.peak / bound).toFixed(3) + " × the bound" : "";
  const limit = arena.capacity === undefined ? "" : " of " + formatBytes(arena.capacity);
  caption.append(text("b", name), " · peak " + formatBytes(metrics.peak) + limit + (proven ? " · proven optimal" : ratio));
  if (current.arenas.length > 1) figure.append(caption);
  const stage = text("div", "", "stage");
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "map");
  canvas.setAttribute("aria-label", "Map of " + arena.tensors + " tensors, policy " + name + ", peak " +
    formatBytes(metrics.peak) + ". Arrows pan, plus and minus zoom, comma and full stop go from tensor to tensor.");
  stage.append(canvas);
  figure.append(stage);
  const map = new ArenaMap(arena, canvas, shared);
  map.figure = figure;
  listen(map);
  return map;
}

// As many columns as leave each map wide enough to read.
function arrange() {
  const width = $("maps").clientWidth;
  const most = Math.max(1, Math.floor(width / 430));
  const columns = Math.min(maps.length, most, maps.length === 4 ? 2 : 3);
  $("maps").style.gridTemplateColumns = "repeat(" + columns + ", minmax(0, 1fr))";
  for (const map of maps) map.resize();
  redraw();
}

function activate(map) {
  active = map;
  for (const other of maps) other.figure.classList.toggle("active", other === map && maps.length > 1);
  fillFigures();
  if (shared.selected < 0) choose(-1);
}

function fillFigures() {
  const { plan, metrics, bound, proven, graph, name: pool } = active.arena;
  const body = current.columns.name;
  $("source").textContent = data.source.slice(data.source.lastIndexOf("/") + 1) + (body ? ", body " + body : "");
  $("source").title = data.source;
  $("policy").textContent = "policy " + plan.policy + (plan.pools.length > 1 ? ", pool " + pool : "") + ", alignment " + data.alignment + (plan.limited ? ", shaped by a time limit" : "");
  const percent = (ppm) => (ppm / 10000).toFixed(1) + " %";
  const figures = [
    ["peak", formatBytes(metrics.peak), proven ? "proven optimal" : ""],
    ["lower bound", formatBytes(bound), proven || bound === 0 ? "" : "peak is " + ((metrics.peak / bound - 1) * 100).toFixed(1) + " % above"],
    ["no reuse", formatBytes(metrics.noReuse), metrics.peak > 0 ? (metrics.noReuse / metrics.peak).toFixed(1) + " ×" : ""],
    ["of peak × steps in use", percent(metrics.utilisationPpm), ""],
    ["lost at the peak", formatBytes(metrics.paddingAtPeak + metrics.fragmentationAtPeak),
      metrics.paddingAtPeak > 0 ? formatBytes(metrics.paddingAtPeak) + " of it padding" : ""],
    ["tensors", formatCount(active.arena.tensors), "over " + formatCount(graph.last - graph.first) + " steps"],
  ];
  if (plan.nested > 0) figures.splice(1, 0, ["nested bodies, on top", formatBytes(plan.nested), ""]);
  if (data.weights) figures.push(["weights, beside", formatBytes(data.weights.needed), "in " + formatCount(data.weights.count)]);
  $("figures").replaceChildren(...figures.map(([name, value, note]) => {
    const pair = document.createElement("div");
    const shown = text("dd", value);
    if (note) shown.append(text("small", note));
    pair.append(text("dt", name), shown);
    return pair;
  }));
}

function fillTabs() {
  if (graphs.length < 2) return;
  $("tabs").replaceChildren(...graphs.map(({ columns }, n) => {
    const tab = text("button", columns.name ? "body " + columns.name : "graph");
    tab.type = "button";
    tab.setAttribute("role", "tab");
    tab.addEventListener("click", () => openGraph(n));
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const next = (n + by + graphs.length) % graphs.length;
      openGraph(next);
      $("tabs").children[next].focus();
    });
    return tab;
  }));
}

// ---- Search and filters ---------------------------------------------------------------------------------------------

const hiddenClasses = new Set();

function fillClasses() {
  const counts = new Uint32Array(CLASSES.length);
  for (const kind of current.graph.kind) counts[kind]++;
  const known = CLASSES.filter((_, kind) => counts[kind] > 0);
  $("classes").replaceChildren(...CLASSES.map((c, kind) => {
    const label = text("label", "", "check");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = !hiddenClasses.has(kind);
    box.id = "class-" + c.name;
    box.addEventListener("change", () => {
      if (box.checked) hiddenClasses.delete(kind); else hiddenClasses.add(kind);
      filter();
    });
    label.append(box, swatch(kind), c.name);
    label.hidden = counts[kind] === 0 || known.length < 2;
    label.style.display = label.hidden ? "none" : "";
    return label;
  }));
}

function fillSizes() {
  const largest = current.graph.size.reduce((a, b) => Math.max(a, b), 0);
  const options = [["0", "any size"]];
  for (let size = 1024; size <= largest; size *= 4) options.push([String(size), "≥ " + formatBytes(size).replace(/\.0+ /, " ")]);
  $("size").replaceChildren(...options.map(([value, label]) => {
    const option = text("option", label);
    option.value = value;
    return option;
  }));
}

function filter() {
  const { graph } = current;
  const { arena } = active;
  const words = $("search").value.toLowerCase();
  const atPeak = $("at-peak").checked;
  const least = Number($("size").value) || 0;
  const all = words === "" && !atPeak && least === 0 && hiddenClasses.size === 0;
  shared.matches = all ? null : new Uint8Array(graph.count);
  let count = 0;
  for (let i = 0; i < graph.count && !all; i++) {
    const matches = graph.size[i] >= least && (!atPeak || arena.atPeak[i]) && !hiddenClasses.has(graph.kind[i]) &&
      (words === "" || graph.label(i).toLowerCase().includes(words) || graph.id(i).toLowerCase() === words);
    shared.matches[i] = matches ? 1 : 0;
    count += matches ? 1 : 0;
  }
  $("matches").textContent = all ? "" : formatCount(count) + " of " + formatCount(graph.count);
  table.fill(arena, shared.matches);
  redraw();
}

// ---- The view -------------------------------------------------------------------------------------------------------

function wholeView() {
  const { graph } = current;
  return { x0: graph.first, x1: Math.max(graph.last, graph.first + 1), y0: 0, y1: 1 };
}

function seeAll() {
  Object.assign(shared.view, wholeView());
  redraw();
}

// An interval of at least `least`, moved into [low, high] and no larger than that.
function within(a, b, low, high, least) {
  const length = Math.min(Math.max(b - a, least), high - low);
  const middle = (a + b) / 2;
  const begin = Math.min(Math.max(middle - length / 2, low), high - length);
  return [begin, begin + length];
}

function see(x0, x1, y0, y1) {
  const { view } = shared;
  const whole = wholeView();
  [view.x0, view.x1] = within(x0, x1, whole.x0, whole.x1, Math.min(2, whole.x1 - whole.x0));
  [view.y0, view.y1] = within(y0, y1, 0, 1, Math.min(1, 16 / active.arena.top));
  redraw();
}

// Zooms by `fx` and `fy` (below 1: in) around a step and a share of the height, which stay where they are.
function zoom(fx, fy, step, height) {
  const { x0, x1, y0, y1 } = shared.view;
  const { x0: wx0, x1: wx1 } = wholeView();
  fx = Math.min(fx, (wx1 - wx0) / (x1 - x0));
  fy = Math.min(fy, 1 / (y1 - y0));
  see(step + (x0 - step) * fx, step + (x1 - step) * fx, height + (y0 - height) * fy, height + (y1 - height) * fy);
}

// The life of a tensor, and its bytes as shares of the height.
function placeOf(i) {
  const { graph, plan, top } = active.arena;
  return { x0: graph.lower[i], x1: graph.upper[i], y0: plan.offset[i] / top, y1: (plan.offset[i] + Math.max(1, graph.size[i])) / top };
}

// Around the chosen tensor, where that is seen.
function zoomMiddle(factor) {
  const { x0, x1, y0, y1 } = shared.view;
  let middle = { x0, x1, y0, y1 };
  if (shared.selected >= 0) {
    const place = placeOf(shared.selected);
    const seen = { x0: Math.max(x0, place.x0), x1: Math.min(x1, place.x1), y0: Math.max(y0, place.y0), y1: Math.min(y1, place.y1) };
    if (seen.x0 < seen.x1 && seen.y0 < seen.y1) middle = seen;
  }
  zoom(factor, factor, (middle.x0 + middle.x1) / 2, (middle.y0 + middle.y1) / 2);
}

function pan(dx, dy) {
  const { x0, x1, y0, y1 } = shared.view;
  const x = (x1 - x0) * dx, y = (y1 - y0) * dy;
  see(x0 + x, x1 + x, y0 + y, y1 + y);
}

// Zooms so that a tensor has room around it.
function showTensor(i) {
  if (i < 0) return;
  choose(i);
  const { x0, x1, y0, y1 } = placeOf(i);
  const life = x1 - x0, height = y1 - y0;
  see(x0 - life * 1.5, x1 + life * 1.5, y0 - height * 2, y1 + height * 2);
}

// ---- The tensor -----------------------------------------------------------------------------------------------------

function choose(i) {
  shared.selected = i;
  table.select(i);
  const panel = $("tensor");
  if (i < 0) {
    panel.replaceChildren(breakdown(active.arena), text("p", "Point at a tensor to see what it is; choose one to keep it here."));
  } else {
    panel.replaceChildren(text("h2", current.graph.label(i)), facts(active.arena, i, 12));
  }
  redraw();
}

// What each class takes, at the peak and in all.
function breakdown({ graph, metrics }) {
  const shown = document.createElement("table");
  const row = (tag, values, kind) => {
    const line = document.createElement("tr");
    values.forEach((value, n) => line.append(text(tag, value, n > 0 ? "number" : "")));
    if (kind !== undefined) line.firstChild.prepend(swatch(kind));
    shown.append(line);
  };
  const step = text("h2", "The peak, at step " + graph.stepName(metrics.peakStep));
  row("th", ["class", "alive then", "in all"]);
  metrics.classes.forEach(([count, bytes, atPeak], kind) => {
    const name = graph.columns.kind.length === 0 ? "tensors" : CLASSES[kind].name;
    if (count > 0) row("td", [name, formatBytes(atPeak), formatBytes(bytes)], kind);
  });
  if (metrics.paddingAtPeak > 0) row("td", ["padding", formatBytes(metrics.paddingAtPeak), ""]);
  if (metrics.fragmentationAtPeak > 0) row("td", ["holes", formatBytes(metrics.fragmentationAtPeak), ""]);
  const box = document.createElement("div");
  box.append(step, shown);
  return box;
}

// Everything known of a tensor; of its readers at most `most`.
function facts(arena, i, most) {
  const { graph, plan } = arena;
  const readers = graph.readers(i);
  const size = graph.size[i];
  const rows = [
    ["id", graph.id(i) === graph.label(i) ? "" : graph.id(i)],
    ["class", graph.kind[i] === OTHER ? "" : CLASSES[graph.kind[i]].name],
    ["type", graph.type(i)],
    ["size", formatBytes(size) + (size >= 1024 ? " (" + formatCount(size) + " bytes)" : "")],
    ["pool", plan.pool ? plan.pools[plan.pool[i]].name : ""],
    ["offset", formatCount(plan.offset[i]) + " to " + formatCount(plan.offset[i] + size)],
    ["alive", "steps " + graph.stepName(graph.lower[i]) + " to " + graph.stepName(graph.upper[i] - 1)],
    ["at the peak", arena.atPeak[i] ? (size * 100 / arena.metrics.peak).toFixed(1) + " % of it" : "no"],
    ["made by", graph.producer(i) < 0 ? "" : graph.stepName(graph.producer(i))],
    ["read by", readers.slice(0, most).map((step) => graph.stepName(step)).join(", ") +
      (readers.length > most ? " and " + (readers.length - most) + " more" : "")],
    ["parts", graph.parts.has(i) ? String(graph.parts.get(i).length) : ""],
  ];
  const list = text("dl", "", "facts");
  for (const [name, value] of rows) if (value) list.append(text("dt", name), text("dd", value));
  return list;
}

function hover(map, x, y, clientX, clientY) {
  const i = x === null ? -1 : map.tensorAt(x, y);
  const tip = $("tip");
  if (i !== map.hovered) {
    map.hovered = i;
    tip.hidden = i < 0;
    if (i >= 0) tip.replaceChildren(text("b", map.arena.graph.label(i)), facts(map.arena, i, 4));
    redraw();
  }
  if (i < 0) return;
  const right = clientX + 16 + tip.offsetWidth > window.innerWidth;
  const low = clientY + 16 + tip.offsetHeight > window.innerHeight;
  tip.style.left = Math.max(4, right ? clientX - 16 - tip.offsetWidth : clientX + 16) + "px";
  tip.style.top = Math.max(4, low ? clientY - 16 - tip.offsetHeight : clientY + 16) + "px";
}

// ---- Mouse, touch, keys ---------------------------------------------------------------------------------------------

function listen(map) {
  const { canvas } = map;
  const pointers = new Map();
  let moved = 0;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = place(event);
    const before = pointers.get(event.pointerId);
    if (!before) return hover(map, ...now, event.clientX, event.clientY);
    hover(map, null);
    moved += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
    canvas.classList.add("dragging");
    if (pointers.size === 1) {
      pan((before[0] - now[0]) / map.plot.w, (now[1] - before[1]) / map.plot.h);
    } else {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const apart = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]);
      const factor = apart(before) / Math.max(1, apart(now));
      zoom(factor, factor, map.stepAt(other[0]), map.bytesAt(other[1]) / map.arena.top);
    }
    pointers.set(event.pointerId, now);
  });
  const release = (event) => {
    canvas.classList.remove("dragging");
    if (!pointers.delete(event.pointerId) || moved > 4 || event.type === "pointercancel") return;
    if (map !== active) { activate(map); filter(); }
    choose(map.tensorAt(...place(event)));
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => hover(map, null));
  canvas.addEventListener("dblclick", (event) => {
    const i = map.tensorAt(...place(event));
    if (i < 0) seeAll(); else showTensor(i);
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [x, y] = place(event);
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) && !event.shiftKey) return pan(event.deltaX / map.plot.w, 0);
    const factor = Math.exp(Math.max(-1, Math.min(1, (event.deltaY || event.deltaX) / 300)));
    zoom(event.altKey ? 1 : factor, event.shiftKey ? 1 : factor, map.stepAt(x), map.bytesAt(y) / map.arena.top);
  }, { passive: false });
  canvas.addEventListener("focus", () => { if (map !== active) { activate(map); filter(); } });
  canvas.addEventListener("keydown", (event) => {
    const act = {
      ArrowLeft: () => pan(-0.15, 0), ArrowRight: () => pan(0.15, 0),
      ArrowUp: () => pan(0, 0.15), ArrowDown: () => pan(0, -0.15),
      Enter: () => showTensor(shared.selected), Escape: () => choose(-1), Home: seeAll,
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    act();
    event.preventDefault();
  });
}

// Everywhere but where one types.
document.addEventListener("keydown", (event) => {
  if (/^(INPUT|SELECT)$/.test(event.target.tagName) && event.target.type !== "checkbox") return;
  if (event.ctrlKey || event.metaKey) return;
  const act = {
    "+": () => zoomMiddle(0.7), "=": () => zoomMiddle(0.7), "-": () => zoomMiddle(1 / 0.7), 0: seeAll,
    ".": () => choose(table.neighbour(1)), ",": () => choose(table.neighbour(-1)), "/": () => $("search").focus(),
  }[event.key];
  if (!act) return;
  act();
  event.preventDefault();
});

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  theme = readTheme();
  redraw();
}

function dragSplitter() {
  const splitter = $("splitter");
  const set = (height) => {
    const room = window.innerHeight - 330;
    $("table").style.setProperty("--table-height", Math.max(90, Math.min(room, height)) + "px");
    arrange();
    table.draw();
  };
  splitter.addEventListener("pointerdown", (event) => {
    splitter.setPointerCapture(event.pointerId);
    const from = event.clientY + $("table").offsetHeight;
    splitter.onpointermove = (move) => set(from - move.clientY);
  });
  splitter.addEventListener("pointerup", () => { splitter.onpointermove = null; });
  splitter.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 24, ArrowDown: -24 }[event.key];
    if (by) set($("table").offsetHeight + by);
  });
}

// On paper: the drawing, and the head of the table.
function fillPrint() {
  const cells = (tag, values) => {
    const row = document.createElement("tr");
    values.forEach((value, n) => row.append(text(tag, value, table.shown[n].number ? "number" : "")));
    return row;
  };
  const { arena } = active;
  $("print").replaceChildren(cells("th", table.shown.map((c) => c.name)),
    ...table.order.slice(0, 40).map((i) => cells("td", table.shown.map((c) => c.cell(arena, i)))));
}

function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
  $("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  $("search").addEventListener("input", filter);
  $("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") showTensor(table.neighbour(table.order.includes(shared.selected) ? 1 : 0));
    if (event.key === "Escape") event.target.blur();
  });
  $("at-peak").addEventListener("change", filter);
  $("size").addEventListener("change", filter);
  $("zoom-in").addEventListener("click", () => zoomMiddle(0.7));
  $("zoom-out").addEventListener("click", () => zoomMiddle(1 / 0.7));
  $("zoom-all").addEventListener("click", seeAll);
  window.addEventListener("beforeprint", () => { setTheme("light"); fillPrint(); });
  dragSplitter();
  fillTabs();
  openGraph(0);
  new ResizeObserver(arrange).observe($("maps"));
}

start();
document.documentElement.dataset.ready = "yes";

"use strict";
// Joins the parts: one graph is shown at a time, each of its plans and spaces as a map, all with the same view.

const $ = (id) => document.getElementById(id);
const graphs = data.graphs.map((columns) => ({ columns, graph: null, arenas: null }));
const shared = {
  view: { x0: 0, x1: 1, y0: 0, y1: 1 }, matches: null, selected: -1,
  cursor: null, pinned: null,  // steps: { step, lane }
  question: "", looks: [],     // what colours say; colours.js
  left: LEFT,                  // of all maps, as times have to stand above one another
};
let current = null;  // of graphs
let maps = [];
let active = null;  // the map that the figures, the table and the details speak of
let theme = readTheme();
let wish = "";  // what the next frame has to draw: "", "over", "all"

const table = new Table($("table"), (i) => choose(i), (i) => showTensor(i));

// One frame, however many wishes.
function redraw() {
  if (!wish) requestAnimationFrame(drawWished);
  wish = "all";
}

// What follows the pointer alone.
function redrawOver() {
  if (!wish) requestAnimationFrame(drawWished);
  wish ||= "over";
}

function drawWished() {
  const isAll = wish === "all";
  wish = "";
  if (isAll) makeRoom();
  for (const map of maps) if (isAll) map.draw(theme); else map.drawOver(theme);
}

// Moves the maps to the right where their labels need it, and back once the whole is seen.
function makeRoom() {
  const needed = maps.reduce((most, map) => Math.max(most, map.roomForLabels()), LEFT);
  if (needed === shared.left || needed < shared.left && !seesAll()) return;
  shared.left = needed;
  document.documentElement.style.setProperty("--left", needed + "px");
  for (const map of maps) map.layOut();
}

function text(tag, content, className) {
  const element = document.createElement(tag);
  element.textContent = content;
  if (className) element.className = className;
  return element;
}

// Text of which the end is seen where there is too little room.
function tail(content) {
  const element = text("span", "", "tail");
  element.append(text("bdi", content));
  return element;
}

// ---- Graphs, plans, spaces
// -------------------------------------------------------------------------------------------

// On one stream all is in number 0.
function lanesOf(graph) {
  return graph.lanes.length ? graph.lanes.map((_, lane) => lane) : [0];
}

function openGraph(n) {
  current = graphs[n];
  if (!current.graph) {
    current.graph = new Graph(current.columns);
    current.arenas = current.columns.plans.flatMap((plan) => plan.spaces.flatMap((_, space) =>
      lanesOf(current.graph).map((lane) => new Arena(current.graph, plan, space, lane))));
    for (const arena of current.arenas) arena.top = topOf(arena, current.arenas);
  }
  for (const [k, tab] of [...$("tabs").children].entries()) {
    tab.setAttribute("aria-selected", k === n);
    tab.tabIndex = k === n ? 0 : -1;
    if (k === n) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  shared.selected = -1;
  shared.pinned = shared.cursor = null;
  maps = current.arenas.map(addMap);
  $("maps").replaceChildren(...maps.map((map) => map.figure));
  table.open(current.graph);
  $("table").style.maxHeight = current.graph.count * ROW + 40 + "px";
  active = maps[0];
  fillQuestions();
  arrange();
  fillSizes();
  activate(maps[0]);
  seeAll();
  filter();
  choose(-1);
}

// One scale for all plans of a space; up to its capacity, unless most of the map were empty then.
function topOf({ space, capacity = 0 }, arenas) {
  const most = arenas.filter((other) => other.space === space)
    .reduce((so_far, { peak_bytes: peak, lower_bound_bytes: bound }) => Math.max(so_far, peak, bound), 1);
  return Math.max(most, capacity < 3 * most ? capacity : 0) * 1.06;
}

function addMap(arena) {
  const { plan, peak_bytes: peak, lower_bound_bytes: bound, proven_optimal: proven } = arena;
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const space = plan.spaces.length > 1 ? "space " + arena.name : "";
  const lane = current.graph.lanes[arena.lane] || "";
  const name = [
    current.columns.plans.length > 1 || !(space || lane) ? plan.policy : "", space, lane
  ].filter(Boolean).join(", ");
  const ratio = bound > 0 ? " · " + (peak / bound).toFixed(3) + " × the bound" : "";
  const limit = arena.capacity === undefined ? "" : " of " + formatBytes(arena.capacity);
  caption.append(text("b", name), " · peak " + formatBytes(peak) + limit + (proven ? " · proven optimal" : ratio));
  caption.title = caption.textContent;
  if (current.arenas.length > 1) figure.append(caption);
  const stage = text("div", "", "stage");
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "map");
  canvas.setAttribute(
      "aria-label",
      "Map of " + arena.tensors + " tensors, policy " + name + ", peak " + formatBytes(peak) +
          ". Arrows pan, plus and minus zoom, comma and full stop go from tensor to tensor, " +
          "brackets from step to step.");
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
  const stacked = current.graph.lanes.length > 0 && current.columns.plans.length === 1;  // lanes have one scale of time
  const columns = stacked ? 1 : Math.min(maps.length, most, maps.length === 4 ? 2 : 3);
  $("maps").style.gridTemplateColumns = "repeat(" + columns + ", minmax(0, 1fr))";
  for (const map of maps) map.resize();
  redraw();
}

function activate(map) {
  active = map;
  for (const other of maps) other.figure.classList.toggle("active", other === map && maps.length > 1);
  fillFigures();
  recolour();
  fillExplained();
  fillStep();
  if (shared.selected < 0) choose(-1);
}

function fillFigures() {
  const {
    plan,
    metrics,
    peak_bytes: peak,
    lower_bound_bytes: bound,
    proven_optimal: proven,
    graph,
    name: space
  } = active.arena;
  const body = current.columns.name;
  $("source").textContent = data.source + (body ? ", body " + body : "");
  $("source").title = $("source").textContent;
  $("dims").textContent = data.dims;
  $("policy").textContent = [
    "policy " + plan.policy, plan.spaces.length > 1 ? "space " + space : "", "alignment " + data.alignment,
    data.made_with ? "made with " + data.made_with : "", plan.time_limited ? "shaped by a time limit" : "",
    plan.interrupted ? "interrupted" : ""
  ].filter(Boolean).join(", ");
  $("policy").title = $("policy").textContent;
  const percent = (ppm) => (ppm / 10000).toFixed(1) + " %";
  const figures = [
    ["peak" + (plan.spaces.length > 1 ? " of " + space : ""), formatBytes(peak), proven ? "proven optimal" : ""],
    [
      "lower bound", formatBytes(bound),
      proven || bound === 0 ? "" : "peak is " + ((peak / bound - 1) * 100).toFixed(1) + " % above"
    ],
    [
      "no reuse", formatBytes(metrics.no_reuse_bytes),
      peak > 0 ? (metrics.no_reuse_bytes / peak).toFixed(1) + " ×" : ""
    ],
    ["of peak × steps in use", percent(metrics.utilisation_ppm), ""],
    [
      "lost at the peak", formatBytes(metrics.padding_at_peak_bytes + metrics.fragmentation_at_peak_bytes),
      metrics.padding_at_peak_bytes > 0 ? formatBytes(metrics.padding_at_peak_bytes) + " of it padding" : ""
    ],
    [
      "tensors", formatCount(active.arena.tensors),
      graph.lanes.length ? "on " + graph.lanes.length + " streams" :
                           "over " + formatCount(graph.last - graph.first) + " steps"
    ],
  ];
  if (plan.streams) figures.push(...streamFigures(plan.streams));
  if (plan.spaces.length > 1)
    figures.unshift(["all spaces together", formatBytes(plan.peak_bytes), "in " + plan.spaces.length + " spaces"]);
  if (plan.peak_nested_bytes > 0)
    figures.splice(1, 0, ["nested bodies, on top", formatBytes(plan.peak_nested_bytes), ""]);
  if (data.weights && !body)
    figures.push(
        ["weights, beside", formatBytes(data.weights.needed_bytes), "in " + formatCount(data.weights.count)]);
  $("figures").replaceChildren(...figures.map(([name, value, note]) => {
    const pair = document.createElement("div");
    const shown = text("dd", value);
    if (note) shown.append(text("small", note));
    pair.append(text("dt", name), shown);
    return pair;
  }));
}

// What several streams cost and save.
function streamFigures({
  serial_bytes: serial,
  lanes_bytes: ownLanes,
  live_bytes: live,
  hand_overs: handOvers,
  handed_over_bytes: handedOver
}) {
  const figures = [
    ["one op after another", formatBytes(serial), ""],
    ["own bytes per stream", formatBytes(ownLanes), ""],
    ["live at once", formatBytes(live), "in an execution; bounds no plan"],
  ];
  if (handOvers !== undefined)
    figures.push(
        ["handed over", formatBytes(handedOver), "in " + formatCount(handOvers) + " pairs across streams"]);
  return figures;
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

// Lists anew, whose squares have the colours of before.
function refill() {
  explainedPlan = null;
  fillExplained();
  fillStep();
  markPicks(shared.selected);
}

function fillSizes() {
  const largest = current.graph.size.reduce((a, b) => Math.max(a, b), 0);
  const options = [["0", "any size"]];
  for (let size = 1024; size <= largest; size *= 4)
    options.push([String(size), "≥ " + formatBytes(size).replace(/\.0+ /, " ")]);
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
  const all = words === "" && !atPeak && least === 0 && !shared.looks.some(isHidden);
  const groups = groupsOf(arena);
  const isShown = shared.looks.map((look) => !isHidden(look));
  shared.matches = all ? null : new Uint8Array(graph.count);
  let count = 0;
  for (let i = 0; i < graph.count && !all; i++) {
    const matches = graph.size[i] >= least && (!atPeak || arena.atPeak[i]) && isShown[groups[i]] &&
      (words === "" || graph.label(i).toLowerCase().includes(words) || graph.also(i).toLowerCase().includes(words) ||
       graph.id(i).toLowerCase() === words);
    shared.matches[i] = matches ? 1 : 0;
    count += matches ? 1 : 0;
  }
  $("matches").textContent = all ? "" : formatCount(count) + " of " + formatCount(graph.count);
  table.fill(arena, shared.matches);
  redraw();
}

// ---- Light, paper, start --------------------------------------------------------------------------------------------

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  theme = readTheme();
  redraw();
}

// On paper: the drawing, the explanation, and the head of the table.
function fillPrint() {
  const cells = (tag, values) => {
    const row = document.createElement("tr");
    values.forEach((value, n) => row.append(text(tag, value, table.shown[n].number ? "number" : "")));
    return row;
  };
  const { arena } = active;
  $("print-explained").replaceChildren(...[...$("explained").children].map((part) => part.cloneNode(true)));
  $("print").replaceChildren(cells("th", table.shown.map((c) => c.name)),
    ...table.order.slice(0, 40).map((i) => cells("td", table.shown.map((c) => c.cell(arena, i)))));
}

function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
  $("theme").addEventListener(
      "click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  $("search").addEventListener("input", filter);
  $("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") showTensor(table.neighbour(table.order.includes(shared.selected) ? 1 : 0));
    if (event.key === "Escape") event.target.blur();
  });
  $("colour").addEventListener("change", (event) => {
    ask(event.target.value);
    choose(shared.selected);
    refill();
    filter();
  });
  $("at-peak").addEventListener("change", filter);
  window.addEventListener("scroll", () => { $("tip").hidden = true; });
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

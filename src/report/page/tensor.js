"use strict";
// What is known of a tensor: the one that is chosen, and the one that is pointed at.

function choose(i) {
  shared.selected = i;
  table.select(i);
  markPicks(i);
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
  const step = text("h2", "The peak, at " + graph.when(metrics.peakStep));
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
    ["also holds", graph.also(i)],
    ["size", formatBytes(size) + (size >= 1024 ? " (" + formatCount(size) + " bytes)" : "")],
    ["space", plan.space ? plan.spaces[plan.space[i]].name : ""],
    ["offset", formatCount(plan.offset[i]) + " to " + formatCount(plan.offset[i] + size)],
    ["alive", graph.life(i)],
    ["at the peak", arena.atPeak[i] ? (arena.atPeak[i] * 100 / arena.metrics.peak).toFixed(1) + " % of it" : "no"],
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

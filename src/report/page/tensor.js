"use strict";
// What is known of a tensor: the one that is chosen, and the one that is pointed at.

function choose(i) {
  shared.selected = i;
  table.select(i);
  markPicks(i);
  const panel = $("tensor");
  if (i < 0) {
    panel.replaceChildren(
        breakdown(active.arena), text("p", "Point at a tensor to see what it is; choose one to keep it here."));
  } else {
    panel.replaceChildren(text("h2", current.graph.label(i)), facts(active.arena, i, 12), beside(active.arena, i));
    panel.scrollTop = 0;
  }
  redrawOver();
}

// What each class takes, at the peak and in all.
function breakdown({ graph, metrics }) {
  const looks = shared.question === "class" ? CLASSES : null;  // a colour that means something else would mislead
  const shown = document.createElement("table");
  const row = (tag, values, kind) => {
    const line = document.createElement("tr");
    values.forEach((value, n) => line.append(text(tag, value, n > 0 ? "number" : "")));
    if (looks && kind !== undefined) line.firstChild.prepend(swatch(looks[kind]));
    shown.append(line);
  };
  const step = text("h2", "The peak, at " + graph.when(metrics.peak_step));
  row("th", ["class", "alive then", "in all"]);
  CLASSES.forEach(({ name }, kind) => {
    const one = metrics.classes?.[name];
    const shown = graph.buffers.class.length === 0 ? "tensors" : name;
    if (one) row("td", [shown, formatBytes(one.bytes_at_peak), formatBytes(one.bytes)], kind);
  });
  const { padding_at_peak_bytes: padding, fragmentation_at_peak_bytes: holes } = metrics;
  if (padding > 0) row("td", ["padding", formatBytes(padding), ""]);
  if (holes > 0) row("td", ["holes", formatBytes(holes), ""]);
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
    ["at the peak", arena.atPeak[i] ? (arena.atPeak[i] * 100 / arena.peak_bytes).toFixed(1) + " % of it" : "no"],
    ["made by", graph.producer(i) < 0 ? "" : graph.opName(graph.producer(i))],
    ["read by", readers.slice(0, most).map((step) => graph.opName(step)).join(", ") +
      (readers.length > most ? " and " + (readers.length - most) + " more" : "")],
    ["parts", graph.parts.has(i) ? String(graph.parts.get(i).length) : ""],
  ];
  const list = text("dl", "", "facts");
  for (const [name, value] of rows) if (value) list.append(text("dt", name), text("dd", value));
  return list;
}

const MOST_BESIDE = 6;

// The tensors around it, in the graph and in memory: each a button that chooses it.
function beside(arena, i) {
  const { graph } = arena;
  const { writes, reads } = graph.byOp;
  const of = (map, steps) => [...new Set(steps.flatMap((step) => map.get(step) || []))].filter((other) => other !== i);
  const rows = [
    ["made from", graph.producer(i) < 0 ? [] : of(reads, [graph.producer(i)])],
    ["goes into", of(writes, graph.readers(i))],
    ...arena.besides(i),
  ];
  const list = text("dl", "", "facts");
  for (const [name, tensors] of rows) {
    if (tensors.length === 0) continue;
    const links = text("dd", "");
    for (const other of tensors.slice(0, MOST_BESIDE)) {
      const label = graph.label(other);
      const link = text("button", label.length > 34 && label.includes("/") ? "…" + label.slice(-32) : label, "link");
      link.title = label;
      link.type = "button";
      link.dataset.tensor = other;
      link.addEventListener("click", () => pick(other));
      links.append(link);
    }
    if (tensors.length > MOST_BESIDE) links.append("and " + formatCount(tensors.length - MOST_BESIDE) + " more");
    list.append(text("dt", name), links);
  }
  return list;
}

// Shows `content` beside a point of the window, and within it.
function showTip(content, clientX, clientY) {
  const tip = $("tip");
  tip.replaceChildren(...content);
  tip.hidden = false;
  moveTip(clientX, clientY);
}

function moveTip(clientX, clientY) {
  const tip = $("tip");
  const right = clientX + 16 + tip.offsetWidth > window.innerWidth;
  const low = clientY + 16 + tip.offsetHeight > window.innerHeight;
  tip.style.left = Math.max(4, right ? clientX - 16 - tip.offsetWidth : clientX + 16) + "px";
  tip.style.top = Math.max(4, low ? clientY - 16 - tip.offsetHeight : clientY + 16) + "px";
}

// In short what a tensor, or else a step, is: where a finger has tapped, there is no room for more.
function tipOf(map, i, at) {
  const { graph } = map.arena;
  if (i >= 0) {
    const life = text("div", formatBytes(graph.size[i]) + (graph.type(i) ? ", " + graph.type(i) : ""));
    const by = graph.producer(i) < 0 ? "" : ", by " + graph.opName(graph.producer(i));
    return [text("b", graph.label(i)), life, text("div", graph.life(i) + by)];
  }
  const count = map.arena.aliveAt(at.step).length;
  return [
    text("b", "Step " + graph.stepLabel(at.step, at.lane)),
    text(
        "div",
        formatBytes(map.arena.liveAt(at.step)) + " alive in " + formatCount(count) +
            (count === 1 ? " tensor" : " tensors"))
  ];
}

// What is under a finger, or in the middle of a tensor of a list: the tip stays until the next touch.
function tapTip(map, i, at, clientX, clientY) {
  if (i >= 0 || at) showTip(tipOf(map, i, at), clientX, clientY);
}

function tipOverTensor(map, i) {
  const { x0, x1, y0, y1 } = placeOf(i);
  const { plot, arena } = map;
  const box = map.canvas.getBoundingClientRect();
  const clamp = (value, low, length) => Math.min(Math.max(value, low), low + length);
  tapTip(map, i, null, box.left + clamp(map.xOf((x0 + x1) / 2), plot.x, plot.w),
    box.top + clamp(map.yOf((y0 + y1) / 2 * arena.top), plot.y, plot.h));
}

// What the pointer is over; x null: nothing.
function hover(map, x, y, clientX, clientY) {
  const zone = x === null ? "" : map.zoneAt(y);
  const i = zone === "map" ? map.tensorAt(x, y) : -1;
  const cursor = x === null ? null : stepUnder(map, x, zone);
  const moved = cursor?.step !== shared.cursor?.step || cursor?.lane !== shared.cursor?.lane;
  shared.cursor = cursor;
  if (i !== map.hovered) {
    map.hovered = i;
    if (i < 0)
      $("tip").hidden = true;
    else
      showTip([text("b", map.arena.graph.label(i)), facts(map.arena, i, 4)], clientX, clientY);
    redrawOver();
  } else if (moved) redrawOver();
  if (i >= 0) moveTip(clientX, clientY);
}

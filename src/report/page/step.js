"use strict";
// A step that is asked for: the one under the pointer, and the one that is pinned, of which the tensors are listed.

let alive = null;  // the list of the pinned step

// The step under `x` of a map; null outside of it.
function stepUnder(map, x, zone) {
  const { plot, arena } = map;
  if (x < plot.x || x > plot.x + plot.w) return null;
  const step = Math.floor(zone === "overview" ? map.stepOfAll(x) : map.stepAt(x));
  return {
    step: Math.min(Math.max(step, arena.graph.first), Math.max(arena.graph.first, arena.graph.last - 1)),
    lane: arena.lane
  };
}

function pin(at) {
  shared.pinned = at;
  fillStep();
  if (at) $("reasons").scrollTop = 0;
  redrawOver();
}

// Another step than the pinned one; the first time the peak.
function pinBeside(by) {
  const { arena } = active;
  const { first, last, lanes } = arena.graph;
  const now = shared.pinned;
  const from = now ? now.step + by : lanes.length ? first : arena.metrics.peak_step;
  pin({ step: Math.min(Math.max(from, first), last - 1), lane: arena.lane });
  seeStep(shared.pinned.step);
}

// What is alive there, and how much, on the map that is active.
function fillStep() {
  const panel = $("step");
  const { arena } = active;
  const at = shared.pinned;
  if (at && at.lane !== arena.lane) shared.pinned = null;
  panel.hidden = !shared.pinned;
  alive = null;
  if (!shared.pinned) return panel.replaceChildren();
  const tensors = arena.aliveAt(at.step);
  const live = tensors.reduce((sum, [, bytes]) => sum + bytes, 0);
  const share = arena.peak_bytes > 0 ? ", " + (live * 100 / arena.peak_bytes).toFixed(1) + " % of the peak" : "";
  const count = formatCount(tensors.length) + (tensors.length === 1 ? " tensor" : " tensors");
  const bar = text("div", "", "picked");
  const button = (label, name, act) => {
    const element = text("button", label);
    element.type = "button";
    element.setAttribute("aria-label", name);
    element.addEventListener("click", act);
    return element;
  };
  bar.append(text("h2", "Step " + arena.graph.stepLabel(at.step, at.lane)),
    button("‹", "The step before", () => pinBeside(-1)), button("›", "The step after", () => pinBeside(1)),
    button("×", "No step", () => pin(null)));
  panel.replaceChildren(
      bar,
      text(
          "p",
          count + " alive, " + formatBytes(live) + share + ". The highest byte in use ends at " +
              formatBytes(arena.topAt(at.step)) + "."));
  if (tensors.length === 0) return;
  alive = new Picks("alive at the pinned step", tensors.length, (n) => {
    const [tensor, bytes] = tensors[n];
    return { tensor, figure: formatBytes(bytes), below: roleAt(arena.graph, tensor, at.step) };
  });
  panel.append(alive.element, ...alive.more());
  alive.mark(shared.selected);
}

// What the op of a step does with a tensor.
function roleAt(graph, i, step) {
  if (graph.lanes.length) return graph.life(i);
  const readers = graph.readers(i);
  if (graph.producer(i) === step) return "written here";
  if (readers.includes(step))
    return readers[readers.length - 1] === step ? "read here, for the last time" : "read here";
  return graph.life(i);
}

// Buttons for other steps that are as high as the peak.
function peakSteps({ peak_steps: count, other_peaks: others }) {
  if (!others || current.graph.lanes.length) return [];
  const line = text("p", formatCount(count) + " steps are this high; the others: ", "steps");
  for (const { first_step: first, last_step: last } of others) {
    const button =
        text("button", first === last ? formatCount(first) : formatCount(first) + " – " + formatCount(last));
    button.type = "button";
    button.title = "step " + current.graph.stepName(first);
    button.addEventListener("click", () => { pin({ step: first, lane: 0 }); seeStep(first); });
    line.append(button);
  }
  return [line];
}

"use strict";
// What is seen of the maps: all with the same view, in steps and in shares of their height.

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

function seesAll() {
  const { view } = shared, whole = wholeView();
  return view.x0 <= whole.x0 && view.x1 >= whole.x1;
}

// Moves to a step, as near as it was; without bytes.
function seeAround(step) {
  const { x0, x1, y0, y1 } = shared.view;
  see(step - (x1 - x0) / 2, step + (x1 - x0) / 2, y0, y1);
}

// Moves to a step that is not seen.
function seeStep(step) {
  if (step < shared.view.x0 || step + 1 > shared.view.x1) seeAround(step + 0.5);
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
  const { graph, plan, top, lane } = active.arena;
  const height = { y0: plan.offset[i] / top, y1: (plan.offset[i] + Math.max(1, graph.size[i])) / top };
  if (!graph.lanes.length) return { x0: graph.lower[i], x1: graph.upper[i], ...height };
  const here = graph.rectangles(i).filter((rectangle) => rectangle[4] === lane);
  if (here.length === 0) return { ...shared.view, ...height };
  return { x0: Math.min(...here.map(([x0]) => x0)), x1: Math.max(...here.map(([, x1]) => x1)), ...height };
}

// Around the chosen tensor, where that is seen.
function zoomMiddle(factor) {
  const { x0, x1, y0, y1 } = shared.view;
  let middle = { x0, x1, y0, y1 };
  if (shared.selected >= 0) {
    const place = placeOf(shared.selected);
    const seen = {
      x0: Math.max(x0, place.x0),
      x1: Math.min(x1, place.x1),
      y0: Math.max(y0, place.y0),
      y1: Math.min(y1, place.y1)
    };
    if (seen.x0 < seen.x1 && seen.y0 < seen.y1) middle = seen;
  }
  zoom(factor, factor, (middle.x0 + middle.x1) / 2, (middle.y0 + middle.y1) / 2);
}

function pan(dx, dy) {
  const { x0, x1, y0, y1 } = shared.view;
  const x = (x1 - x0) * dx, y = (y1 - y0) * dy;
  see(x0 + x, x1 + x, y0 + y, y1 + y);
}

// Moves to a tensor of which nothing is seen.
function seeTensor(i) {
  const { x0, x1, y0, y1 } = shared.view;
  const place = placeOf(i);
  if (place.x0 < x1 && place.x1 > x0 && place.y0 < y1 && place.y1 > y0) return;
  const x = (place.x0 + place.x1) / 2, y = (place.y0 + place.y1) / 2;
  see(x - (x1 - x0) / 2, x + (x1 - x0) / 2, y - (y1 - y0) / 2, y + (y1 - y0) / 2);
}

// Zooms so that a tensor has room around it.
function showTensor(i) {
  if (i < 0) return;
  choose(i);
  const { x0, x1, y0, y1 } = placeOf(i);
  const life = x1 - x0, height = y1 - y0;
  see(x0 - life * 1.5, x1 + life * 1.5, y0 - height * 2, y1 + height * 2);
}

"use strict";
// What lies under a map: the bytes alive, in the steps that are seen; below, of the whole run, with a frame around what
// is seen. And what lies over it: the cursor, the step that is pinned, the outlines of tensors.

// "map", "live" or "overview": what a height on the canvas belongs to.
ArenaMap.prototype.zoneAt = function (y) {
  const { plot, curve } = this;
  const foot = plot.y + plot.h + GAP + curve;
  return y < plot.y + plot.h + GAP / 2 ? "map" : y < foot + 4 ? "live" : "overview";
};

// The step of the whole run at `x` of the overview.
ArenaMap.prototype.stepOfAll = function (x) {
  const { x0, x1 } = wholeView();
  return x0 + (x - this.plot.x) * (x1 - x0) / this.plot.w;
};

ArenaMap.prototype.drawBars = function (columns, top, height, scale, color) {
  const { context: c, plot } = this;
  c.fillStyle = color;
  columns.forEach((bytes, x) => {
    if (bytes > 0) c.fillRect(plot.x + x, top + height - bytes * scale, Math.min(1, plot.w - x), bytes * scale);
  });
};

ArenaMap.prototype.drawCurve = function (theme) {
  const { context: c, plot, arena, view, curve } = this;
  const { peak_bytes: peak, lower_bound_bytes: bound } = arena;
  const top = plot.y + plot.h + GAP;
  const scale = curve / (Math.max(peak, bound, 1) * 1.08);
  c.fillStyle = theme.empty;
  c.fillRect(plot.x, top, plot.w, curve);
  this.drawBars(arena.mostAlive(view.x0, view.x1, Math.ceil(plot.w)), top, curve, scale, theme.live);
  c.strokeStyle = theme.line;
  c.strokeRect(plot.x - 0.5, top - 0.5, plot.w + 1, curve + 1);
  this.rule(top + curve - peak * scale, theme.peak, []);
  if (bound !== peak) this.rule(top + curve - bound * scale, theme.bound, [6, 4]);
  if (!arena.graph.lanes.length) this.mark(this.xOf(arena.metrics.peak_step + 0.5), top, theme.peak);
};

// A small triangle that points down at a step.
ArenaMap.prototype.mark = function (x, y, color) {
  const { context: c, plot } = this;
  if (x < plot.x || x > plot.x + plot.w) return;
  c.fillStyle = color;
  c.beginPath();
  c.moveTo(x - 4, y - 6);
  c.lineTo(x + 4, y - 6);
  c.lineTo(x, y - 0.5);
  c.fill();
};

ArenaMap.prototype.drawOverview = function (theme) {
  const { context: c, plot, arena, view, curve } = this;
  const whole = wholeView();
  const top = plot.y + plot.h + GAP + curve + OVERVIEW_GAP;
  c.fillStyle = theme.empty;
  c.fillRect(plot.x, top, plot.w, OVERVIEW);
  if (!this.whole || this.whole.length !== Math.ceil(plot.w)) {
    this.whole = arena.mostAlive(whole.x0, whole.x1, Math.ceil(plot.w));
  }
  this.drawBars(this.whole, top, OVERVIEW, OVERVIEW / (Math.max(arena.peak_bytes, 1) * 1.08), theme.live);
  const x = (step) => plot.x + (step - whole.x0) * plot.w / (whole.x1 - whole.x0);
  if (!arena.graph.lanes.length) this.mark(x(arena.metrics.peak_step + 0.5), top + 6, theme.peak);
  c.strokeStyle = theme.line;
  c.strokeRect(plot.x - 0.5, top - 0.5, plot.w + 1, OVERVIEW + 1);
  const seen = { x: x(view.x0), w: Math.max(3, x(view.x1) - x(view.x0)) };
  c.fillStyle = theme.paper;
  c.globalAlpha = 0.65;
  c.fillRect(plot.x, top, seen.x - plot.x, OVERVIEW);
  c.fillRect(seen.x + seen.w, top, Math.max(0, plot.x + plot.w - seen.x - seen.w), OVERVIEW);
  c.globalAlpha = 1;
  c.strokeStyle = theme.focus;
  c.lineWidth = 1.5;
  c.strokeRect(seen.x, top - 0.5, Math.min(seen.w, plot.x + plot.w - seen.x), OVERVIEW + 1);
  c.lineWidth = 1;
};

// What follows the pointer: over what draw() left, without painting the tensors again.
ArenaMap.prototype.drawOver = function (theme) {
  const { context: c, shared: { pinned, cursor } } = this;
  c.setTransform(1, 0, 0, 1, 0, 0);
  c.drawImage(this.still, 0, 0);
  c.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
  c.font = FONT;
  this.outline(this.shared.selected, theme.ink, 3, theme);
  this.outline(this.hovered, theme.ink, 1.5, theme);
  this.drawStep(pinned, theme.focus, [], theme);
  this.drawStep(cursor, theme.soft, [3, 3], theme);
  this.sayStep(cursor || pinned, theme);
};

ArenaMap.prototype.drawStep = function (at, color, dash, theme) {
  const { context: c, plot, curve } = this;
  if (!at || at.lane !== this.arena.lane) return;
  const left = this.xOf(at.step), right = this.xOf(at.step + 1);
  if (right < plot.x || left > plot.x + plot.w) return;
  const from = Math.max(left, plot.x), to = Math.min(right, plot.x + plot.w);
  const foot = plot.y + plot.h + GAP + curve;
  c.fillStyle = color;
  c.globalAlpha = 0.16;
  c.fillRect(from, plot.y, to - from, plot.h);
  c.fillRect(from, plot.y + plot.h + GAP, to - from, curve);
  c.globalAlpha = 1;
  c.strokeStyle = color;
  c.setLineDash(dash);
  const x = Math.round(Math.min(Math.max((left + right) / 2, plot.x), plot.x + plot.w)) + 0.5;
  this.line(x, plot.y, x, plot.y + plot.h);
  this.line(x, plot.y + plot.h + GAP, x, foot);
  c.setLineDash([]);
  if (dash.length === 0) this.mark(x, plot.y + plot.h + 6, color, theme);
};

// What is alive at a step, and how much, above the strip.
ArenaMap.prototype.sayStep = function (at, theme) {
  const { context: c, plot, arena } = this;
  if (!at || at.lane !== arena.lane) return;
  const x = this.xOf(at.step + 0.5);
  if (x < plot.x || x > plot.x + plot.w) return;
  const words = this.cut("step " + arena.graph.stepLabel(at.step, arena.lane), plot.w / 2) + ": " +
      formatBytes(arena.liveAt(at.step));
  const width = c.measureText(words).width + 10;
  const left = Math.min(Math.max(x - width / 2, plot.x), plot.x + plot.w - width);
  const y = plot.y + plot.h + GAP / 2 + 1;
  c.fillStyle = theme.ink;
  c.fillRect(left, y - 8, width, 16);
  c.fillStyle = theme.paper;
  c.textAlign = "left";
  c.textBaseline = "middle";
  c.fillText(words, left + 5, y + 0.5);
};

ArenaMap.prototype.outline = function (tensor, color, width, theme) {
  if (tensor < 0) return;
  const { context: c, plot, arena, view } = this;
  if (arena.plan.space && arena.plan.space[tensor] !== arena.space) return;
  c.save();
  c.beginPath();
  c.rect(plot.x - 2, plot.y - 2, plot.w + 4, plot.h + 4);
  c.clip();
  for (const [lower, upper, begin, end, lane] of arena.graph.rectangles(tensor)) {
    const offset = arena.plan.offset[tensor];
    if ((lane || 0) !== arena.lane || upper <= view.x0 || lower >= view.x1) continue;
    const x = this.xOf(lower), y = this.yOf(offset + end);
    const w = Math.max(2, this.xOf(upper) - x), h = Math.max(2, this.yOf(offset + begin) - y);
    c.lineWidth = width + 2;
    c.strokeStyle = theme.paper;
    c.strokeRect(x, y, w, h);
    c.lineWidth = width;
    c.strokeStyle = color;
    c.strokeRect(x, y, w, h);
  }
  c.lineWidth = 1;
  c.restore();
};

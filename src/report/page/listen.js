"use strict";
// Mouse, touch and keys.

function listen(map) {
  const { canvas } = map;
  const pointers = new Map();
  let moved = 0;
  let zone = "map";  // where the pointer went down
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    moved = 0;
    zone = map.zoneAt(place(event)[1]);
    $("tip").hidden = true;
    if (zone === "overview") seeAround(map.stepOfAll(place(event)[0]));
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = place(event);
    const before = pointers.get(event.pointerId);
    if (!before) return event.pointerType === "mouse" && hover(map, ...now, event.clientX, event.clientY);
    hover(map, null);
    moved += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
    canvas.classList.add("dragging");
    if (zone === "overview") {
      seeAround(map.stepOfAll(now[0]));
    } else if (pointers.size === 1) {
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
    const [x, y] = place(event);
    const i = zone === "map" ? map.tensorAt(x, y) : -1;
    if (zone === "map") choose(i);
    const at = stepUnder(map, x, zone);
    if (at && (zone !== "overview" || seesAll())) pin(at);
    if (event.pointerType !== "mouse") tapTip(map, i, at, event.clientX, event.clientY);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hover(map, null); });
  canvas.addEventListener("dblclick", (event) => {
    if (map.zoneAt(place(event)[1]) === "overview") return seeAll();
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
      Enter: () => showTensor(shared.selected), Home: seeAll,
      Escape: () => { choose(-1); pin(null); },
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
    "[": () => pinBeside(-1), "]": () => pinBeside(1),
  }[event.key];
  if (!act) return;
  act();
  event.preventDefault();
});

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

"use strict";
// Why the peak is as high as it is, and what would lower it: of the plan whose map is active.

const FIRST = 50;  // entries of a list, until more are asked for

// Tensors to choose from, in an order of their own: one stop of the Tab key, arrows go from one to the next.
class Picks {
  // `lines(n)`: what the n-th says: its tensor, a figure beside its name, and a line below.
  constructor(name, count, lines) {
    this.count = count;
    this.lines = lines;
    this.name = name;
    this.element = text("div", "", "picks");
    this.element.setAttribute("role", "listbox");
    this.element.setAttribute("aria-label", name);
    this.element.tabIndex = 0;
    this.items = [];
    this.chosen = null;
    this.element.addEventListener("click", (event) => this.act(event, pick));
    this.element.addEventListener("dblclick", (event) => this.act(event, show));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.add(0, Math.min(count, FIRST));
  }

  add(begin, end) {
    for (let n = begin; n < end; n++) this.items.push(this.item(n));
    this.element.append(...this.items.slice(begin));
  }

  act(event, what) {
    const item = event.target.closest("[role=option]");
    if (item) what(Number(item.dataset.tensor));
  }

  item(n) {
    const { tensor, figure, below } = this.lines(n);
    const { graph } = current;
    const item = document.createElement("div");
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", false);
    item.id = this.name.replaceAll(" ", "-") + "-" + n;
    item.dataset.tensor = tensor;
    const name = text("span", "", "name");
    name.title = graph.label(tensor);
    name.append(tail(name.title));
    name.prepend(swatch(lookOf(tensor)));
    item.append(name, text("span", figure, "number"), text("small", below));
    return item;
  }

  // A button for what is not there yet, or nothing.
  more() {
    if (this.count <= FIRST) return [];
    const button = text("button", "all " + formatCount(this.count));
    button.type = "button";
    button.addEventListener("click", () => {
      this.add(FIRST, this.count);
      button.remove();
      this.element.focus();
      this.mark(shared.selected);
    });
    return [button];
  }

  mark(tensor) {
    this.chosen?.setAttribute("aria-selected", false);
    this.element.removeAttribute("aria-activedescendant");
    this.chosen = this.items.find((item) => Number(item.dataset.tensor) === tensor) || null;
    if (!this.chosen) return;
    this.chosen.setAttribute("aria-selected", true);
    this.element.setAttribute("aria-activedescendant", this.chosen.id);
    if (this.element === document.activeElement) this.chosen.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    const now = this.items.indexOf(this.chosen);
    const last = this.items.length - 1;
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: last, Enter: now }[event.key];
    if (to === undefined) return;
    (event.key === "Enter" ? show : pick)(Number(this.items[Math.min(last, Math.max(0, to))].dataset.tensor));
    event.preventDefault();
  }
}

let explainedPlan = null;
let pickLists = [];

// Chooses a tensor, and sees to it that it can be seen.
function pick(tensor) {
  const { plan } = active.arena;
  const mine = maps.filter(({ arena }) => arena.plan === plan && (!plan.space || arena.space === plan.space[tensor]));
  const map = mine.find(({ arena }) => arena.has(tensor)) || mine[0];
  if (map !== active && !(mine.includes(active) && active.arena.has(tensor))) { activate(map); filter(); }
  choose(tensor);
  seeTensor(tensor);
  active.figure.scrollIntoView({ block: "nearest" });
  if (isSmall()) requestAnimationFrame(() => tipOverTensor(active, tensor));  // its name, where one looks now
}

// The same, and zooms to it.
function show(tensor) {
  pick(tensor);
  showTensor(tensor);
}

function isSmall() {
  return matchMedia("(max-width: 900px)").matches;
}

function markPicks(tensor) {
  for (const list of alive ? [alive, ...pickLists] : pickLists) list.mark(tensor);
}

function fillExplained() {
  const { plan, why, name: space } = active.arena;
  const panel = $("explained");
  if (plan !== explainedPlan) {
    explainedPlan = plan;
    pickLists = [];
    panel.replaceChildren(text("h2", "The peak explained"), text("p", ""),
      ...fillChanges(plan), ...fillSpills(plan), ...fillHolders(plan));
    $("reasons").scrollTop = 0;
  }
  panel.querySelector("p").textContent = (plan.space ? "Space " + space + ", with what it holds. " : "") + why;
}

function fillChanges({ explanation }) {
  if (!explanation || !explanation.heading) return [];
  const { heading, peak_step: step, what_ifs: whatIfs, more_streams: moreStreams } = explanation;
  const more = moreStreams ? [text("p", moreStreams + ".")] : [];
  const list = text("ul", "", "changes");
  for (const { sentence, option, saving_bytes: saving, new_peak_bytes: newPeak, next_peak_step: next } of whatIfs) {
    const entry = document.createElement("li");
    const where = next === undefined ?
        "" :
        (next === step ? ", still at step " : ", held at step ") + current.graph.stepName(next);
    entry.append(text("b", "−" + formatBytes(saving)), " " + sentence,
      text("small", "then " + formatBytes(newPeak) + " (" + formatCount(newPeak) + " bytes)" + where));
    if (option) entry.append(text("small", "option " + option));
    list.append(entry);
  }
  return whatIfs.length ? [text("h3", heading), list, ...more] : [text("p", heading), ...more];
}

// Why a spilled buffer is not in the space `from`.
const REASONS = {
  too_large: (from, room) => "it is larger than " + from + " takes as one buffer, " + room,
  no_room: (from, room, step) =>
      "it needs more than the " + room + " left in " + from + " at step " + step + "; cheapest to move",
  no_hole: (from, room) => from + " has room at every step, at least " + room + ", but nowhere in one piece",
};

function fillSpills({ spaces, spills, spill_cost: spillCost, spill_cost_bound: spillCostBound }) {
  if (!spills) return [];
  if (spills.length === 0) return [text("p", "Every buffer is where it would best be.")];
  const list = new Picks("not where they would best be", spills.length, (n) => {
    const { buffer: tensor, from, to, reason, step, room_bytes: room, cost } = spills[n];
    return {
      tensor, figure: formatBytes(current.graph.size[tensor]),
      below: spaces[from].name + " → " + spaces[to].name + ", cost " + formatCount(cost) + ": " +
        REASONS[reason](spaces[from].name, formatBytes(room), current.graph.stepName(step)),
    };
  });
  pickLists.push(list);
  const bound =
      spillCost === spillCostBound ? "proven the least" : "at least " + formatCount(spillCostBound) + " for any plan";
  return [
    text(
        "h3",
        "Not where they would best be, at a cost of " + formatCount(spillCost) + " (bytes × uses × cost; " + bound +
            ")"),
    list.element, ...list.more()
  ];
}

function fillHolders({ explanation, space, spaces }) {
  if (!explanation || explanation.holders.length === 0) return [];
  const { peak_step: step, holders } = explanation;
  const total = holders.reduce((sum, { bytes }) => sum + bytes, 0);
  const list = new Picks("alive where the most bytes are", holders.length, (n) => {
    const { buffer: tensor, bytes, why } = holders[n];
    return {
      tensor,
      figure: formatBytes(bytes),
      below: (space ? "in " + spaces[space[tensor]].name + ", " : "") + why
    };
  });
  pickLists.push(list);
  const count = formatCount(holders.length) + (holders.length === 1 ? " tensor" : " tensors");
  const all = space ? ", of all spaces together" : "";
  const head =
      (current.graph.lanes.length ? "None of these is over before another" :
                                    "Alive at step " + current.graph.stepName(step) + ", where the most bytes are") +
      all + ": " + formatBytes(total) + " in " + count;
  const { metrics } = active.arena;
  const apart =
      !space && !current.graph.lanes.length && active.arena.topAt(step) < active.arena.topAt(metrics.peak_step);
  const where = "The highest byte of this plan is in use at step " + current.graph.stepName(metrics.peak_step) + ".";
  return [text("h3", head), ...(apart ? [text("p", where)] : []), ...peakSteps(explanation),
    list.element, ...list.more()];
}

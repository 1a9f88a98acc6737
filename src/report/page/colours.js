"use strict";
// What colours say: a group a tensor, by one of several questions. A question that has but one answer is not offered.

const NEUTRAL = { color: "#6e7781", hatch: "", dark: false };
const LARGEST_TYPES = 7;  // of ops with a colour of their own
const TYPE_LOOKS = [
  { color: "#0072b2", hatch: "", dark: false }, { color: "#e69f00", hatch: "-", dark: true },
  { color: "#009e73", hatch: "", dark: true }, { color: "#cc79a7", hatch: "/", dark: true },
  { color: "#56b4e9", hatch: "\\", dark: true }, { color: "#d55e00", hatch: "#", dark: true },
  { color: "#f0e442", hatch: "", dark: true },
];

// Each gives `groups`, by name and look, and `of(arena)`: the number of each tensor's group.
const QUESTIONS = {
  class: {
    label: "class",
    groups: () => CLASSES,
    of: (arena) => arena.graph.kind,
  },
  op: {
    label: "type of op",
    groups: () => typesOf(current.graph).groups,
    of: (arena) => typesOf(arena.graph).of,
  },
  space: {
    label: "space",
    groups: () => active.arena.plan.spaces.map(({ name }, n) => ({ name, ...TYPE_LOOKS[n % TYPE_LOOKS.length] })),
    of: ({ plan, graph }) => Uint8Array.from(plan.space || new Uint8Array(graph.count)),
  },
  peak: {
    label: "alive at the peak",
    groups: () =>
        [{ name: "alive at the peak", color: "#d55e00", hatch: "", dark: true },
         { name: "at other times", color: "#56b4e9", hatch: "", dark: true },
],
    of: (arena) => Uint8Array.from(arena.atPeak, (bytes) => bytes > 0 ? 0 : 1),
  },
  none: {
    label: "nothing",
    groups: () => [{ name: "tensors", ...NEUTRAL }],
    of: ({ graph }) => new Uint8Array(graph.count)
  },
};

// The types of the ops that write the tensors: those of the most bytes, then the others, then what no op writes.
function typesOf(graph) {
  if (graph.types) return graph.types;
  const bytes = new Map();
  const names = Array.from({ length: graph.count }, (_, i) => graph.opType(graph.producer(i)));
  names.forEach((name, i) => { if (name) bytes.set(name, (bytes.get(name) || 0) + graph.size[i]); });
  const all = [...bytes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
  const shown = all.slice(0, LARGEST_TYPES);
  const groups = shown.map((name, n) => ({ name, ...TYPE_LOOKS[n] }));
  const number = new Map(shown.map((name, n) => [name, n]));
  const others = groups.length, inputs = others + 1;
  groups.push(
      { name: "other types", color: "#8c959f", hatch: "", dark: true },
      { name: "no op", ...NEUTRAL, hatch: "/" });
  graph.types = { groups, of: Uint8Array.from(names, (name) => name ? number.get(name) ?? others : inputs) };
  return graph.types;
}

function groupsOf(arena) {
  arena.groups[shared.question] ||= QUESTIONS[shared.question].of(arena);
  return arena.groups[shared.question];
}

// The look of a tensor, in the arena that is active.
function lookOf(i) {
  return shared.looks[groupsOf(active.arena)[i]];
}

// Whether the answers differ: on one map at least, or between the maps.
function tells(question) {
  const seen = new Set();
  for (const arena of current.arenas) {
    const groups = QUESTIONS[question].of(arena);
    for (let k = 0; k < arena.count && seen.size < 2; k++) seen.add(groups[arena.tensor[k]]);
  }
  return seen.size > 1;
}

// Offers what tells something, and takes the question that was asked before, if it is among these.
function fillQuestions() {
  const offered = ["class", "op", "space", "peak"].filter(tells);
  $("colour").replaceChildren(...offered.map((question) => {
    const option = text("option", QUESTIONS[question].label);
    option.value = question;
    return option;
  }));
  $("colouring").hidden = offered.length < 2;
  ask(offered.includes(shared.question) ? shared.question : offered[0] || "none");
}

function ask(question) {
  shared.question = question;
  $("colour").value = question;
  recolour();
}

// Looks as the canvas needs them, and the legend.
function recolour() {
  shared.looks = QUESTIONS[shared.question].groups().map((look) => ({
    ...look, fill: packed(parseColor(look.color)), line: packed(mix(parseColor(look.color), [255, 255, 255], 0.45)),
  }));
  fillLegend();
}

const hidden = new Set();  // "question name" of groups that are not shown

function isHidden(look) {
  return hidden.has(shared.question + " " + look.name);
}

// A box a group that has tensors, which hides them.
function fillLegend() {
  const counts = new Uint32Array(shared.looks.length);
  for (const group of groupsOf(active.arena)) counts[group]++;
  const known = shared.looks.filter((_, group) => counts[group] > 0);
  $("legend").replaceChildren(...(known.length < 2 ? [] : known).map((look) => {
    const label = text("label", "", "check");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = !isHidden(look);
    box.dataset.group = look.name;
    box.addEventListener("change", () => {
      hidden[box.checked ? "delete" : "add"](shared.question + " " + look.name);
      filter();
    });
    label.append(box, swatch(look), look.name);
    return label;
  }));
}

// A small square with the colour and the hatch of a group.
function swatch({ color, hatch }) {
  const line = "rgb(255 255 255 / .6) 0 1.5px, transparent 1.5px 5px)";
  const lines = {
    "": "", "/": "repeating-linear-gradient(135deg, " + line, "\\": "repeating-linear-gradient(45deg, " + line,
    "-": "repeating-linear-gradient(0deg, " + line,
    "#": "repeating-linear-gradient(0deg, " + line + ", repeating-linear-gradient(90deg, " + line,
  }[hatch];
  const element = document.createElement("span");
  element.className = "swatch";
  element.style.background = (lines ? lines + ", " : "") + color;
  return element;
}

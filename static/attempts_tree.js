// The tree of attempts, drawn over bars: a line for every take from the bar where it begins to the one where it
// ends, hanging on the line of what it continues. The names at the left are buttons.

const ROW = 30;            // px, as in takes.css

/** place: an element. attempts: `Attempts`. chosen: id. choose: called with an id. */
export function drawTree(place, attempts, chosen, choose) {
  const pieces = byPiece(attempts);
  place.hidden = attempts.list.length < 2;
  if (place.hidden) {
    place.replaceChildren();
    return;
  }
  const focused = document.activeElement?.closest?.(".attempts button")?.value;
  const heading = document.createElement("h3");
  heading.textContent = "Where each take comes from";
  place.replaceChildren(heading, ...pieces.map((rows) => piece(rows, attempts, chosen, choose)));
  if (focused) place.querySelector(`button[value="${focused}"]`)?.focus();
}

/** Rows {attempt, above, depth} of every piece, the latest piece first; what is removed stays where something hangs on it. */
function byPiece(attempts) {
  const all = [...attempts.all.values()].filter((one) => !one.growing).sort((a, b) => a.made - b.made || a.number - b.number);
  const ids = new Set(all.map((one) => one.id));
  const children = (id) => all.filter((one) => (ids.has(one.parent) ? one.parent : "") === id);
  const rows = (one, above, seen, depth) => {
    if (seen.has(one.id)) return [];       // a store may say anything
    seen.add(one.id);
    const below = children(one.id).flatMap((child) => rows(child, one, seen, depth + 1));
    return one.removed && !below.length ? [] : [{ attempt: one, above, depth }, ...below];
  };
  const pieces = new Map();
  for (const one of children("")) {
    const found = rows(one, null, new Set(), 0);
    if (found.length) pieces.set(one.title, [...(pieces.get(one.title) ?? []), ...found]);
  }
  return [...pieces.values()].reverse();
}

function piece(rows, attempts, chosen, choose) {
  const section = document.createElement("section");
  const last = Math.max(...rows.map(({ attempt }) => attempt.bars), 1);
  const title = document.createElement("p");
  title.className = "piece";
  title.textContent = rows[0].attempt.title;
  const list = document.createElement("ol");
  list.append(...rows.map(({ attempt, above, depth }) => {
    const item = document.createElement("li");
    item.style.setProperty("--depth", depth);
    item.append(attempt.removed ? gone(attempt, attempts) : button(attempt, above, attempts, chosen, choose));
    return item;
  }));
  const drawing = document.createElement("div");
  drawing.className = "tree";
  drawing.append(list, lines(rows, last, chosen));
  section.append(title, drawing);
  return section;
}

function button(attempt, above, attempts, chosen, choose) {
  const made = document.createElement("button");
  made.type = "button";
  made.value = attempt.id;
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = attempts.nameOf(attempt);
  const where = document.createElement("span");
  where.className = "unseen";
  const whence = above ? `${attempts.nameOf(above)}, after bar ${attempt.bar}` : attempt.seam ? "the prompt" : "nothing";
  where.textContent = ` from ${whence}, to bar ${attempt.bars}`;
  made.append(name, ...(attempt.starred ? [star()] : []), where);
  made.setAttribute("aria-current", String(attempt.id === chosen));
  made.addEventListener("click", () => choose(attempt.id));
  return made;
}

function star() {
  const made = document.createElement("span");
  made.className = "star";
  made.textContent = "★";
  made.title = "starred";
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", "starred");
  return made;
}

function gone(attempt, attempts) {
  const made = document.createElement("span");
  made.className = "removed";
  made.textContent = `${attempts.nameOf(attempt)}, removed`;
  return made;
}

/** Lines in percent of all bars and px of rows; the prompt's comes first. */
function lines(rows, last, chosen) {
  const x = (bar) => `${(100 * bar / last).toFixed(2)}%`;
  const y = (row) => row * ROW + ROW / 2;
  const at = new Map(rows.map(({ attempt }, row) => [attempt.id, row]));
  const drawing = svg("svg", { height: rows.length * ROW, "aria-hidden": "true" });
  for (const [row, { attempt, above }] of rows.entries()) {
    const from = above ? attempt.bar : attempt.seam;
    const kind = attempt.removed ? "removed" : attempt.id === chosen ? "chosen" : "";
    const up = above ? y(at.get(above.id)) : y(0) - ROW / 2;
    drawing.append(svg("line", { class: "stem", x1: x(from), x2: x(from), y1: up, y2: y(row) }));
    drawing.append(svg("line", { class: kind, x1: x(from), x2: x(attempt.bars), y1: y(row), y2: y(row) }));
    drawing.append(svg("circle", { class: kind, cx: x(from), cy: y(row), r: 3 }));
  }
  const ends = new Set(rows.map(({ attempt, above }) => (above ? attempt.bar : attempt.seam)).concat(last));
  let free = -1;
  for (const bar of [...ends].sort((a, b) => a - b)) {
    if (bar - free < last / 12) continue;         // no room for its number
    free = bar;
    const label = svg("text", { x: x(bar), y: -5, "text-anchor": bar === last ? "end" : bar ? "middle" : "start" });
    label.textContent = bar === last ? `bar ${bar}` : bar;
    drawing.append(label);
  }
  const prompts = rows.filter(({ above }) => !above).map(({ attempt }) => attempt.seam);
  drawing.prepend(svg("line", { class: "prompt", x1: "0%", x2: x(Math.max(...prompts, 0)), y1: 1.5, y2: 1.5 }));
  return drawing;
}

function svg(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

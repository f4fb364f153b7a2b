// What a piano roll shows beside its notes: keys, bars and beats, the seam, the part that is used, the playhead.
// Functions of a pen and a `PianoRoll`; nothing is kept here.

const BLACK = [1, 3, 6, 8, 10];

/** The keyboard at the left edge and a line under every C. */
export function drawKeys(pen, roll) {
  const { ink, view, keys, row } = roll;
  const left = view.left, right = left + view.width;
  pen.font = `10px ${ink.font}`;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (let pitch = roll.low; pitch <= roll.high; pitch++) {
    const y = roll.y(pitch), step = ((pitch % 12) + 12) % 12;
    pen.fillStyle = ink.ink;
    if (BLACK.includes(step)) {
      pen.globalAlpha = 0.035;
      pen.fillRect(left, y, right - left, row);
      pen.globalAlpha = 0.55;
      pen.fillRect(left - keys * 0.66, y + row * 0.1, keys * 0.66, row * 0.8);
    }
    if (step === 0) {
      pen.globalAlpha = 1;
      pen.fillStyle = ink.rule;
      pen.fillRect(left - keys, y + row - 0.5, right - left + keys, 1);
      pen.fillStyle = ink.muted;
      pen.fillText(`C${pitch / 12 - 1}`, left - keys - 3, y + row / 2);
    }
  }
  pen.globalAlpha = 1;
  pen.fillStyle = ink.rule;
  pen.fillRect(left - 1, roll.top, 1, roll.floor - roll.top);
  if (roll.drums) pen.fillRect(left, roll.floor + 4, right - left, 1);
}

/** Bar lines with their numbers as far as there is room, and the beats between them. */
export function drawBars(pen, roll) {
  const { ink, view, bottom, top } = roll;
  const { bars, beats = [] } = roll.music;
  const from = bars.findLastIndex((s) => s <= view.from), to = bars.findIndex((s) => s > view.to);
  const first = Math.max(from, 0), last = to < 0 ? bars.length - 1 : to;
  const gap = view.width / view.seconds * ((bars[last] - bars[first]) / Math.max(last - first, 1));
  const step = [1, 2, 4, 8, 16, 32, 64].find((n) => n * gap >= 34) ?? 128;
  if (gap >= 32) {
    pen.globalAlpha = 0.45;
    pen.fillStyle = ink.rule;
    for (const s of beats) if (s >= view.from && s <= view.to) pen.fillRect(view.x(s), top, 0.75, bottom - top);
  }
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.font = `10.5px ${ink.font}`;
  for (let bar = first; bar <= last; bar++) {
    const x = view.x(bars[bar]), numbered = bar % step === 0 && bar < bars.length - 1;
    if (x < view.left - 1 || (!numbered && gap < 6)) continue;
    pen.globalAlpha = numbered ? 1 : 0.7;
    pen.fillStyle = ink.rule;
    pen.fillRect(x - 0.5, top - (numbered ? 5 : 0), 1, bottom - top + (numbered ? 5 : 0));
    if (!numbered || roll.labels.some((label) => label && x > label[0] - 16 && x < label[1])) continue;
    pen.fillStyle = ink.muted;
    pen.fillText(String(bar + 1), x + 3, top - 12);
  }
  pen.globalAlpha = 1;
}

/** Where each name above the roll begins and ends, [px, px]; null where there is no room for it. */
export function labelsOf(pen, roll) {
  pen.font = `italic 12px ${roll.ink.font}`;
  const taken = [];
  return roll.lines().map(({ second, name }) => {
    const x = roll.view.x(second), width = pen.measureText(name).width + 12;
    const free = ([begin, end]) => begin >= 0 && end <= roll.width
      && taken.every(([first, last]) => end <= first || begin >= last);
    const place = [[x, x + width], [x - width, x]].find(free) ?? null;
    if (place) taken.push(place);
    return place;
  });
}

/** Dashed lines with their names: the seam, the ends of what is used, the bar to go on from. */
export function drawLines(pen, roll) {
  const { ink, view, bottom, top } = roll;
  pen.strokeStyle = pen.fillStyle = ink.accent;
  pen.lineWidth = 1.5;
  pen.font = `italic 12px ${ink.font}`;
  pen.textBaseline = "middle";
  roll.lines().forEach(({ second, name }, number) => {
    const x = view.x(second), label = roll.labels[number];
    if (x < view.left - 1 || x > view.left + view.width + 1) return;
    pen.setLineDash([5, 3]);
    pen.beginPath();
    pen.moveTo(x, label ? 3 : top);
    pen.lineTo(x, bottom);
    pen.stroke();
    pen.setLineDash([]);
    if (!label) return;
    pen.textAlign = label[0] === x ? "left" : "right";
    pen.fillText(name, x + (label[0] === x ? 6 : -6), top - 12);
  });
}

/** Lays the colour of the sheet over what lies outside [from s, to s]. */
export function veil(pen, roll, from, to) {
  const { view } = roll;
  const left = view.left, right = left + view.width;
  const begin = Math.min(Math.max(view.x(from), left), right), end = Math.min(Math.max(view.x(to), left), right);
  pen.globalAlpha = 0.68;
  pen.fillStyle = roll.ink.sheet;
  pen.fillRect(left, roll.top, begin - left, roll.bottom - roll.top);
  pen.fillRect(end, roll.top, roll.width - end, roll.bottom - roll.top);
  pen.globalAlpha = 1;
}

/** Tints what lies after a second. */
export function tint(pen, roll, from, to) {
  const { view } = roll;
  const right = view.left + view.width;
  const begin = Math.max(view.x(from), view.left), end = Math.min(view.x(to), right);
  if (end <= begin) return;
  pen.globalAlpha = 0.055;
  pen.fillStyle = roll.ink.accent;
  pen.fillRect(begin, roll.top, end - begin, roll.bottom - roll.top);
  pen.globalAlpha = 1;
}

/** A thin line at the foot that shows which part of the whole is in view. */
export function drawOverview(pen, roll) {
  const { view } = roll;
  if (view.isWhole) return;
  const y = roll.height - 4;
  pen.fillStyle = roll.ink.rule;
  pen.fillRect(view.left, y, view.width, 3);
  pen.fillStyle = roll.ink.muted;
  pen.fillRect(view.left + (view.from / view.length) * view.width, y,
    Math.max((view.seconds / view.length) * view.width, 6), 3);
}

export function drawPlayhead(pen, roll) {
  const x = roll.view.x(roll.time);
  if (x < roll.view.left - 1 || x > roll.view.left + roll.view.width + 1) return;
  pen.fillStyle = roll.ink.ink;
  pen.fillRect(x - 0.75, roll.top - 8, 1.5, roll.bottom - roll.top + 8);
  pen.beginPath();
  pen.moveTo(x - 5, roll.top - 10);
  pen.lineTo(x + 5, roll.top - 10);
  pen.lineTo(x, roll.top - 2);
  pen.fill();
}

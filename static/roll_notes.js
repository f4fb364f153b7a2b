// The notes of a piano roll: which of them are in view or sound, and how they are drawn.

const LEVELS = 6;          // shades of loudness
const VOICES = 8;          // colours; instruments beyond them are drawn hollow in the same colours
const PALE = 0.13;         // of an instrument that is not heard

export class Notes {
  /** @param tracks those of `model.picture.picture`: notes [onset s, duration s, pitch, velocity] by onset */
  constructor(tracks) {
    this.tracks = tracks.map((track, index) => ({
      index,
      drum: track.drum,
      hollow: index >= VOICES && !track.drum,
      notes: track.notes,
      longest: track.notes.reduce((most, note) => Math.max(most, note[1]), 0.12),
    }));
    const pitches = tracks.filter((t) => !t.drum).flatMap((t) => t.notes.map((n) => n[2]));
    this.lowest = pitches.reduce((least, pitch) => Math.min(least, pitch), 128);
    this.highest = pitches.reduce((most, pitch) => Math.max(most, pitch), -1);
    this.drums = tracks.some((t) => t.drum);
  }

  /** Draws what lies between two seconds. `place` knows x(s), y(pitch), drumY(pitch), row; `heard(index)`. */
  draw(pen, from, to, place, ink, heard) {
    for (const track of this.#backToFront(heard)) {
      const levels = Array.from({ length: LEVELS }, () => new Path2D());
      const strokes = new Path2D();
      const thick = thickness(place.row);
      for (const note of between(track, from, to)) {
        const level = Math.min(Math.floor(loudness(note[3]) * LEVELS), LEVELS - 1);
        const [x, width] = outline(levels[level], note, track, place, thick);
        if (!track.drum && width > 5) strokes.rect(x, top(note, place, thick), 1.75, thick);
      }
      const pale = heard(track.index) ? 1 : PALE;
      pen.fillStyle = pen.strokeStyle = colour(track, ink);
      pen.lineWidth = 1.25;
      levels.forEach((path, level) => {
        pen.globalAlpha = pale * (0.46 + (0.54 * level) / (LEVELS - 1));
        if (track.hollow) pen.stroke(path);
        else pen.fill(path);
      });
      pen.globalAlpha = pale;            // where a note begins is seen, however soft it is
      pen.fill(strokes);
    }
    pen.globalAlpha = 1;
  }

  /** Draws the notes that sound at a second: larger and outlined, not by colour alone. */
  light(pen, at, place, ink, heard) {
    const thick = thickness(place.row) + 3;
    for (const track of this.#backToFront(heard)) {
      if (!heard(track.index)) continue;
      const path = new Path2D();
      for (const note of between(track, at, at + 1e-6)) outline(path, note, track, place, thick);
      pen.fillStyle = pen.strokeStyle = colour(track, ink);
      pen.lineWidth = 1.25;
      if (track.hollow) pen.stroke(path);
      else pen.fill(path);
      if (thick < 6.5) continue;
      pen.strokeStyle = ink.ink;
      pen.stroke(path);
    }
  }

  #backToFront(heard) {
    return [...this.tracks].sort((a, b) => heard(a.index) - heard(b.index));
  }
}

/** The notes that begin or sound between two seconds; they are in order of their onsets. */
function* between(track, from, to) {
  const { notes, longest } = track;
  let low = 0, high = notes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (notes[middle][0] < from - longest) low = middle + 1;
    else high = middle;
  }
  for (; low < notes.length && notes[low][0] <= to; low++) {
    if (notes[low][0] + Math.max(notes[low][1], 0.12) > from) yield notes[low];
  }
}

function outline(path, [onset, duration, pitch], track, place, thick) {
  const x = place.x(onset);
  if (track.drum) {                       // a stroke has no length: a small lozenge
    const y = place.drumY(pitch), half = thick > 8 ? 4 : 3;
    path.moveTo(x - 1, y);
    path.lineTo(x - 1 + half, y - half);
    path.lineTo(x - 1 + 2 * half, y);
    path.lineTo(x - 1 + half, y + half);
    path.closePath();
    return [x, 2 * half];
  }
  const width = Math.max(place.x(onset + duration) - x - 0.75, 2);
  const y = place.y(pitch) + (place.row - thick) / 2;
  if (width < 5) path.rect(x, y, width, thick);
  else path.roundRect(x, y, width, thick, Math.min(2.5, thick / 2));
  return [x, width];
}

function top([, , pitch], place, thick) {
  return place.y(pitch) + (place.row - thick) / 2;
}

function thickness(row) {
  return Math.min(Math.max(row * 0.86, 2.5), 12);
}

/** Velocity as a share: 24 and below are as soft as it gets, 116 and above as loud. */
function loudness(velocity) {
  return Math.min(Math.max((velocity - 24) / 92, 0), 1);
}

function colour(track, ink) {
  return track.drum ? ink.drums : ink.voices[track.index % VOICES];
}

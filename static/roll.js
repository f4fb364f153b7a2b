// A piano roll on a canvas: notes, bars, beats, the seam and a playhead.
// It knows seconds and pixels, nothing of audio and nothing of the page around it.
//
// The music is what `model.picture.picture` gives: {duration, bars: [s], beats: [s],
// tracks: [{name, drum, notes: [[onset s, duration s, pitch, velocity], ...]}]}, with {open: true} while it grows.

import { drawBars, drawKeys, drawLines, drawOverview, drawPlayhead, labelsOf, tint, veil } from "./roll_marks.js";
import { Notes } from "./roll_notes.js";
import { RollView } from "./roll_view.js";

const TOP = 24;            // px above the notes: bar numbers and the names of lines
const BOTTOM = 8;
const MARGIN = 8;          // px at the right
const DRUM_LANE = 46;      // px for the drums, which have no pitch to share an axis with
const LEAST_RANGE = 23;    // semitones: never fewer than two octaves
const ROOM = 1.5;          // by so much the page is longer than music that grows nobody knows how far

export class PianoRoll {
  /** @param {HTMLCanvasElement} canvas drawn at its CSS size, at the screen's own sharpness */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.backdrop = document.createElement("canvas");   // all that stands still, drawn once
    this.view = new RollView();
    this.view.changed = () => this.redraw();
    this.moved = () => {};     // called whenever seconds have come to lie elsewhere
    this.heard = () => true;   // whether a track (its index) is heard
    this.seam = null;          // s, or null
    this.seamName = "the machine goes on";
    this.region = null;        // [bar, bar): what is used; null: everything
    this.bar = null;           // the bar line to go on from, or null
    this.expected = 0;         // s: how long music that grows will be; 0 where nobody knows
    this.time = 0;             // s, the playhead
    this.labels = [];
  }

  /** Shows music, or more of the music that is shown. */
  show(music) {
    const grows = this.music !== undefined;
    this.music = music;
    this.notes = new Notes(music.tracks);
    const { lowest, highest } = this.notes.highest < 0 ? { lowest: 60, highest: 60 } : this.notes;
    const spare = Math.max(0, LEAST_RANGE - (highest - lowest)) / 2;
    const low = Math.floor(lowest - 1 - spare), high = Math.ceil(highest + 1 + spare);
    this.low = grows ? Math.min(low, this.low) : low;
    this.high = grows ? Math.max(high, this.high) : high;
    this.drums = this.notes.drums;
    this.length = Math.max(music.duration, music.bars.at(-1) ?? 0, 0.1);
    this.view.fit(music.open ? this.#foreseen() : this.length);
    this.redraw();
  }

  /** How long the page is while the music grows: it is laid out anew seldom, so that it does not crawl. */
  #foreseen() {
    if (this.expected) return Math.max(this.expected, this.length);
    return this.length > this.view.length * 0.97 ? this.length * ROOM : this.view.length;
  }

  /** Draws everything anew: after a change of size, of colours, or of what is shown. */
  redraw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height || !this.music) return;
    this.#lay(width, height);
    this.ink = this.#colours();
    const pen = this.backdrop.getContext("2d");
    pen.clearRect(0, 0, width, height);
    this.labels = labelsOf(pen, this);
    drawKeys(pen, this);
    drawBars(pen, this);
    this.#clipped(pen, () => this.notes.draw(pen, this.view.from, this.view.to, this, this.ink, this.heard));
    if (this.seam !== null) tint(pen, this, this.seam, this.length);
    if (this.region) veil(pen, this, this.#line(this.region[0]), this.#line(this.region[1]));
    if (this.bar !== null) veil(pen, this, 0, this.#line(this.bar));
    drawLines(pen, this);
    drawOverview(pen, this);
    this.frame();
    this.moved();
  }

  /** One frame: the backdrop, the notes that sound, the playhead. */
  frame() {
    if (!this.ink) return;
    const pen = this.context;
    pen.clearRect(0, 0, this.width, this.height);
    pen.drawImage(this.backdrop, 0, 0, this.width, this.height);
    if (this.time > 0) {
      this.#clipped(pen, () => this.notes.light(pen, this.time, this, this.ink, this.heard));
    }
    drawPlayhead(pen, this);
  }

  /** The bar (from 0) in which a time lies. */
  barAt(seconds) {
    const next = this.music.bars.findIndex((start) => start > seconds + 1e-3);
    return Math.max(0, (next < 0 ? this.music.bars.length - 1 : next) - 1);
  }

  /** The bar line (0: before the first bar) that is nearest to a time. */
  lineAt(seconds) {
    const { bars } = this.music;
    const bar = this.barAt(seconds);
    return bar + 1 < bars.length && bars[bar + 1] - seconds < seconds - bars[bar] ? bar + 1 : bar;
  }

  /** Lines with a name, {second, name}, those first whose names matter most. */
  lines() {
    const lines = [];
    if (this.bar !== null) lines.push({ second: this.#line(this.bar), name: "go on from here" });
    if (this.region) {
      const [from, to] = this.region;
      if (to < this.music.bars.length - 1) lines.push({ second: this.#line(to), name: "used up to here" });
      if (from > 0) lines.push({ second: this.#line(from), name: "used from here" });
    }
    if (this.seam !== null) lines.push({ second: this.seam, name: this.seamName });
    return lines;
  }

  y(pitch) {
    return this.floor - (pitch - this.low + 1) * this.row;
  }

  drumY(pitch) {      // kick and snare low, cymbals high, as on a drum staff
    const share = Math.min(Math.max((pitch - 35) / 24, 0), 1);
    return this.bottom - 6 - share * (DRUM_LANE - 18);
  }

  x(seconds) {
    return this.view.x(seconds);
  }

  #line(bar) {
    return this.music.bars[Math.min(bar, this.music.bars.length - 1)] ?? 0;
  }

  #lay(width, height) {
    const scale = window.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.backdrop]) {
      const across = Math.round(width * scale), down = Math.round(height * scale);
      if (canvas.width !== across || canvas.height !== down) {
        canvas.width = across;
        canvas.height = down;
      }
      canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
    }
    this.width = width;
    this.height = height;
    this.keys = width < 560 ? 10 : 13;
    this.top = TOP;
    this.bottom = height - BOTTOM;
    this.floor = this.bottom - (this.drums ? DRUM_LANE : 0);
    this.row = (this.floor - TOP) / (this.high - this.low + 1);
    this.view.left = this.keys + (width < 560 ? 20 : 24);
    this.view.width = width - this.view.left - MARGIN;
  }

  #clipped(pen, draw) {
    pen.save();
    pen.beginPath();
    pen.rect(this.view.left - 2, 0, this.view.width + MARGIN + 2, this.height);
    pen.clip();
    draw();
    pen.restore();
  }

  #colours() {
    const style = getComputedStyle(this.canvas);
    const value = (name) => style.getPropertyValue(name).trim();
    return {
      ink: value("--ink"), muted: value("--muted"), rule: value("--rule"), accent: value("--accent"),
      sheet: value("--sheet"), drums: value("--voice-drums"), font: style.fontFamily,
      voices: Array.from({ length: 8 }, (_, i) => value(`--voice-${i + 1}`)),
    };
  }
}

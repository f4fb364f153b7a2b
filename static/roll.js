// A piano roll on a canvas: notes, bars, beats, the seam and a playhead.
// It knows seconds and pixels, nothing of audio and nothing of the page around it.
//
// The music is what `model.picture.picture` gives: {duration, bars: [s], beats: [s],
// tracks: [{name, drum, notes: [[onset s, duration s, pitch, velocity], ...]}]}.

const TOP = 22;            // px above the notes: bar numbers and the name of the seam
const BOTTOM = 6;
const DRUM_LANE = 46;      // px for the drums, which have no pitch to share an axis with
const VOICES = 8;          // colours; instruments beyond them are drawn hollow in the same colours

export class PianoRoll {
  /** @param {HTMLCanvasElement} canvas drawn at its CSS size, at the screen's own sharpness */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.backdrop = document.createElement("canvas");   // all that stands still, drawn once
    this.music = { duration: 0, bars: [], beats: [], tracks: [] };
    this.seam = null;          // s, or null
    this.seamName = "";
    this.fadeAfterSeam = false;
    this.alone = null;         // index of the only track shown in full, or null
    this.time = 0;             // s, the playhead
  }

  show(music) {
    this.music = music;
    this.length = Math.max(music.duration, music.bars.at(-1) ?? 0, 0.1);
    const pitches = music.tracks.filter((t) => !t.drum).flatMap((t) => t.notes.map((n) => n[2]));
    const low = pitches.length ? Math.min(...pitches) : 60;
    const high = pitches.length ? Math.max(...pitches) : 60;
    const spare = Math.max(0, 23 - (high - low)) / 2;    // never fewer than two octaves
    this.low = Math.floor(low - 1 - spare);
    this.high = Math.ceil(high + 1 + spare);
    this.drums = music.tracks.some((t) => t.drum);
    this.redraw();
  }

  /** Draws everything anew: after a change of size, of colours, or of what is shown. */
  redraw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height || this.length === undefined) return;
    const scale = window.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.backdrop]) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
    }
    this.scale = scale;
    this.width = width;
    this.height = height;
    this.left = width < 560 ? 24 : 32;
    this.floor = height - BOTTOM - (this.drums ? DRUM_LANE : 0);
    this.row = (this.floor - TOP) / (this.high - this.low + 1);
    this.ink = this.#colours();
    const pen = this.backdrop.getContext("2d");
    pen.clearRect(0, 0, width, height);
    this.#staff(pen);
    this.#barLines(pen);
    this.#tracks().forEach((index) => this.#notes(pen, index));
    this.#drawSeam(pen);
    this.frame();
  }

  /** One frame: the backdrop, the notes that sound, the playhead. */
  frame() {
    if (!this.ink) return;
    const pen = this.context;
    pen.clearRect(0, 0, this.width, this.height);
    pen.drawImage(this.backdrop, 0, 0, this.width, this.height);
    if (this.time > 0) this.#tracks().forEach((index) => this.#notes(pen, index, this.time));
    const x = this.x(this.time);
    pen.globalAlpha = 1;
    pen.fillStyle = this.ink.ink;
    pen.fillRect(x - 0.75, TOP - 8, 1.5, this.height - BOTTOM - TOP + 8);
    pen.beginPath();
    pen.moveTo(x - 5, TOP - 10);
    pen.lineTo(x + 5, TOP - 10);
    pen.lineTo(x, TOP - 2);
    pen.fill();
  }

  x(seconds) {
    return this.left + (seconds / this.length) * (this.width - this.left - 8);
  }

  /** Seconds at a distance in px from the canvas' left edge. */
  timeAt(x) {
    const share = (x - this.left) / (this.width - this.left - 8);
    return Math.min(Math.max(share, 0), 1) * this.length;
  }

  /** The bar (from 0) in which a time lies. */
  barAt(seconds) {
    const next = this.music.bars.findIndex((start) => start > seconds + 1e-3);
    return Math.max(0, (next < 0 ? this.music.bars.length - 1 : next) - 1);
  }

  #colours() {
    const style = getComputedStyle(this.canvas);
    const value = (name) => style.getPropertyValue(name).trim();
    return {
      ink: value("--ink"), muted: value("--muted"), rule: value("--rule"), accent: value("--accent"),
      drums: value("--voice-drums"), font: style.fontFamily,
      voices: Array.from({ length: VOICES }, (_, i) => value(`--voice-${i + 1}`)),
    };
  }

  #tracks() {    // the track that is looked at is drawn last, on top
    const order = this.music.tracks.map((_, index) => index);
    return this.alone === null ? order : [...order.filter((i) => i !== this.alone), this.alone];
  }

  #y(pitch) {
    return this.floor - (pitch - this.low + 1) * this.row;
  }

  #staff(pen) {
    pen.font = `10px ${this.ink.font}`;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (let pitch = this.low; pitch <= this.high; pitch++) {
      const black = [1, 3, 6, 8, 10].includes(((pitch % 12) + 12) % 12);
      if (black) {
        pen.globalAlpha = 0.035;
        pen.fillStyle = this.ink.ink;
        pen.fillRect(this.left, this.#y(pitch), this.width - this.left - 8, this.row);
      }
      if (pitch % 12 === 0) {
        pen.globalAlpha = 1;
        pen.fillStyle = this.ink.rule;
        pen.fillRect(this.left, this.#y(pitch) + this.row - 0.5, this.width - this.left - 8, 1);
        pen.fillStyle = this.ink.muted;
        pen.fillText(`C${pitch / 12 - 1}`, this.left - 5, this.#y(pitch) + this.row / 2);
      }
    }
    pen.globalAlpha = 1;
    if (this.drums) {
      pen.fillStyle = this.ink.rule;
      pen.fillRect(this.left, this.floor + 4, this.width - this.left - 8, 1);
    }
  }

  #barLines(pen) {
    const { bars, beats = [] } = this.music;
    const bottom = this.height - BOTTOM;
    const gap = (this.width - this.left) / Math.max(bars.length - 1, 1);
    const step = [1, 2, 4, 8, 16, 32, 64].find((n) => n * gap >= 34) ?? 128;
    if (gap >= 32) {
      pen.globalAlpha = 0.35;
      pen.fillStyle = this.ink.rule;
      beats.forEach((s) => pen.fillRect(this.x(s), TOP, 0.75, bottom - TOP));
    }
    pen.textAlign = "left";
    pen.font = `10.5px ${this.ink.font}`;
    bars.forEach((s, bar) => {
      const numbered = bar % step === 0 && bar < bars.length - 1;
      if (!numbered && gap < 6) return;
      pen.globalAlpha = numbered ? 1 : 0.7;
      pen.fillStyle = this.ink.rule;
      pen.fillRect(this.x(s) - 0.5, TOP - (numbered ? 5 : 0), 1, bottom - TOP + (numbered ? 5 : 0));
      if (!numbered || this.#underSeamName(this.x(s))) return;
      pen.fillStyle = this.ink.muted;
      pen.fillText(String(bar + 1), this.x(s) + 3, TOP - 12);
    });
    pen.globalAlpha = 1;
  }

  #underSeamName(x) {
    if (this.seam === null || !this.seamName) return false;
    const width = this.#seamNameWidth();
    const seam = this.x(this.seam);
    const begin = seam + width > this.width ? seam - width : seam;
    return x > begin - 16 && x < begin + width;
  }

  #seamNameWidth() {
    this.context.font = `italic 12px ${this.ink.font}`;
    return this.context.measureText(this.seamName).width + 12;
  }

  #notes(pen, index, at = null) {
    const track = this.music.tracks[index];
    const hollow = index >= VOICES && !track.drum;
    const hidden = this.alone !== null && this.alone !== index;
    pen.fillStyle = pen.strokeStyle = track.drum ? this.ink.drums : this.ink.voices[index % VOICES];
    pen.lineWidth = 1.25;
    const lit = at !== null;                  // notes that sound stand out by size, not by colour alone
    const thick = Math.min(Math.max(this.row * 0.86, 2.5), 11) + (lit ? 3 : 0);
    for (const [onset, duration, pitch, velocity] of track.notes) {
      if (lit && (onset > at || onset + Math.max(duration, 0.12) <= at)) continue;
      const faded = this.fadeAfterSeam && this.seam !== null && onset >= this.seam - 1e-3;
      pen.globalAlpha = hidden ? 0.1 : lit ? 1 : (0.5 + (velocity / 127) * 0.5) * (faded ? 0.28 : 1);
      const x = this.x(onset);
      const width = Math.max(this.x(onset + duration) - x - 0.75, 2);
      const y = track.drum ? this.#drumY(pitch) : this.#y(pitch) + (this.row - thick) / 2;
      pen.beginPath();
      if (track.drum) {                       // a stroke has no length: a small lozenge
        pen.moveTo(x - 1, y); pen.lineTo(x + 2, y - 3); pen.lineTo(x + 5, y); pen.lineTo(x + 2, y + 3);
        pen.closePath();
      } else {
        pen.roundRect(x, y, width, thick, Math.min(2.5, width / 2));
      }
      if (hollow) pen.stroke();
      else pen.fill();
      if (lit && !hidden && thick > 6.5) {
        pen.strokeStyle = this.ink.ink;
        pen.stroke();
        pen.strokeStyle = pen.fillStyle;
      }
    }
    pen.globalAlpha = 1;
  }

  #drumY(pitch) {      // kick and snare low, cymbals high, as on a drum staff
    const share = Math.min(Math.max((pitch - 35) / 24, 0), 1);
    return this.height - BOTTOM - 6 - share * (DRUM_LANE - 18);
  }

  #drawSeam(pen) {
    if (this.seam === null) return;
    const x = this.x(this.seam);
    const bottom = this.height - BOTTOM;
    if (!this.fadeAfterSeam) {
      pen.globalAlpha = 0.055;
      pen.fillStyle = this.ink.accent;
      pen.fillRect(x, TOP, this.width - 8 - x, bottom - TOP);
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = pen.fillStyle = this.ink.accent;
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 3]);
    pen.beginPath();
    pen.moveTo(x, 3);
    pen.lineTo(x, bottom);
    pen.stroke();
    pen.setLineDash([]);
    const width = this.#seamNameWidth();
    const fits = x + width <= this.width;
    pen.font = `italic 12px ${this.ink.font}`;
    pen.textBaseline = "middle";
    pen.textAlign = fits ? "left" : "right";
    pen.fillText(this.seamName, x + (fits ? 6 : -6), TOP - 12);
  }
}

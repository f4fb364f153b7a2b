// Which stretch of the music a roll shows, and where a second lies on it. Knows seconds and pixels only.

const SHORTEST = 1.5;      // s across the whole width, at the closest
const EDGE = 0.08;         // of the width: the playhead turns the page here
const TURN_MS = 280;

export class RollView {
  constructor() {
    this.length = 0.1;     // s of all there is, or will be
    this.from = 0;         // s at the left edge
    this.seconds = 0.1;    // s from edge to edge
    this.left = 0;         // px of the left edge
    this.width = 1;        // px from edge to edge
    this.changed = () => {};
  }

  get to() {
    return this.from + this.seconds;
  }

  get isWhole() {
    return this.seconds >= this.length - 1e-6;
  }

  get isClosest() {
    return this.seconds <= Math.min(SHORTEST, this.length) + 1e-6;
  }

  /** The music is so long now: who sees all of it goes on to, who has come closer stays where they are. */
  fit(length) {
    const whole = this.isWhole;
    this.length = length;
    if (whole) this.#set(0, length);
    else this.#set(this.from, this.seconds);
  }

  x(second) {
    return this.left + ((second - this.from) / this.seconds) * this.width;
  }

  /** The second at a distance in px from the canvas' left edge, within what is shown. */
  timeAt(x) {
    const share = Math.min(Math.max((x - this.left) / this.width, 0), 1);
    return Math.min(this.from + share * this.seconds, this.length);
  }

  /** Comes `factor` times closer; the second `at` stays where it is. */
  zoom(factor, at) {
    const seconds = Math.min(Math.max(this.seconds / factor, Math.min(SHORTEST, this.length)), this.length);
    const share = (at - this.from) / this.seconds;
    this.#glideTo(null);
    this.#set(at - share * seconds, seconds);
  }

  scroll(pixels) {
    this.#glideTo(null);
    this.#set(this.from + (pixels / this.width) * this.seconds, this.seconds);
  }

  showWhole() {
    this.#glideTo(null);
    this.#set(0, this.length);
  }

  /** Moves just so far that a second is in view, with some music before and behind it. */
  reveal(second) {
    if (second >= this.from && second <= this.to) return;
    this.#glideTo(second - this.seconds * EDGE);
  }

  /** Turns the page when the playhead, on its way from `before` to `now`, comes to the right edge. */
  follow(before, now) {
    const edge = this.to - this.seconds * EDGE;
    if (this.isWhole || this.to >= this.length || before < this.from || before > this.to || now < edge) return;
    if (this.goal === undefined) this.#glideTo(now - this.seconds * EDGE);
  }

  #glideTo(from) {
    cancelAnimationFrame(this.gliding);
    this.goal = undefined;
    if (from === null) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.#set(from, this.seconds);
      return;
    }
    this.goal = from;
    const start = this.from, began = performance.now();
    const step = (now) => {
      const share = Math.min(Math.max((now - began) / TURN_MS, 0), 1);
      this.#set(start + (this.goal - start) * (1 - (1 - share) ** 3), this.seconds);
      if (share < 1) this.gliding = requestAnimationFrame(step);
      else this.goal = undefined;
    };
    this.gliding = requestAnimationFrame(step);
  }

  #set(from, seconds) {
    const start = Math.min(Math.max(from, 0), Math.max(this.length - seconds, 0));
    if (start === this.from && seconds === this.seconds) return;
    this.from = start;
    this.seconds = seconds;
    this.changed();
  }
}

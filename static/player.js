// <segue-player src="roll.json" audio="take.mp3" name="Take 1">
// Hears and shows one piece of music: a play button, a piano roll that is also the way to seek, and the
// instruments, each of which can be heard alone or be silent. The audio clock moves the playhead.
//
//   seam="12.5"          seconds at which the machine takes over; seam-name="...", if it is somebody else
//   used-bars="8"        only the first bars are used; or
//   region="2-10"        bars 2 (from 0) to 10 (which is out) are used
//   choose-region        the visitor may choose them: event segue-region {from, to}
//   choose-bar           the visitor may choose a bar line to go on from, kept in bar="4" (before the fifth bar,
//                        so that four are kept): event segue-bar {bar}
//   live="live.mp3"      the sound while roll.json says {open: true}: it is asked for again until it is closed
//   expected="40"        seconds that it will have then, as far as one can tell
//   autoplay-from="10"   plays by itself from there as soon as there is music, if the browser lets it
//
// Methods: toggle(), seek(s), take(s), which plays from a second on. Properties: time (s), length (s), playing.

import { closer, further, listen } from "./gestures.js";
import { Handles } from "./handles.js";
import { Legend } from "./legend.js";
import { Gone, pictures } from "./pictures.js";
import { PARTS, PAUSE, PLAY, clock } from "./player_parts.js";
import { PianoRoll } from "./roll.js";
import { Sound } from "./sound.js";

class SeguePlayer extends HTMLElement {
  static observedAttributes = ["used-bars", "region", "seam", "bar"];

  connectedCallback() {
    if (!this.roll) this.#build();
    // Whoever draws the page anew may give this element other music, or sweep out what is in it.
    this.guard = new MutationObserver(() => {
      if (this.source !== this.getAttribute("src") || !this.contains(this.slider)) this.#build();
    });
    this.guard.observe(this, { childList: true, attributes: true, attributeFilter: ["src"] });
  }

  disconnectedCallback() {
    this.guard.disconnect();
    this.#letGo();
    this.roll = undefined;
  }

  attributeChangedCallback() {
    if (this.roll?.music) this.#mark();
  }

  get time() {
    return this.sound.time;
  }

  get playing() {
    return this.sound.playing;
  }

  toggle() {
    if (this.playing) this.sound.pause();
    else this.#play();
  }

  seek(seconds) {
    if (this.length === undefined) return;
    const second = Math.min(Math.max(seconds, 0), this.length);
    this.sound.seek(second);
    this.roll.view.reveal(second);
    this.#moved(second);
  }

  /** Plays from a second on; the place may be named before the music is here. */
  take(seconds) {
    if (this.length === undefined) this.sound.seek(Math.max(seconds, 0));
    else this.seek(seconds);
    this.#play();
  }

  #play() {
    if (this.length && !this.open && this.time >= this.length - 0.05) this.seek(0);
    this.roll.view.reveal(this.time);
    this.sound.play().catch(() => {});       // the error event says what is wrong; a refusal is no error
  }

  #build() {
    this.#letGo();
    this.source = this.getAttribute("src");
    this.length = this.gone = undefined;
    this.open = this.hasAttribute("live");
    this.cut = false;                  // whether the stream ended although the music still grows
    this.name = this.getAttribute("name") ?? "";
    this.innerHTML = PARTS;
    this.slider = this.querySelector(".roll");
    this.button = this.querySelector(".play");
    this.note = this.querySelector(".player-note");
    this.slider.setAttribute("aria-label", `Position in ${this.name}`);
    this.querySelector(".zoom").setAttribute("aria-label", `Zoom of ${this.name}`);
    this.roll = new PianoRoll(this.querySelector("canvas"));
    this.legend = new Legend(this.querySelector(".legend"), this.#voices([]) !== null, () => this.#choose());
    this.roll.heard = (index) => this.legend.heard(index);
    this.sound = new Sound(this.getAttribute("audio"), this.getAttribute("live"), {
      state: () => this.#say(),
      moved: () => this.#moved(),
      ended: () => this.#ended(),
      failed: () => this.#failed(),
    });
    this.#listenToPeople();
    this.#watchLooks();
    this.#say();
    this.#load(this.source);
  }

  #letGo() {
    this.sound?.close();
    this.resizing?.disconnect();
    this.recolouring?.disconnect();
  }

  async #load(source) {
    const { roll } = this, old = () => roll !== this.roll;      // other music has come meanwhile
    try {
      for await (const music of pictures(source, this.open)) {
        if (old()) return;
        this.#show(music);
      }
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
      if (old()) return;
      this.gone = true;
      this.open = false;
      this.note.textContent = "This music is no longer kept here. Make it again with the same seed.";
    }
  }

  #show(music) {
    const first = this.length === undefined;
    const anew = !first && music.attempt !== this.roll.music.attempt && music.open;
    const grown = first || anew || music.duration !== this.roll.music.duration || !music.open;
    this.open = Boolean(music.open);
    const starts = first && this.hasAttribute("autoplay-from");
    if (!grown && !this.cut) return;
    this.roll.expected = Number(this.getAttribute("expected") ?? 0);
    this.legend.show(music.tracks);
    this.roll.show(music);
    this.#chooseSound();
    if (!this.open && !starts) this.sound.finish();
    this.length = this.roll.length;
    this.classList.toggle("growing", this.open);
    this.slider.setAttribute("aria-valuemax", this.length.toFixed(1));
    this.querySelector(".total").textContent = `/ ${clock(this.length)}`;
    if (first) this.#arrange();
    this.#mark();
    this.#moved();
    const start = Number(this.getAttribute("autoplay-from") ?? 0);
    if (starts) this.take(start);
    else if (anew && (this.playing || this.cut)) this.take(Math.min(start, this.time));
    else if (this.cut) this.take(this.time);
    this.cut = false;
    if (!this.open) this.sound.finish();         // a take that was finished before it was seen plays on as it began
  }

  /** A stream ends early when the music is begun anew: what comes of that is seen in the next picture. */
  #ended() {
    if (this.open) this.cut = true;
    else this.#moved(this.length);
  }

  #mark() {
    const last = this.roll.music.bars.length - 1;
    const [from, to] = this.region;
    this.roll.region = from <= 0 && to >= last ? null : [from, to];
    this.roll.seam = this.hasAttribute("seam") ? Number(this.getAttribute("seam")) : null;
    this.roll.seamName = this.getAttribute("seam-name") ?? "the machine goes on";
    this.roll.bar = this.bar < last ? this.bar : null;
    this.roll.redraw();
  }

  /** The bars that are used, [from, to). */
  get region() {
    const last = this.roll.music.bars.length - 1;
    const [, from, to] = /^(\d+)-(\d+)$/.exec(this.getAttribute("region") ?? "") ?? [];
    if (from !== undefined && Number(from) < Math.min(Number(to), last)) {
      return [Number(from), Math.min(Number(to), last)];
    }
    const used = Number(this.getAttribute("used-bars") ?? 0);
    return [0, used > 0 ? Math.min(used, last) : last];
  }

  /** The bar line to go on from; where none is chosen, the last. */
  get bar() {
    const last = this.roll.music.bars.length - 1, bar = this.getAttribute("bar");
    return bar === null ? last : Math.min(Math.max(Math.round(Number(bar)) || 0, 1), last);
  }

  /** Hangs up what the visitor may choose with. */
  #arrange() {
    const handles = new Handles(this.querySelector(".roll-frame"), this.roll);
    this.roll.moved = () => {
      handles.place();
      this.#markZoom();
    };
    const last = () => this.roll.music.bars.length - 1;
    if (this.hasAttribute("choose-region")) {
      const ends = [
        { kind: "from", label: "First bar that is used", told: (line) => `Bar ${line + 1}`,
          line: () => this.region[0], limits: () => [0, this.region[1] - 1],
          move: (line) => this.#region(line, this.region[1]) },
        { kind: "to", label: "Last bar that is used", told: (line) => `Bar ${line}`,
          line: () => this.region[1], limits: () => [this.region[0] + 1, last()],
          move: (line) => this.#region(this.region[0], line) }];
      for (const end of ends) handles.add({ ...end, done: () => this.#chosen() });
    }
    if (this.hasAttribute("choose-bar")) {
      handles.add({
        kind: "bar", label: "Bar to go on from", line: () => this.bar, limits: () => [1, last()],
        told: (line) => (line === last() ? "The end" : `Bar ${line + 1}`),
        move: (line) => this.setAttribute("bar", line),
        done: () => this.#emit("segue-bar", { bar: this.bar }) });
    }
  }

  #region(from, to) {
    this.setAttribute("region", `${from}-${to}`);
  }

  #chosen() {
    const [from, to] = this.region;
    this.#emit("segue-region", { from, to });
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }

  /** The address of the sound of some tracks alone, or null where there is none. */
  #voices(indices) {
    const whole = this.getAttribute("audio") ?? "";
    return whole.endsWith("/take.mp3") ? whole.replace(/take\.mp3$/, `voices/${indices.join("-")}.mp3`) : null;
  }

  #choose() {
    this.#chooseSound();
    this.roll.redraw();
  }

  #chooseSound() {
    const { choice, mutable, query } = this.legend;
    if (!mutable) return;
    const address = choice?.length ? this.#voices(choice) : this.getAttribute("audio");
    this.sound.choose(choice?.length === 0 ? null : address, query);
  }

  #listenToPeople() {
    const { roll } = this, { view } = roll;
    this.button.addEventListener("click", () => this.toggle());
    const press = (kind, react) => this.querySelector(kind).addEventListener("click", () => roll.music && react());
    press(".closer", () => closer(roll));
    press(".further", () => further(roll));
    press(".whole", () => view.showWhole());
    listen(this.slider, {
      roll,
      seek: (second) => this.seek(second),
      toggle: () => this.toggle(),
      step: (count) => this.#stepBars(count),
      choose: this.hasAttribute("choose-region") ? (from, to) => this.#region(from, to) : null,
      chosen: () => this.#chosen(),
    });
  }

  #stepBars(count) {
    const bars = this.roll.music?.bars ?? [];
    if (bars.length < 2) return;
    const here = this.roll.barAt(this.time);
    // back from the middle of a bar goes to its beginning first, as players do
    const back = count < 0 && this.time > bars[here] + 0.35 ? count + 1 : count;
    this.seek(bars[Math.min(Math.max(here + back, 0), bars.length - 1)]);
  }

  #watchLooks() {
    this.resizing = new ResizeObserver(() => this.roll.redraw());
    this.resizing.observe(this.slider);
    this.recolouring = new MutationObserver(() => this.roll.redraw());
    this.recolouring.observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  #moved(seconds = this.time) {
    if (this.length === undefined) return;
    const shown = Math.min(seconds, this.length);
    if (this.playing) this.roll.view.follow(this.roll.time, shown);
    this.roll.time = shown;
    this.roll.frame();
    const now = this.querySelector(".now");
    if (now.textContent === clock(shown) && shown > 0 && shown < this.length) return;   // once a second is enough
    now.textContent = clock(shown);
    this.slider.setAttribute("aria-valuenow", shown.toFixed(1));
    this.slider.setAttribute("aria-valuetext", `${clock(shown)} of ${clock(this.length)}, bar ${this.roll.barAt(shown) + 1}`);
  }

  #markZoom() {
    const { isWhole, isClosest } = this.roll.view;
    this.querySelector(".zoom .closer").disabled = isClosest;
    for (const kind of [".further", ".whole"]) this.querySelector(`.zoom ${kind}`).disabled = isWhole;
    this.slider.classList.toggle("zoomed", !isWhole);
  }

  #failed() {
    if (this.gone) return;
    this.#say();
    this.note.textContent = "The sound could not be fetched. Please try once more in a moment.";
  }

  /** The button and the note say what the sound does. */
  #say() {
    const playing = this.playing;
    if (!this.gone) this.note.textContent = this.sound.waiting || this.cut ? "Tuning up …" : "";
    this.classList.toggle("sounding", playing);
    if (this.button.dataset.playing === String(playing)) return;
    this.button.dataset.playing = playing;
    this.button.innerHTML = playing ? PAUSE : PLAY;
    this.button.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${this.name}`);
  }
}

customElements.define("segue-player", SeguePlayer);

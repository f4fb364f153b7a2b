// <segue-player src="roll.json" audio="sound.mp3" name="Take 1" [seam="12.5"] [used-bars="8"]>
// Hears and shows one piece of music: a play button, a piano roll that is also the way to seek,
// and the names of the instruments. The audio clock moves the playhead.

import { PianoRoll } from "./roll.js";

const ICONS = {
  play: '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5.2v13.6L19 12z"/></svg>',
  pause: '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 5h3.6v14H7zM13.4 5H17v14h-3.6z"/></svg>',
};
let sounding = null;       // the audio that plays: one at a time

// A browser has six connections to a server, and a sound keeps one busy until it is rendered. So two come at a
// time, more only if somebody wants to hear them at once, and the page can always speak to the server. A request
// that has begun is not taken back: the server would go on with it and with the next one besides.
const AT_ONCE = 2;
const coming = new Set(), queued = new Map();       // audio; audio -> address, first come first served

function fetchNext() {
  for (const audio of queued.keys()) {
    if (coming.size >= AT_ONCE) return;
    fetchNow(audio);
  }
}

function fetchNow(audio) {
  if (!queued.has(audio)) return;
  coming.add(audio);
  audio.src = queued.get(audio);
  queued.delete(audio);
}

function fetched(audio) {
  if (coming.delete(audio)) fetchNext();
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-3));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

class SeguePlayer extends HTMLElement {
  static observedAttributes = ["used-bars"];

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
    if (this.roll?.length) this.#placeSeam();
  }

  #build() {
    this.#letGo();
    this.source = this.getAttribute("src");
    this.length = this.wanted = this.gone = undefined;
    const name = this.getAttribute("name") ?? "";
    this.innerHTML = `
      <div class="roll" role="slider" tabindex="0" aria-valuemin="0" aria-valuenow="0"><canvas></canvas></div>
      <div class="transport">
        <button type="button" class="play">${ICONS.play}</button>
        <span class="clock"><span class="now">0:00</span> <span class="total"></span></span>
        <ul class="legend" aria-label="Instruments"></ul>
      </div>
      <p class="player-note" role="status"></p>`;
    this.slider = this.querySelector(".roll");
    this.button = this.querySelector(".play");
    this.note = this.querySelector(".player-note");
    this.slider.setAttribute("aria-label", `Position in ${name}`);
    this.roll = new PianoRoll(this.querySelector("canvas"));
    this.#listenToAudio(name);
    this.#listenToPeople();
    this.#watchLooks();
    this.#label(false, name);
    this.#load(this.source);
  }

  #letGo() {
    this.audio?.pause();
    this.audio?.removeAttribute("src");
    queued.delete(this.audio);
    this.resizing?.disconnect();
    this.recolouring?.disconnect();
  }

  async #load(source) {
    try {
      const answer = await fetch(source);
      if (!answer.ok) throw new Error();
      const music = await answer.json();
      if (source !== this.source) return;       // other music has come meanwhile
      this.roll.show(music);
      this.length = this.roll.length;
      this.slider.setAttribute("aria-valuemax", this.length.toFixed(1));
      this.querySelector(".total").textContent = `/ ${clock(this.length)}`;
      this.#legend(music.tracks);
      this.#placeSeam();
      this.#moved();
    } catch {
      if (source !== this.source) return;
      this.gone = true;
      this.note.textContent = "This music is no longer kept here. Make it again with the same seed.";
    }
  }

  #placeSeam() {
    const bars = this.roll.music.bars;
    if (this.hasAttribute("used-bars")) {
      const used = Number(this.getAttribute("used-bars"));
      const whole = used <= 0 || used >= bars.length - 1;
      this.roll.seam = whole ? null : bars[used];
      this.roll.seamName = "used up to here";
      this.roll.fadeAfterSeam = true;
    } else if (this.hasAttribute("seam")) {
      this.roll.seam = Number(this.getAttribute("seam"));
      this.roll.seamName = "the machine goes on";
    }
    this.roll.redraw();
  }

  #legend(tracks) {
    const list = this.querySelector(".legend");
    tracks.forEach((track, index) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = track.name;
      button.style.setProperty("--voice", track.drum ? "var(--voice-drums)" : `var(--voice-${(index % 8) + 1})`);
      button.className = track.drum ? "drum" : index >= 8 ? "hollow" : "";
      button.title = `Point out the ${track.name}`;
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        this.roll.alone = this.roll.alone === index ? null : index;
        list.querySelectorAll("button").forEach((other, i) =>
          other.setAttribute("aria-pressed", String(i === this.roll.alone)));
        this.roll.redraw();
      });
      item.append(button);
      list.append(item);
    });
  }

  #listenToAudio(name) {
    const audio = this.audio = new Audio();
    audio.preload = "auto";          // sound is rendered when it is first asked for: ask now
    for (const event of ["canplaythrough", "suspend", "error"]) audio.addEventListener(event, () => fetched(audio));
    queued.set(audio, this.getAttribute("audio"));
    fetchNext();
    const heed = (event, react) => audio.addEventListener(event, () => { if (audio === this.audio) react(); });
    const waiting = () => { this.note.textContent = audio.paused ? "" : "Tuning up …"; };
    heed("waiting", waiting);
    heed("play", () => {
      if (sounding && sounding !== audio) sounding.pause();
      sounding = audio;
      if (audio.readyState < 3) waiting();
      this.#label(true, name);
    });
    heed("playing", () => {
      this.note.textContent = "";
      this.#follow(audio);
    });
    heed("pause", () => this.#label(false, name));
    heed("ended", () => {
      this.#label(false, name);
      this.#moved(this.length);
    });
    heed("seeked", () => this.#moved());
    heed("error", () => {
      if (this.gone || !audio.hasAttribute("src")) return;
      this.note.textContent = "The sound could not be fetched. Please try once more in a moment.";
      this.#label(false, name);
    });
  }

  #follow(audio) {
    const frame = () => {
      if (audio.paused || audio !== this.audio) return;
      this.#moved();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  #listenToPeople() {
    this.button.addEventListener("click", () => this.toggle());
    const seekTo = (event) => this.seek(this.roll.timeAt(event.clientX - this.slider.getBoundingClientRect().left));
    this.slider.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.slider.setPointerCapture(event.pointerId);
      seekTo(event);
    });
    this.slider.addEventListener("pointermove", (event) => {
      if (this.slider.hasPointerCapture(event.pointerId)) seekTo(event);
    });
    this.slider.addEventListener("keydown", (event) => {
      const bars = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 4, PageDown: -4 }[event.key];
      if (bars) this.#stepBars(bars);
      else if (event.key === "Home") this.seek(0);
      else if (event.key === "End") this.seek(this.length);
      else if (event.key === " ") this.toggle();
      else return;
      event.preventDefault();
    });
  }

  #stepBars(count) {
    const { bars } = this.roll.music;
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

  get time() {
    return this.wanted ?? this.audio.currentTime;
  }

  toggle() {
    if (!this.audio.paused) {
      this.audio.pause();
      return;
    }
    if (this.audio.error) this.audio.load();
    fetchNow(this.audio);
    if (this.length && this.time >= this.length - 0.05) this.seek(0);
    this.audio.play().catch(() => {});      // the error event says what is wrong
  }

  seek(seconds) {
    if (this.length === undefined) return;
    this.wanted = Math.min(Math.max(seconds, 0), this.length);
    this.audio.currentTime = this.wanted;   // before the sound is here, this is where it will begin
    this.#moved(this.wanted);
    if (this.audio.readyState > 0) this.wanted = undefined;
    else this.audio.addEventListener("loadedmetadata", () => { this.wanted = undefined; }, { once: true });
  }

  #moved(seconds = this.time) {
    if (this.length === undefined) return;
    const shown = Math.min(seconds, this.length);
    this.roll.time = shown;
    this.roll.frame();
    const now = this.querySelector(".now");
    if (now.textContent === clock(shown) && shown > 0 && shown < this.length) return;   // once a second is enough
    now.textContent = clock(shown);
    this.slider.setAttribute("aria-valuenow", shown.toFixed(1));
    this.slider.setAttribute("aria-valuetext", `${clock(shown)} of ${clock(this.length)}, bar ${this.roll.barAt(shown) + 1}`);
  }

  #label(playing, name) {
    this.button.innerHTML = playing ? ICONS.pause : ICONS.play;
    this.button.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${name}`);
    this.classList.toggle("sounding", playing);
  }
}

customElements.define("segue-player", SeguePlayer);

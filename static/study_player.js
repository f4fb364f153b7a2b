// One clip of the listening test: a round button whose rim fills, a line to seek on, and counts of starts and plays.
// A start counts with the first sound since the clip last stood at its beginning, so going on after a pause is none.
// A play counts when so large a part (`heard`, 0 to 1) has sounded since then: there are at least as many starts.
// `played` is how many seconds of the clip have sounded in all; what is skipped by seeking does not count.

import { filled } from "./study_words.js";

const START_S = 0.3;            // a seek to here begins the clip anew
const JUMP_S = 1.5;             // a longer step between two ticks of the clock was a seek, not listening

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-3));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export class Player {
  constructor(section, heard, words, onHeard, onPlay) {
    this.section = section;
    this.slot = section.dataset.slot;
    this.heard = heard;
    this.words = words;
    this.onHeard = onHeard;
    this.onPlay = onPlay;
    this.starts = 0;
    this.plays = 0;
    this.played = 0;
    this.#anew();
    this.audio = section.querySelector("audio");
    this.button = section.querySelector(".play");
    this.seek = section.querySelector(".seek");
    this.along = section.querySelector(".along");
    this.now = section.querySelector(".now");
    this.state = section.querySelector(".state");
    this.button.addEventListener("click", () => this.toggle());
    this.seek.addEventListener("input", () => this.#to(this.seek.value / 1000));
    const on = (name, act) => this.audio.addEventListener(name, act);
    on("loadedmetadata", () => this.#measured());
    on("play", () => { this.onPlay(this); this.#looks(true); this.#tick(); });
    on("pause", () => this.#looks(false));
    on("timeupdate", () => this.#listened());
    on("seeking", () => { this.at = NaN; });        // a jump is no sound
    on("seeked", () => { this.at = this.audio.currentTime; if (this.at < START_S) this.#anew(); this.#draw(); });
    on("ended", () => { this.#listened(); this.#anew(); this.audio.currentTime = 0; this.#looks(false); });
    on("error", () => this.#failed());
    if (this.audio.readyState > 0) this.#measured();
  }

  toggle() {
    if (this.audio.error) this.audio.load();
    if (this.audio.paused) this.audio.play().catch((error) => error.name === "AbortError" || this.#failed());
    else this.audio.pause();
  }

  pause() {
    this.audio.pause();
  }

  // For good: the clip is let go of.
  stop() {
    this.stopped = true;
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
  }

  get length() {
    return Number.isFinite(this.audio.duration) ? this.audio.duration : 0;
  }

  #anew() {
    this.sounded = 0;           // seconds since the clip last stood at its beginning
    this.at = 0;
    this.counted = false;
  }

  #measured() {
    this.section.querySelector(".total").textContent = clock(this.length);
    this.#draw();
  }

  #to(fraction) {
    if (this.length) this.audio.currentTime = fraction * this.length;
  }

  #listened() {
    const time = this.audio.currentTime;
    const step = time - this.at;
    this.at = time;
    if (step > 0 && step < JUMP_S) {
      if (!this.sounded) this.starts += 1;
      this.sounded += step;
      this.played += step;
    }
    if (!this.counted && this.length && this.sounded >= this.heard * this.length) {
      this.counted = true;
      this.plays += 1;
      this.section.classList.add("heard");
      this.state.textContent = filled(this.words.heard, { count: this.plays });
      this.onHeard();
    }
    this.#draw();
  }

  #looks(playing) {
    this.section.classList.toggle("playing", playing);
    this.button.setAttribute("aria-label", playing ? this.section.dataset.pause : this.section.dataset.play);
    this.#draw();
  }

  #tick() {
    if (this.audio.paused) return;
    this.#draw();
    requestAnimationFrame(() => this.#tick());
  }

  #draw() {
    const time = this.audio.currentTime;
    const fraction = this.length ? Math.min(time / this.length, 1) : 0;
    this.along.style.strokeDashoffset = String(1 - fraction);
    this.seek.value = String(Math.round(fraction * 1000));
    this.seek.style.setProperty("--along", `${fraction * 100}%`);
    this.now.textContent = clock(time);
    this.seek.setAttribute("aria-valuetext", filled(this.words.time, { now: clock(time), length: clock(this.length) }));
  }

  #failed() {
    if (this.stopped) return;
    this.state.textContent = this.words.failed;
  }
}

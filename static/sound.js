// The sound of one piece: one audio element, whatever it plays at the moment, and the place in the piece.
//
// Three kinds of sound follow each other without losing the place: `live`, a stream of music that is still being
// made; the finished file; and the file of some instruments alone. One element plays them all, since a phone
// lets a page start only those sounds that a finger has started before.

const AT_ONCE = 2;
const REST_MS = 250;       // a choice of instruments, or a place in a stream, counts once it has rested
let sounding = null;       // the audio that plays: one at a time

// A browser has six connections to a server, and a sound keeps one busy until it is rendered. So two come at a
// time, more only if somebody wants to hear them at once, and the page can always speak to the server. A request
// that has begun is not taken back: the server would go on with it and with the next one besides.
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

export class Sound {
  /** address: of the finished file. live: of the stream, or null. on: {state, moved, ended, failed} callbacks. */
  constructor(address, live, on) {
    this.address = this.wish = address;
    this.live = live;                  // null once the music is finished
    this.query = "";                   // which instruments the stream is to have
    this.on = on;
    this.offset = 0;                   // s in the piece at which what the element plays begins
    this.wanted = undefined;           // s: where to go as soon as there is sound
    this.audio = new Audio();
    this.audio.preload = "auto";       // sound is rendered when it is first asked for: ask now
    this.#listen();
    if (!live) this.#queue();
  }

  get time() {
    return this.wanted ?? this.offset + this.audio.currentTime;
  }

  get playing() {
    return !this.audio.paused;
  }

  /** Whether somebody waits for sound that is not here yet. */
  get waiting() {
    return this.playing && this.audio.readyState < 3;
  }

  /** Resolves when it plays; rejects where the browser does not let a page start by itself. */
  play() {
    if (sounding && sounding !== this.audio) sounding.pause();
    sounding = this.audio;
    if (this.audio.error) this.source = undefined;
    if (this.#stale) this.#load(this.time);
    fetchNow(this.audio);
    return this.audio.play();
  }

  pause() {
    this.audio.pause();
  }

  seek(second) {
    this.wanted = second;
    if (this.live || this.source === "live") this.#restream();
    else this.#place();
  }

  /** The music is finished: what streams plays on to its end, all else comes from the file. */
  finish() {
    if (!this.live) return;
    this.live = null;
    if (!this.playing) this.#queue();
    else if (this.wish !== this.address) this.#swap(this.wish);
  }

  /** Plays other sound from the same place: an address, or null for silence. query: the same of a stream. */
  choose(address, query = "") {
    this.audio.muted = address === null;
    const wish = address ?? this.address, streams = this.live && address !== null && query !== this.query;
    if (streams) this.query = query;
    if (wish === this.wish && !streams) return;
    this.wish = wish;
    if (this.live && !streams) return;
    clearTimeout(this.resting);
    this.coming?.abort();
    if (this.live) {
      this.wanted ??= this.time;
      this.#restream();
    }
    if (this.live || wish === this.source) return;
    this.resting = setTimeout(() => (this.playing ? this.#swap(wish) : this.#load(this.time)), REST_MS);
  }

  close() {
    clearTimeout(this.resting);
    this.coming?.abort();
    this.audio.pause();
    this.audio.removeAttribute("src");
    queued.delete(this.audio);
    URL.revokeObjectURL(this.blob);
    this.on = null;
  }

  get #stale() {
    if (this.live) return this.source !== "live" || this.wanted !== undefined;
    return this.source === "live" ? this.audio.ended || this.wanted !== undefined : this.source !== this.wish;
  }

  #queue() {
    this.source = this.wish;
    queued.set(this.audio, this.wish);
    this.offset = 0;
    fetchNext();
  }

  /** Fetches what is wished for, to begin at a second. */
  #load(second, blob) {
    clearTimeout(this.resting);
    queued.delete(this.audio);
    URL.revokeObjectURL(this.blob);
    this.blob = blob;
    this.wanted = second;
    this.source = this.live ? "live" : this.wish;
    this.offset = this.live ? second : 0;
    const stream = `${this.live}?from=${second.toFixed(3)}${this.query && `&${this.query}`}`;
    this.audio.src = this.live ? stream : blob ?? this.wish;
    this.#place();
  }

  /** Goes where it is wanted; before the sound is here, that is where it will begin. */
  #place() {
    this.audio.currentTime = this.wanted - this.offset;
    if (this.audio.readyState > 0) this.wanted = undefined;
  }

  #restream() {
    clearTimeout(this.resting);
    if (!this.playing) return;         // `play` will begin where it is wanted
    this.resting = setTimeout(() => {
      this.#load(this.wanted);
      this.audio.play().catch(() => {});
    }, REST_MS);
  }

  /** Takes other sound while the present one goes on, until the other is here. */
  async #swap(wish) {
    this.coming = new AbortController();
    try {
      const answer = await fetch(wish, { signal: this.coming.signal });
      if (!answer.ok) throw new Error();
      const blob = await answer.blob();
      if (wish !== this.wish || !this.on) return;
      const playing = this.playing;
      this.#load(this.time, URL.createObjectURL(blob));
      if (playing) this.audio.play().catch(() => {});
    } catch (error) {
      if (error.name !== "AbortError" && wish === this.wish) this.on?.failed();
    }
  }

  #listen() {
    const { audio } = this;
    const heed = (event, react) => audio.addEventListener(event, () => { if (this.on) react(); });
    for (const event of ["canplaythrough", "suspend", "error"]) audio.addEventListener(event, () => fetched(audio));
    heed("loadedmetadata", () => {
      if (this.wanted === undefined) return;
      if (this.offset === 0) audio.currentTime = this.wanted;
      this.wanted = undefined;
    });
    for (const event of ["waiting", "play", "pause"]) heed(event, () => this.on.state());
    heed("playing", () => {
      this.on.state();
      this.#follow();
    });
    heed("ended", () => {
      this.on.ended();
      this.on.state();
    });
    heed("seeked", () => this.on.moved());
    heed("error", () => {
      if (audio.hasAttribute("src")) this.on.failed();
    });
  }

  #follow() {
    cancelAnimationFrame(this.frame);
    const frame = () => {
      if (!this.on || !this.playing) return;
      this.on.moved();
      this.frame = requestAnimationFrame(frame);
    };
    this.frame = requestAnimationFrame(frame);
  }
}

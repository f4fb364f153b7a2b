// The instruments of a piece: each can be heard alone or be silent. Knows buttons and names, nothing of sound.

const SPEAKER = '<svg viewBox="0 0 24 24" aria-hidden="true"><path class="body" d="M4 9.2v5.6h3.6L13 19V5L7.6 9.2z"/>'
  + '<path class="wave" d="M16 8.6a5 5 0 0 1 0 6.8M18.6 6a8.6 8.6 0 0 1 0 12"/>'
  + '<path class="cross" d="M16.5 9.2l5.2 5.6M21.7 9.2l-5.2 5.6"/></svg>';

export class Legend {
  /** list: a <ul>. mutable: whether instruments can be silenced. changed: called after each choice. */
  constructor(list, mutable, changed) {
    this.list = list;
    this.mutable = mutable;
    this.changed = changed;
    this.names = "";
    this.states = new Map();           // program -> "only" or "mute"
    this.tracks = [];
  }

  /** Shows these tracks; choices made for instruments that are still there are kept. */
  show(tracks) {
    this.tracks = tracks;
    const names = tracks.map((track) => track.name).join("\n");
    if (names !== this.names) {
      this.names = names;
      this.list.replaceChildren(...tracks.map((track, index) => this.#item(track, index)));
    }
    this.#mark();
  }

  /** Whether a track (its index) is heard. */
  heard(index) {
    const state = this.states.get(this.tracks[index]?.program);
    return this.#alone() ? state === "only" : state !== "mute";
  }

  /** The indices of the tracks that are heard, or null if it is all of them. */
  get choice() {
    const heard = this.tracks.map((_, index) => index).filter((index) => this.heard(index));
    return heard.length === this.tracks.length ? null : heard;
  }

  /** The choice as the query of a stream: while music grows, instruments enter and have no fixed number. */
  get query() {
    const of = (state) => [...this.states].filter(([, its]) => its === state).map(([program]) => program).join("-");
    if (this.#alone()) return `only=${of("only")}`;
    return of("mute") && `without=${of("mute")}`;
  }

  #alone() {
    return this.tracks.some((track) => this.states.get(track.program) === "only");
  }

  #item(track, index) {
    const item = document.createElement("li");
    const name = this.#button(track.program, "only", `${this.mutable ? "Hear" : "Point out"} only ${track.name}`);
    name.textContent = track.name;
    name.className = track.drum ? "voice drum" : index >= 8 ? "voice hollow" : "voice";
    item.style.setProperty("--voice", track.drum ? "var(--voice-drums)" : `var(--voice-${(index % 8) + 1})`);
    item.append(name);
    if (this.mutable) {
      const mute = this.#button(track.program, "mute", `Mute ${track.name}`);
      mute.className = "mute";
      mute.innerHTML = SPEAKER;
      item.append(mute);
    }
    return item;
  }

  #button(program, state, title) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = title;
    button.setAttribute("aria-label", title);
    Object.assign(button.dataset, { program, state });
    button.addEventListener("click", () => {
      if (this.states.get(program) === state) this.states.delete(program);
      else this.states.set(program, state);
      this.#mark();
      this.changed();
    });
    return button;
  }

  #mark() {
    for (const button of this.list.querySelectorAll("button")) {
      const { program, state } = button.dataset;
      button.setAttribute("aria-pressed", String(this.states.get(Number(program)) === state));
    }
    [...this.list.children].forEach((item, index) => item.classList.toggle("silent", !this.heard(index)));
  }
}

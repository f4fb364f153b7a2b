// What a visitor has made of takes: which there are, which continues which, what they are called, which are
// starred or removed. It knows no music and no page. It is kept in this browser alone, for all its tabs.
//
// An attempt is {id, token, run, title, number, parent, bar, seam, bars, name, starred, removed, growing, link,
// made, at}:
// id: the token it was first kept under; token: the present one (a take that was made anew has another).
// parent, bar: id of the take that it continues, and after which bar; "" and 0: it continues a prompt.
// seam, bars: where it begins, and how long it is. growing: it is not whole yet, and only its token counts.
// link: what reopens it. made, at: ms, when it was added and last changed.

import { listed, stored } from "./store.js";

const KEY = "segue.takes.1";
const UNDO_KEY = "segue.takes.undo.1";
const MOST = 60;           // attempts that are remembered; the oldest are forgotten first, starred ones last
const MOST_UNDO = 30;
const DAY_MS = 24 * 3600 * 1000;
const isToken = (value) => typeof value === "string" && /^[A-Za-z0-9_-]{22}$/.test(value);
const isText = (longest) => (value) => typeof value === "string" && value.length <= longest;
const isCount = (value) => Number.isInteger(value) && value >= 0 && value < 1e5;
const isBoolean = (value) => typeof value === "boolean";
const SHAPE = {
  id: isToken, token: isToken, run: isText(40), title: isText(400), number: isCount,
  parent: (value) => value === "" || isToken(value), bar: isCount, seam: isCount, bars: isCount, name: isText(60),
  starred: isBoolean, removed: isBoolean, growing: (value) => value === undefined || isBoolean(value), link: isText(13_000), made: Number.isFinite,
  at: Number.isFinite,
};

export class Attempts extends EventTarget {
  /** Tells of a change by the event "change". `kept` is false where this browser remembers nothing. */
  constructor() {
    super();
    this.kept = true;
    this.all = new Map();
    this.undoable = [];        // {id, before: {name or starred or removed}}
    this.#read();
    this.undoable = listed(stored(() => sessionStorage.getItem(UNDO_KEY)))
      .filter((step) => step && this.all.has(step.id) && step.before && typeof step.before === "object");
    window.addEventListener("storage", (event) => {
      if (event.key !== KEY) return;
      this.#read();
      this.#tell();
    });
  }

  /** Those that are there and whole, the oldest first. */
  get list() {
    const there = [...this.all.values()].filter((one) => !one.removed && !one.growing);
    return there.sort((a, b) => a.made - b.made || a.number - b.number);
  }

  /** Those that were not whole when a page last heard of them. */
  get growing() {
    return [...this.all.values()].filter((one) => !one.removed && one.growing);
  }

  get(id) {
    return this.all.get(id);
  }

  /** The attempt that is, or once was, kept under a token. */
  of(token) {
    return this.all.get(token) ?? [...this.all.values()].find((one) => one.token === token);
  }

  nameOf(attempt) {
    return attempt.name || `Take ${attempt.number}`;
  }

  add(facts) {
    const now = Date.now();
    const attempt = { name: "", starred: false, removed: false, ...facts, made: now, at: now };
    if (!isAttempt(attempt)) return;
    this.all.set(attempt.id, attempt);
    this.#save();
  }

  /** It is whole. */
  settle(id, facts) {
    this.#set(id, { ...facts, growing: false });
  }

  /** Nothing came of it. */
  drop(id) {
    this.#set(id, { removed: true });
    this.all.delete(id);
  }

  /** The take was made anew, and is kept under another token now. */
  renew(id, token) {
    this.#set(id, { token, removed: false });
  }

  /** Sets name, starred or removed, and remembers how it was. */
  change(id, now) {
    const attempt = this.all.get(id);
    if (!attempt) return;
    const before = Object.fromEntries(Object.keys(now).map((key) => [key, attempt[key]]));
    this.undoable = [...this.undoable, { id, before }].slice(-MOST_UNDO);
    this.#set(id, now);
  }

  /** Takes the last change back; returns its attempt. */
  undo() {
    const step = this.undoable.pop();
    if (!step) return undefined;
    this.#set(step.id, step.before);
    return this.all.get(step.id);
  }

  #set(id, now) {
    const attempt = { ...this.all.get(id), ...now, at: Date.now() };
    if (!isAttempt(attempt)) return;
    this.all.set(id, attempt);
    this.#save();
  }

  /** What other tabs have kept joins what is here; of two versions the later one counts. */
  #read() {
    for (const one of listed(stored(() => localStorage.getItem(KEY)))) {
      const mine = this.all.get(one?.id);
      if (isAttempt(one) && (!mine || mine.at < one.at)) this.all.set(one.id, one);
    }
  }

  #save() {
    this.#read();
    let kept = this.#worthKeeping();
    const write = () => stored(() => (localStorage.setItem(KEY, JSON.stringify(kept)), true)) ?? false;
    while (!(this.kept = write()) && kept.length) kept = kept.slice(Math.ceil(kept.length / 2));     // it is full
    stored(() => sessionStorage.setItem(UNDO_KEY, JSON.stringify(this.undoable)));
    this.#tell();
  }

  #worthKeeping() {
    const undone = new Set(this.undoable.map((step) => step.id));
    const lost = (one) => one.growing && Date.now() - one.made > DAY_MS;
    const worth = (one) => (one.removed || lost(one) ? (undone.has(one.id) ? 1 : 0) : one.starred ? 3 : 2);
    const best = [...this.all.values()].filter((one) => worth(one) > 0 || this.#hasChildren(one.id));
    return best.sort((a, b) => worth(a) - worth(b) || a.made - b.made).slice(-MOST);
  }

  #hasChildren(id) {
    return this.list.some((one) => one.parent === id);
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

function isAttempt(value) {
  return Boolean(value) && Object.entries(SHAPE).every(([key, fits]) => fits(value[key]));
}

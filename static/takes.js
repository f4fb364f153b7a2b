// <segue-takes>: the takes of a visit. Every run of Continue is a row of tickets; the take whose ticket is chosen
// lies open below them, at the place where the one before it was. What a visitor makes of takes is kept by
// `Attempts`; their music and their HTML come from the server, which the page's feed hands to `hang`.

import { Attempts } from "./attempts.js";
import { drawTree } from "./attempts_tree.js";
import { dress, facts, goneLeaf, isPlaceholder, parsed, placeholder, silent, unfold, whence } from "./take_item.js";
import { TakeLinks } from "./take_links.js";
import { Onward } from "./take_onward.js";
import { carryOn } from "./take_over.js";
import { TakeRuns } from "./take_runs.js";
import { TakeTools } from "./take_tools.js";
import { sessionValue } from "./store.js";

const CHOSEN_KEY = "segue.takes.chosen.1";
const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=range])";
const COMING = "The first take will appear here.";
const AT_ONCE = 3;         // takes of earlier visits that are fetched at a time

class SegueTakes extends HTMLElement {
  connectedCallback() {
    if (this.attempts) return;
    this.attempts = new Attempts();
    this.onward = new Onward(this);
    this.links = new TakeLinks(this);
    this.tools = new TakeTools(this);
    this.known = new TakeRuns();
    this.items = new Map();            // id -> {item (li), leaf}, of every take that hangs here
    this.runs = this.querySelector("#runs");
    this.tree = this.querySelector(".attempts");
    this.unkept = this.querySelector(".unkept");
    this.said = this.querySelector(".undo");
    this.attempts.addEventListener("change", () => this.#restore());
    this.addEventListener("change", (event) => this.#picked(event));
    this.addEventListener("toggle", unfold, true);
    document.addEventListener("keydown", (event) => this.#key(event));
    this.#restore();
    for (const { run } of this.attempts.growing) if (!this.known.has(run)) this.#settle(run);
    this.links.open();
    if (this.remembered) document.dispatchEvent(new Event("segue-resume"));
  }

  // What the page asks

  /** What the next run continues; see `Onward`. */
  origin() {
    return this.onward.origin();
  }

  /** Which take is to be made anew; see `TakeLinks`. */
  get wish() {
    return this.links.wish;
  }

  /** Which run this page has left and is to find again; see `TakeRuns`. A link goes first. */
  get remembered() {
    return this.links.link ? undefined : this.known.wish;
  }

  /** Hangs up what is new in the HTML of a run, and brings up to date what hangs here already. */
  hang(html) {
    const run = parsed(html).querySelector(".run");
    if (!run) return;
    const { run: id, title, over } = run.dataset, followed = this.known.mine;
    this.#invite(over !== undefined);
    const back = this.known.heard(id, over !== undefined);
    for (const hung of this.runs.querySelectorAll(".take[data-growing]")) {
      if (!run.querySelector(`[data-token="${hung.dataset.token}"]`)) this.#takeDown(hung);
    }
    if (run.querySelector(".take")) this.#hangRun(run, this.#section(id, title), back);
    if (over !== undefined) this.#settle(id || followed);
  }

  /** Where no take hangs yet, asks for a press of Continue, but not while a run goes on that has no take so far. */
  #invite(over) {
    const place = this.runs.querySelector(".empty");
    if (!place) return;
    this.invitation ??= place.textContent;
    place.textContent = over ? this.invitation : COMING;
  }

  /** back: the page has left this run and found it again, so that nothing plays by itself. */
  #hangRun(run, section, back) {
    for (const item of run.querySelectorAll(".take")) {
      const hung = section.querySelector(`[data-take="${item.dataset.take}"]`);
      if (!hung) this.#hangUp(section, back ? silent(item) : item, back);
      else if (isPlaceholder(hung)) this.#fill(this.idOf(hung), silent(item));
      else this.#update(hung, item);
    }
  }

  // Takes come

  #section(run, title) {
    const hung = this.runs.querySelector(`[data-run="${CSS.escape(run)}"]`);
    if (hung) return hung;
    const made = document.createElement("section");
    made.className = "run";
    made.dataset.run = run;
    made.dataset.title = title;
    made.innerHTML = '<h3><span class="piece"></span><span class="whence"></span></h3><ol class="takes"></ol>';
    made.querySelector(".piece").textContent = title;
    this.runs.querySelector(".empty")?.remove();
    this.runs.prepend(made);
    return made;
  }

  #hangUp(section, item, back = false) {
    const first = !section.querySelector(".take:not([hidden])");
    this.#insert(section, item);
    this.#remember(item);
    const id = this.idOf(item), removed = this.attempts.get(id)?.removed;
    const playing = this.player(this.chosen)?.playing, starts = item.querySelector("[autoplay-from]");
    const wanted = back ? !this.chosen || sessionValue(CHOSEN_KEY) === id : first && (starts || !playing);
    if (wanted && !removed) this.choose(id, { carry: false });
    if (first) this.onward.arrived(section);
    this.show();
  }

  /** What grew, and came to nothing. */
  #takeDown(item) {
    const id = this.idOf(item);
    this.items.delete(id);
    item.remove();
    this.attempts.drop(id);
    this.show();
  }

  /** What grew when a page last heard of a run that is over: it is whole by now, or it was lost. */
  async #settle(run) {
    for (const { id, token, title } of this.attempts.growing.filter((one) => one.run === run)) {
      const found = await facts(token);
      if (!found) this.attempts.drop(id);
      else if (!this.items.has(id)) {
        this.#hangUp(this.#section(run, title), parsed(found.html).querySelector(".take"), true);
      }
    }
  }

  #insert(section, item) {
    const list = section.querySelector(".takes"), number = (one) => Number(one.dataset.take);
    list.insertBefore(item, [...list.children].find((other) => number(other) > number(item)) ?? null);
    const leaf = item.querySelector(".leaf");
    leaf.hidden = true;
    this.items.set(this.idOf(item), { item, leaf });
  }

  /** The element stays, since its sound may be playing; its facts are replaced. */
  #update(hung, item) {
    for (const [name, value] of Object.entries(item.dataset)) hung.dataset[name] = value;
    if (!item.dataset.growing) delete hung.dataset.growing;
    const { leaf } = this.items.get(this.idOf(hung));
    for (const slot of item.querySelectorAll("[data-slot]")) {
      const named = `[data-slot="${slot.dataset.slot}"]`;
      const old = hung.querySelector(named) ?? leaf.querySelector(named);
      if (old.source === slot.innerHTML) continue;
      old.source = slot.innerHTML;
      old.replaceChildren(...slot.childNodes);
    }
    this.#remember(hung);
  }

  /** A take joins the attempts; one that was made anew takes its old place among them when it is whole. */
  #remember(item) {
    for (const slot of item.querySelectorAll("[data-slot]")) slot.source ??= slot.innerHTML;
    const { token, growing, again, take, parent = "", bar = 0, seam = 0, bars = 0, link = "" } = item.dataset;
    const known = this.attempts.of(token);
    if (known && (growing || !known.growing)) return;
    const before = again && this.attempts.of(again);
    if (before) {
      if (known) this.attempts.drop(known.id);
      this.items.get(before.id)?.item.remove();
      this.items.set(before.id, this.items.get(token));
      this.items.delete(token);
      if (this.chosen === before.id || this.chosen === token) this.chosen = undefined;
      this.attempts.renew(before.id, token);
      return;
    }
    const { run, title } = item.closest(".run").dataset;
    const now = {
      token, run, title, number: Number(take), parent: this.attempts.of(parent)?.id ?? "",
      bar: Number(bar), seam: Number(seam), bars: Number(bars), link,
    };
    if (known) this.attempts.settle(known.id, now);
    else this.attempts.add({ id: token, ...now, growing: Boolean(growing) });
  }

  /** The id of the attempt that an item shows. */
  idOf(item) {
    return this.attempts.of(item.dataset.token)?.id ?? item.dataset.token;
  }

  // Takes of earlier visits, and of other tabs

  /** Hangs up those that are remembered and not here, and shows how all of them are now. */
  async #restore() {
    const waiting = this.attempts.list.filter(({ id }) => !this.items.has(id));
    for (const attempt of waiting) this.#insert(this.#section(attempt.run, attempt.title), placeholder(attempt));
    this.show();
    if (!waiting.length) return;
    const chosen = sessionValue(CHOSEN_KEY);
    if (!this.chosen && this.items.has(chosen)) this.choose(chosen, { carry: false });
    const fetchNext = async () => {
      while (waiting.length) await this.#fetch(waiting.pop().id);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, fetchNext));
  }

  async #fetch(id) {
    const kept = this.items.get(id), attempt = this.attempts.get(id);
    if (!kept || !attempt || !isPlaceholder(kept.item)) return;
    const found = await facts(attempt.token);
    if (this.items.get(id) !== kept) return;
    if (found) {
      this.#fill(id, parsed(found.html).querySelector(".take"));
      return;
    }
    kept.item.classList.add("gone");
    kept.item.querySelector(".facts").textContent = "no longer kept here";
    kept.leaf.innerHTML = goneLeaf(attempt);
    this.show();
  }

  /** Puts a take's own HTML in the place that is kept for it; its player begins when it is chosen. */
  #fill(id, item) {
    const leaf = item.querySelector(".leaf");
    leaf.hidden = true;
    leaf.remove();
    this.items.get(id).item.replaceWith(item);
    this.items.set(id, { item, leaf });
    if (this.chosen === id) this.#lay(id);
    this.show();
  }

  // Choosing

  #picked(event) {
    const item = event.target.name === "take" && event.target.closest(".take");
    if (item) this.choose(this.idOf(item));
  }

  /** Opens a take where the one before it was; what was playing goes on in it. carry: false, from its start. */
  choose(id, { carry = true } = {}) {
    if (id === this.chosen || !this.items.has(id)) return;
    const before = this.player(this.chosen), old = this.items.get(this.chosen)?.leaf;
    const focus = old?.contains(document.activeElement) ? document.activeElement : null;
    this.chosen = id;
    sessionValue(CHOSEN_KEY, id);
    if (old) old.hidden = true;
    this.#lay(id);
    const now = this.player(id);
    if (carry && before && now) carryOn(before, now);
    else if (before?.playing) before.toggle();
    const same = focus && now?.querySelector(focus.matches(".roll") ? ".roll" : ".play");
    if (focus) (same ?? this.ticket(id)).focus();
    this.show();
  }

  #lay(id) {
    const { item, leaf } = this.items.get(id);
    if (!leaf.isConnected) item.append(leaf);
    leaf.hidden = false;
  }

  /** A take's own player; undefined where it has none, or is not here. */
  player(id) {
    return this.items.get(id)?.leaf.querySelector(":scope > segue-player");
  }

  /** What a take is chosen by. */
  ticket(id) {
    return this.items.get(id).item.querySelector(".ticket input");
  }

  #key(event) {
    if (event.target.closest?.(TYPING) || event.altKey || event.shiftKey) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && this.attempts.undoable.length) {
      this.tools.undo();
    } else if (/^[1-9]$/.test(event.key) && !event.ctrlKey && !event.metaKey) {
      const run = this.items.get(this.chosen)?.item.closest(".run");
      const item = run?.querySelector(`.take:not([hidden])[data-take="${event.key}"]`);
      if (!item) return;
      this.choose(this.idOf(item));
    } else return;
    event.preventDefault();
  }

  // How it all looks

  /** Says what was done; undoable: beside a button that undoes it, which is returned. */
  say(sentence, undoable = false) {
    this.said.textContent = sentence && `${sentence} `;
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.do = "undo";
    button.textContent = "Undo";
    if (undoable) this.said.append(button);
    return button;
  }

  /** Shows all takes as they are now. */
  show() {
    for (const [id, { item, leaf }] of this.items) {
      const attempt = this.attempts.get(id);
      const chosen = id === this.chosen;
      item.hidden = attempt?.removed ?? false;
      item.classList.toggle("chosen", chosen);
      item.querySelector(".ticket input").checked = chosen;
      if (attempt) dress(item, leaf, attempt, this.attempts.nameOf(attempt));
    }
    for (const section of this.runs.querySelectorAll(".run")) {
      section.hidden = !section.querySelector(".take:not([hidden])");
      whence(section, this.attempts);
    }
    drawTree(this.tree, this.attempts, this.chosen, (id) => {
      this.choose(id);
      this.items.get(id)?.item.closest(".run").scrollIntoView({ block: "nearest" });
    });
    this.unkept.hidden = this.attempts.kept;
  }
}

customElements.define("segue-takes", SegueTakes);

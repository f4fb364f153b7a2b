// The Study page: shows the view that the server sends, plays its clips, and sends one answer at a time.
// The server decides what comes next (survey/web/visit.py) and says it in the reader's language; this file only
// makes answering pleasant. Its own words come with every view (survey/web/wording).

import { Player } from "./study_player.js";
import { Link, Token, languages } from "./study_visitor.js";
import { filled } from "./study_words.js";

const POLL_MS = 3000;
const SLOW_AFTER_MS = 10 * 60 * 1000;          // clips in preparation that do not get on for so long

// Called once by the page. `element` holds the frame (survey/web/markup), `server.act` is the one server function.
export function begin(element, server) {
  new Study(element, server).open();
}

class Study {
  constructor(element, server) {
    this.server = server;
    this.stage = element.querySelector("#stage");
    this.notice = element.querySelector("#study-notice");
    this.token = new Token(location.pathname);
    this.link = new Link(location.search);
    this.language = this.link.language;         // chosen on the page or by its address; null: as the browser likes
    this.players = [];
    this.busy = false;
    this.#greet(JSON.parse(element.querySelector(".study").dataset.opening));
    this.token.takeFromLink();
    window.addEventListener("hashchange", () => this.token.takeFromLink() && this.open());
    window.addEventListener("pageshow", (event) => event.persisted && this.open());
    document.addEventListener("keydown", (event) => this.#pressed(event));
    this.stage.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.stage.addEventListener("change", () => this.#chosen());
    this.stage.addEventListener("input", () => this.#chosen());
    this.stage.addEventListener("click", (event) => this.#clicked(event));
  }

  get form() { return this.stage.querySelector("form.step"); }

  open() { return this.#ask({ do: "open" }); }

  submit() {
    const form = this.form;
    if (!form || form.querySelector(".go")?.disabled) return;
    if (form.dataset.kind === "invitation") {
      this.link.invitation = form.querySelector("input[name=invitation]").value.trim() || null;
      return this.link.invitation ? this.open() : this.#say(this.words.missing);
    }
    if (form.dataset.kind === "welcome") {
      // Another tab may have begun meanwhile: then this one joins it.
      if (this.token.value) return this.open();
      return this.#ask({ do: "start", token: this.token.propose(), parameters: this.link.parameters });
    }
    const answer = this.#answer(form);
    if (answer) return this.#ask({ do: "answer", step: form.dataset.step, answer });
  }

  // Until the server speaks: that the test opens, in the best of the languages that the page came with.
  #greet(opening) {
    const language = languages(this.language).map((tag) => tag.split("-")[0]).find((tag) => tag in opening) ?? "en";
    this.words = opening[language];
    document.documentElement.lang = language;
    this.stage.querySelector(".waiting").textContent = this.words.opening;
  }

  async #ask(request) {
    if (this.busy) return;
    clearTimeout(this.again);
    this.busy = true;
    this.stage.setAttribute("aria-busy", "true");
    try {
      this.#show(await this.server.act({ ...request, ...this.#myself() }));
    } catch (error) {
      console.warn(error);
      this.#say(this.words.unreached);
      // Out of reach, or too many at once (429). An answer may be sent twice: the server takes it once.
      if (request.do === "answer") this.again = setTimeout(() => this.submit(), POLL_MS);
      else if (request.do === "open" && !this.stage.querySelector(".step")) {
        this.again = setTimeout(() => this.open(), POLL_MS);
      }
    } finally {
      this.busy = false;
      this.stage.removeAttribute("aria-busy");
    }
  }

  #myself() {
    const said = { languages: languages(this.language) };
    if (this.token.value) said.token = this.token.value;
    if (this.link.invitation) said.invitation = this.link.invitation;
    return said;
  }

  #show(reply) {
    if ("token" in reply) this.token.value = reply.token;
    this.#say(reply.notice ?? "");
    if (reply.state === "building") this.again = setTimeout(() => this.open(), POLL_MS);
    else this.buildingSince = null;
    if (reply.state === "kept") return;
    const sameWords = document.documentElement.lang === reply.language;
    document.documentElement.lang = this.language = reply.language;
    this.words = { ...this.words, ...reply.words };
    if (reply.state === "building" && sameWords && this.#progressed(reply.html)) return;
    this.players.forEach((player) => player.stop());
    this.current = null;
    this.stage.innerHTML = reply.html;
    this.shownAt = performance.now();
    const view = this.stage.firstElementChild;
    document.title = `${view.dataset.title} · Segue`;
    this.players = [...view.querySelectorAll(".player")].map((section) => new Player(
      section, Number(view.dataset.heard), this.words, () => this.#heard(), (player) => this.#alone(player)));
    if (this.players.length) this.#heard();
    const link = this.stage.querySelector(".small-print .link input");
    if (link) link.value = this.token.link();
    window.scrollTo(0, 0);
    this.stage.querySelector("h1")?.focus({ preventScroll: true });
  }

  // Clips are still in preparation: only the count changes, so that nobody's reading is disturbed.
  #progressed(html) {
    const shown = this.stage.querySelector(".building");
    if (!shown) return false;
    const next = new DOMParser().parseFromString(html, "text/html").querySelector(".building");
    if (!next) return false;
    if (shown.dataset.built !== next.dataset.built || !this.buildingSince) this.buildingSince = Date.now();
    shown.dataset.built = next.dataset.built;
    shown.querySelector("progress").replaceWith(next.querySelector("progress"));
    const count = shown.querySelector(".count");
    const sentence = next.querySelector(".count").textContent;
    if (count.textContent !== sentence) count.textContent = sentence;
    shown.querySelector(".slow").hidden = Date.now() - this.buildingSince < SLOW_AFTER_MS;
    return true;
  }

  #say(sentence) {
    this.notice.textContent = sentence;
  }

  // --- trials ---

  #alone(sounding) {
    this.current = sounding;
    this.players.forEach((player) => player !== sounding && player.pause());
  }

  #heard() {
    const form = this.form;
    if (!form) return;
    const least = Number(form.dataset.minPlays);
    const ready = this.players.every((player) => player.plays >= least);
    form.querySelectorAll("fieldset.answers, fieldset.ticks").forEach((set) => { set.disabled = !ready; });
    form.classList.toggle("ready", ready);
    const hint = form.querySelector(".hint");
    if (hint && ready) hint.textContent = this.words[hint.dataset.ready];
    this.#chosen();
  }

  #chosen() {
    const form = this.form;
    const go = form?.querySelector(".go");
    const asked = [...form?.querySelectorAll("fieldset.answers:not(.asked)") ?? []];
    if (go && asked.length) go.disabled = !asked.every((set) => !set.disabled && set.querySelector("input:checked"));
  }

  #answer(form) {
    const spent = { response_ms: Math.round(performance.now() - this.shownAt) };
    const value = (name) => form.querySelector(`input[name="${name}"]:checked`)?.value;
    const tick = (name) => form.querySelector(`input[name="${name}"]`)?.checked;
    const trial = {};
    for (const player of this.players) {
      trial[`starts_${player.slot}`] = player.starts;
      trial[`plays_${player.slot}`] = player.plays;
      trial[`heard_${player.slot}_s`] = Math.round(player.played * 100) / 100;
    }
    for (const name of ["said_ai", "recognised"]) if (tick(name) !== undefined) trial[name] = tick(name);
    switch (form.dataset.kind) {
      case "consent": return { agree: true };
      case "questions": return this.#replies(form);
      case "sound_check": return { count: Number(value("count")), ...trial };
      case "pair": case "preference": case "attention": return { choice: value("choice"), ...trial, ...spent };
      case "rating": case "open_rating": return { rating: Number(value("rating")), ...this.#scales(form), ...trial, ...spent };
      case "comment": return { comment: form.querySelector("textarea").value.trim() || null, ...spent };
    }
    return null;
  }

  // The further scales of a rating, if it has any.
  #scales(form) {
    const chosen = [...form.querySelectorAll("input[name^=scale_]:checked")];
    const scales = Object.fromEntries(chosen.map((input) => [input.name.slice("scale_".length), Number(input.value)]));
    return chosen.length ? { scales } : {};
  }

  // The replies to a page of questions; null (and a word to the participant) while one is missing.
  #replies(form) {
    const replies = {};
    for (const asked of form.querySelectorAll("[data-question]")) {
      const box = asked.querySelector("input:checked, input[type=number], textarea");
      const text = box?.value.trim() ?? "";
      const wrong = text ? box.validity.badInput || box.validity.rangeUnderflow || box.validity.rangeOverflow
        : box?.validity.badInput || !("optional" in asked.dataset);
      asked.classList.toggle("missing", Boolean(wrong));
      if (wrong) {
        this.#say(text ? filled(this.words.number, { minimum: box.min, maximum: box.max }) : this.words.missing);
        (box ?? asked.querySelector("input")).focus();
        return null;
      }
      if (!text) continue;
      const isNumber = asked.dataset.kind === "number" || asked.dataset.kind === "scale";
      replies[asked.dataset.question] = isNumber ? Number(text) : text;
    }
    return { replies };
  }

  // --- hands ---

  #clicked(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches(".copy")) this.#copy(button);
    if (button.matches(".language")) this.#speak(button.dataset.language);
    if (button.matches(".delete")) this.#ask({ do: "withdraw" });
    if (button.matches(".afresh")) { this.token.value = null; this.open(); }
  }

  // A participant's language is kept by the server, a visitor's by the address.
  #speak(language) {
    this.language = language;
    if (this.token.value) return this.#ask({ do: "language" });
    this.link.speak(language);
    return this.open();
  }

  async #copy(button) {
    const input = button.parentElement.querySelector("input");
    input.select();
    try {
      await navigator.clipboard.writeText(input.value);
      button.textContent = this.words.copied;
    } catch {
      this.#say(this.words.copyByHand);
    }
  }

  // Space plays, A and B play that one, 1 to 5 answer, 0 ticks the AI box, Enter continues. After the last answer the
  // keys are the browser's.
  #pressed(event) {
    const at = event.target instanceof Element ? event.target : document.body;
    const typing = at.matches("textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=range])");
    const form = this.form;
    if (!form?.querySelector(".go") || !this.#listening() || typing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const letter = this.players.find((player) => player.slot === event.key.toLowerCase());
    if (event.key === " ") {
      if (!this.players.length || event.repeat) return;
      if (at.matches("button, summary, a, input[type=checkbox], input[type=radio]:not(:checked)")) return;
      (this.current ?? this.players.find((player) => !player.plays) ?? this.players[0]).toggle();
    } else if (/^\d$/.test(event.key)) {
      this.#choose(this.#asked(form, at).querySelector(`input[aria-keyshortcuts="${event.key}"]`)
        ?? form.querySelector(`.ticks input[aria-keyshortcuts="${event.key}"]`));
    } else if (letter && this.players.length > 1) {
      if (!event.repeat) letter.toggle();
    } else if (event.key === "Enter") {
      if (event.repeat || at.matches("button, summary, a")) return;
      this.submit();
    } else {
      return;
    }
    event.preventDefault();
  }

  // A page with something to hear, or one of its attention checks.
  #listening() {
    return this.players.length > 0 || this.form.dataset.kind === "attention";
  }

  // The question that a digit answers: the one with the focus, else the first without an answer, else the first.
  #asked(form, at) {
    const sets = [...form.querySelectorAll("fieldset.answers")];
    return at.closest("fieldset.answers") ?? sets.find((set) => !set.querySelector("input:checked")) ?? sets[0];
  }

  #choose(input) {
    if (!input) return;
    if (input.matches(":disabled")) {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (!still) this.form.querySelector(".hint")?.animate([{ opacity: 0.2 }, { opacity: 1 }], 400);
      return;
    }
    input.checked = input.type === "checkbox" ? !input.checked : true;
    this.#chosen();
  }
}

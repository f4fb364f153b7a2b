// The Study page: shows the view that the server sends, plays its clips, and sends one answer at a time.
// The server decides what comes next (survey/visit.py); this file only makes answering pleasant.

import { Player } from "./study_player.js";

const POLL_MS = 3000;
const SLOW_AFTER_MS = 10 * 60 * 1000;          // clips in preparation that do not get on for so long
const UNREACHED = "We could not reach the server. Nothing is lost: please try again in a moment.";

// Called once by the page. `element` holds the frame (survey/markup.py), `server.act` is the one server function.
export function begin(element, server) {
  new Study(element, server).open();
}

class Study {
  constructor(element, server) {
    this.server = server;
    this.stage = element.querySelector("#stage");
    this.notice = element.querySelector("#study-notice");
    this.token = new Token(location.pathname);
    this.players = [];
    this.busy = false;
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
    if (form.dataset.kind === "welcome") {
      // Another tab may have begun meanwhile: then this one joins it.
      return this.#ask({ do: this.token.value ? "open" : "start" });
    }
    const answer = this.#answer(form);
    if (answer) return this.#ask({ do: "answer", step: form.dataset.step, answer });
  }

  async #ask(request) {
    if (this.busy) return;
    this.busy = true;
    this.stage.setAttribute("aria-busy", "true");
    const token = this.token.value;
    try {
      this.#show(await this.server.act(token ? { ...request, token } : request));
    } catch (error) {
      console.warn(error);
      this.#say(UNREACHED);
      if (!this.form && request.do === "open") setTimeout(() => this.open(), POLL_MS);
    } finally {
      this.busy = false;
      this.stage.removeAttribute("aria-busy");
    }
  }

  #show(reply) {
    if ("token" in reply) this.token.value = reply.token;
    this.#say(reply.notice ?? "");
    if (reply.state === "building") setTimeout(() => this.open(), POLL_MS);
    else this.buildingSince = null;
    if (reply.state === "kept" || (reply.state === "building" && this.#progressed(reply.html))) return;
    this.players.forEach((player) => player.stop());
    this.current = null;
    this.stage.innerHTML = reply.html;
    this.shownAt = performance.now();
    const view = this.stage.firstElementChild;
    document.title = `${view.dataset.title} · Segue`;
    this.players = [...view.querySelectorAll(".player")].map((section) => new Player(
      section, Number(view.dataset.heard), () => this.#heard(), (player) => this.#alone(player)));
    if (this.players.length) this.#heard();
    const link = this.stage.querySelector(".later .link input");
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
    if (hint && ready) hint.textContent = "Thank you. Now choose your answer; you may listen again.";
    this.#chosen();
  }

  #chosen() {
    const form = this.form;
    const go = form?.querySelector(".go");
    if (!go || !this.players.length) return;
    go.disabled = !form.querySelector(".answers:not(:disabled) input:checked");
  }

  #answer(form) {
    const spent = { response_ms: Math.round(performance.now() - this.shownAt) };
    const value = (name) => form.querySelector(`input[name="${name}"]:checked`)?.value;
    const tick = (name) => form.querySelector(`input[name="${name}"]`)?.checked;
    const trial = {};
    for (const player of this.players) trial[`plays_${player.slot}`] = player.plays;
    for (const name of ["said_ai", "recognised"]) if (tick(name) !== undefined) trial[name] = tick(name);
    switch (form.dataset.kind) {
      case "consent": return { agree: true };
      case "questions": return this.#replies(form);
      case "pair": return { choice: value("choice"), ...trial, ...spent };
      case "rating": case "open_rating": return { rating: Number(value("rating")), ...trial, ...spent };
      case "comment": return { comment: form.querySelector("textarea").value.trim() || null, ...spent };
    }
    return null;
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
        this.#say(text ? `Please give a number from ${box.min} to ${box.max}.` : "One answer is still missing.");
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
    if (button.matches(".delete")) this.#ask({ do: "withdraw" });
    if (button.matches(".afresh")) { this.token.value = null; this.open(); }
  }

  async #copy(button) {
    const input = button.parentElement.querySelector("input");
    input.select();
    try {
      await navigator.clipboard.writeText(input.value);
      button.textContent = "Copied";
    } catch {
      this.#say("Please copy the link by hand: it is selected now.");
    }
  }

  // Space plays, A and B play that one, 1 to 5 answer, 0 ticks the AI box, Enter continues.
  #pressed(event) {
    const at = event.target instanceof Element ? event.target : document.body;
    const typing = at.matches("textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=range])");
    if (!this.players.length || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const form = this.form;
    const letter = this.players.find((player) => player.slot === event.key.toLowerCase());
    if (event.key === " ") {
      if (event.repeat || at.matches("button, summary, a, input[type=checkbox], input[type=radio]:not(:checked)")) return;
      (this.current ?? this.players.find((player) => !player.plays) ?? this.players[0]).toggle();
    } else if (/^[1-5]$/.test(event.key)) {
      this.#choose(form.querySelectorAll(".answers input")[Number(event.key) - 1]);
    } else if (event.key === "0") {
      this.#choose(form.querySelector("input[name=said_ai]"));
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

  #choose(input) {
    if (!input) return;
    if (input.matches(":disabled")) {
      this.form.querySelector(".hint")?.animate([{ opacity: 0.2 }, { opacity: 1 }], 400);
      return;
    }
    input.checked = input.type === "checkbox" ? !input.checked : true;
    this.#chosen();
  }
}

// The participant's token, kept in this browser for one study. It never goes into the address that servers see.
class Token {
  constructor(path) {
    this.key = `segue-study:${path.match(/\/study\/([^/]+)/)?.[1] ?? ""}`;
    this.memory = null;                        // where the browser keeps nothing, this page alone remembers
  }

  get value() {
    try {
      return localStorage.getItem(this.key) ?? this.memory;
    } catch {
      return this.memory;
    }
  }

  set value(token) {
    this.memory = token;
    try {
      if (token) localStorage.setItem(this.key, token);
      else localStorage.removeItem(this.key);
    } catch { /* private browsing: the private link still works */ }
  }

  takeFromLink() {
    const token = new URLSearchParams(location.hash.slice(1)).get("resume");
    if (!token) return false;
    this.value = token;
    history.replaceState(null, "", location.pathname + location.search);
    return true;
  }

  link() {
    return `${location.origin}${location.pathname}#resume=${this.value}`;
  }
}

// <segue-duel>: hear two continuations of one beginning, guess which one is the machine's, and be told.
// The server (model/duels) knows which is which and says so after the guess; nothing here can know before.
// A random token in this browser's storage holds the visitor's score together; without storage it lasts as long as the page.

import { Player } from "./study_player.js";

const KEPT = "segue-duel";
const RETRY_MS = 2000, RETRIES = 90;        // while the next duel is being prepared
const ICONS = `<svg class="ring" viewBox="0 0 100 100" aria-hidden="true"><circle class="track" cx="50" cy="50" r="48"/>
  <circle class="along" cx="50" cy="50" r="48" pathLength="1"/></svg>
  <svg class="icon icon-play" viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5.2v13.6L19 12z"/></svg>
  <svg class="icon icon-pause" viewBox="0 0 24 24" aria-hidden="true"><path d="M7 5h3.6v14H7zM13.4 5H17v14h-3.6z"/></svg>`;
const WORDS = { heard: { one: "Heard", other: "Heard {count} times" }, time: "{now} of {length}",
                failed: "The sound could not be fetched. Please press play once more." };
const SIDES = ["a", "b"];
const LOST = "That did not go through. Please try once more.";

const memory = {
  token: null,
  read() {
    try { return localStorage.getItem(KEPT); } catch { return this.token; }
  },
  write(token) {
    this.token = token;
    try { if (token) localStorage.setItem(KEPT, token); else localStorage.removeItem(KEPT); } catch { /* as long as the page */ }
  },
};

// An element with a class, text, and what lies in it; text is never read as HTML.
function made(tag, name = "", ...inner) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...inner);
  return element;
}

function button(name, words, act) {
  const element = made("button", name, words);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

function percent(share) {
  return `${Math.round(100 * share)}%`;
}

class SegueDuel extends HTMLElement {
  connectedCallback() {
    if (this.status) return;
    this.stage = made("div", "duel-stage");
    this.status = made("p", "duel-said");
    this.status.setAttribute("role", "status");
    this.replaceChildren(this.stage, this.status);
    this.#invite();
  }

  disconnectedCallback() {
    this.#silence();
    clearTimeout(this.waiting);
  }

  #say(sentence) {
    this.status.textContent = sentence;
  }

  #silence() {
    this.players?.forEach((player) => player.stop());
    this.players = [];
  }

  async #ask(path, body) {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" },
                                       body: JSON.stringify(body) });
    if (answer.ok) return answer.json();
    const refusal = new Error(await answer.text());
    refusal.status = answer.status;
    throw refusal;
  }

  // --- before ---

  #invite() {
    this.stage.replaceChildren(
      made("p", "duel-lead", "You hear one beginning and two ways on: the composer’s own, and the machine’s. They are played by "
        + "the same instruments, equally loud and equally long. Which one is the machine’s?"),
      button("duel-go", "Play a duel", () => this.begin()),
      made("p", "duel-small", "Your guess is kept without name or address: what you heard and for how long, and when. "
        + "It is shown to researchers as a visitor’s guess, never mixed with a study’s answers."));
  }

  // Asks for a duel; `left` more times if there is none ready.
  async begin(left = RETRIES) {
    clearTimeout(this.waiting);
    this.#silence();
    this.stage.querySelectorAll("button, fieldset").forEach((one) => { one.disabled = true; });
    this.#say("Two ways on are being fetched …");
    try {
      const visitor = memory.read();
      const duel = await this.#ask("/duel", visitor ? { visitor } : {});
      memory.write(duel.visitor);
      this.#listen(duel);
    } catch (refused) {
      if (refused.status === 400 && memory.read()) memory.write(null);    // a token that somebody has tampered with
      if (refused.status === 503 && left > 0 && this.isConnected) {
        this.#say(refused.message);
        this.waiting = setTimeout(() => this.begin(left - 1), RETRY_MS);
        return;
      }
      this.#invite();
      this.#say(refused.status ? refused.message : LOST);
      this.querySelector(".duel-go").focus();
    }
  }

  // --- listening ---

  #listen(duel) {
    this.duel = duel;
    const players = made("div", "duel-players", ...SIDES.map((side) => this.#player(side, duel)));
    this.guesses = made("fieldset", "duel-guesses", made("legend", "", "Which one is the machine’s?"),
      made("div", "row", ...[["a", "A"], ["unsure", "I can’t tell"], ["b", "B"]].map(
        ([guess, words]) => button(`guess ${guess === "unsure" ? guess : "named"}`, words, () => this.#answer(guess)))));
    this.guesses.disabled = true;
    this.known = made("input");
    this.known.type = "checkbox";
    this.stage.replaceChildren(
      players, made("p", "duel-hint", `The first ${Math.round(duel.seam)} seconds are the same in both, up to the mark. `
        + "Hear at least half of each, then guess."), this.guesses,
      made("div", "duel-aside", made("label", "", this.known, "I know this piece"),
        button("duel-other", "Another piece", () => this.begin())));
    this.players = [...players.children].map((section) => new Player(
      section, duel.heard, WORDS, () => this.#heard(), (player) => this.#alone(player)));
    this.shownAt = performance.now();
    this.#say("");
    players.querySelector(".play").focus();
  }

  #player(side, duel) {
    const letter = side.toUpperCase(), section = made("section", "player");
    Object.assign(section.dataset, { slot: side, play: `Play ${letter}`, pause: `Pause ${letter}` });
    section.setAttribute("aria-label", `Way on ${letter}`);
    section.innerHTML = `<p class="letter" aria-hidden="true">${letter}</p>
      <button type="button" class="play" aria-label="Play ${letter}">${ICONS}</button>
      <div class="line"><input class="seek" type="range" min="0" max="1000" value="0" aria-label="Position in ${letter}"><i></i></div>
      <p class="clock"><span class="now">0:00</span><span class="total"></span></p><p class="state" role="status"></p>`;
    section.style.setProperty("--seam-share", String(duel.seam / duel.seconds));
    const audio = made("audio");
    audio.preload = "auto";
    audio.src = duel[side];
    section.prepend(audio);
    return section;
  }

  #heard() {
    if (!this.players.every((player) => player.plays > 0) || !this.guesses.disabled) return;
    this.guesses.disabled = false;
    this.#say("You have heard enough to guess.");
  }

  // One sound at a time on the whole page.
  #alone(sounding) {
    this.players.forEach((player) => player !== sounding && player.pause());
    const others = () => document.querySelectorAll("segue-player.sounding");
    others().forEach((other) => other.toggle());
    const watch = () => {
      if (sounding.audio.paused) return;
      if (others().length) sounding.pause();
      else requestAnimationFrame(watch);
    };
    setTimeout(watch, 200);     // what was paused just now has stopped sounding
  }

  async #answer(guess) {
    const said = { guess, recognised: this.known.checked, response_ms: Math.round(performance.now() - this.shownAt) };
    for (const player of this.players) {
      player.pause();
      said[`heard_${player.slot}_s`] = Math.round(player.played * 100) / 100;
      said[`plays_${player.slot}`] = player.plays;
    }
    this.guesses.disabled = true;
    try {
      this.#reveal(await this.#ask(`/duel/${this.duel.id}/answer`, said));
    } catch (refused) {
      this.#say(refused.status ? refused.message : LOST);
      this.guesses.disabled = refused.status === 404 || refused.status === 409;
    }
  }

  // --- afterwards ---

  #reveal(told) {
    this.#silence();
    const machine = told.machine.toUpperCase();
    const verdict = told.right === null ? `${machine} was the machine’s.`
      : told.right ? `Right: ${machine} was the machine’s.` : `Not this time: ${machine} was the machine’s.`;
    const heading = made("h3", "duel-verdict", verdict);
    heading.tabIndex = -1;
    const piece = made("p", "duel-piece", made("cite", "", told.piece.title), ` by ${told.piece.composer}. `
      + `The machine was given bars ${told.piece.bars[0]} to ${told.piece.bars[1]}; you heard the last of these.`);
    this.stage.replaceChildren(heading, this.#score(told.score), piece,
      made("div", "duel-sides", ...SIDES.map((side) => this.#side(side, told))), this.#made(told),
      made("div", "duel-onward", button("duel-go", "Another duel", () => this.begin()),
        button("duel-other", "Forget my score", () => this.#forget())));
    this.#say("");
    heading.focus();
  }

  #side(side, told) {
    const letter = side.toUpperCase(), machine = side === told.machine;
    const item = made("article", machine ? "side machine" : "side",
      made("h4", "", `${letter}: ${machine ? "the machine" : told.piece.composer}`));
    if (!told[side]) return item;
    const player = made("segue-player");
    const attributes = { src: told[side].roll, audio: told[side].audio, name: `${letter}`, seam: told.seam.toFixed(4) };
    if (!machine) attributes["seam-name"] = "the composer goes on";
    for (const [name, value] of Object.entries(attributes)) player.setAttribute(name, value);
    const link = made("a", "", made("span", "unseen", `Download ${letter} as `), "MIDI");
    link.href = told[side].midi;
    link.download = "";
    item.append(player, made("p", "duel-links", link));
    return item;
  }

  #score({ right, wrong, unsure, interval }) {
    const decided = right + wrong;
    const told = [decided ? `${right} of ${decided} right so far` : "No guess so far"];
    if (interval) told.push(` (${percent(right / decided)}; with so few guesses, your ear may be anywhere from `
      + `${percent(interval[0])} to ${percent(interval[1])})`);
    told.push(interval ? ". Tossing a coin gives 50%." : ".");
    if (unsure) told.push(` ${unsure === 1 ? "Once" : `${unsure} times`} you could not tell.`);
    return made("p", "duel-score", told.join(""));
  }

  #made({ made: how, piece }) {
    const { temperature, top_k: k, top_p: p } = how.settings;
    const facts = made("p", "", `System ${how.system}, checkpoint `, made("code", "", how.checkpoint.slice(0, 12)),
      `, seed ${how.seed}, temperature ${temperature}, top-k ${k || "off"}, top-p ${p}${how.faults ? `; noticed: ${how.faults}` : ""}. `
      + `The piece: ${piece.source}; ${piece.licence}.`);
    return made("details", "", made("summary", "", "How they were made"), facts);
  }

  #forget() {
    memory.write(null);
    this.#invite();
    this.#say("Forgotten: nothing connects you with your guesses any more.");
    this.querySelector(".duel-go").focus();
  }
}

customElements.define("segue-duel", SegueDuel);

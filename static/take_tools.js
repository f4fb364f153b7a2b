// What is done with a take at its own place: its name, its star, its link, making it again, removing it; and undone.

const LONGEST = 60;

export class TakeTools {
  /** takes: the <segue-takes> element, which says what was done. */
  constructor(takes) {
    this.takes = takes;
    document.addEventListener("click", (event) => this.#pressed(event));
  }

  /** Takes back what was last done with any take, and opens that take. */
  undo() {
    const { takes } = this, attempt = takes.attempts.undo();
    if (!attempt) return;
    takes.say(`${takes.attempts.nameOf(attempt)} is as it was.`, takes.attempts.undoable.length > 0);
    takes.choose(attempt.id);
    takes.ticket(attempt.id)?.focus();
  }

  #pressed(event) {
    const button = event.target.closest?.("[data-do]");
    if (!button) return;
    const { attempts, links } = this.takes, item = button.closest(".take");
    const id = item && this.takes.idOf(item), attempt = attempts.get(id);
    const what = button.dataset.do;
    if (what === "undo") this.undo();
    else if (what === "anyway") links.ask(links.link, true);
    else if (!attempt || attempt.growing) return;
    else if (what === "star") attempts.change(id, { starred: !attempt.starred });
    else if (what === "rename") this.#rename(item, attempt);
    else if (what === "link") copied(button, attempt.link);
    else if (what === "again") links.ask(attempt.link);
    else if (what === "remove") this.#remove(attempt);
  }

  #rename(item, attempt) {
    const { takes } = this;
    rename(item.querySelector("h4"), takes.attempts.nameOf(attempt), (name) => {
      const now = name === `Take ${attempt.number}` ? "" : name;
      if (now !== attempt.name) takes.attempts.change(attempt.id, { name: now });
      else takes.show();
    });
  }

  #remove(attempt) {
    const { takes } = this, others = takes.attempts.list.filter((one) => one.id !== attempt.id);
    const near = others.filter((one) => one.run === attempt.run);
    const next = near.find((one) => one.number > attempt.number) ?? near.at(-1) ?? others.at(-1);
    const player = takes.player(attempt.id);
    if (player?.playing) player.toggle();
    takes.attempts.change(attempt.id, { removed: true });
    takes.items.get(attempt.id).leaf.hidden = true;
    takes.chosen = undefined;
    if (next) takes.choose(next.id);
    takes.say(`${takes.attempts.nameOf(attempt)} was removed.`, true).focus();
  }
}

/** Turns a heading into a field with its name; `done` is called once, with the new name or, by Escape, the old. */
function rename(heading, name, done) {
  if (heading.querySelector("input")) return;
  const field = document.createElement("input");
  field.value = name;
  field.maxLength = LONGEST;
  field.setAttribute("aria-label", "Name of the take");
  let over = false;
  const end = (now) => {
    if (over) return;
    over = true;
    const tools = heading.parentElement.querySelector("[data-do=rename]");
    const focused = document.activeElement === field;
    heading.textContent = name;
    done(now.trim() || name);
    if (focused) tools?.focus();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();          // or it would press the button that has the focus then
      end(field.value);
    } else if (event.key === "Escape") end(name);
    event.stopPropagation();
  });
  field.addEventListener("blur", () => end(field.value));
  heading.replaceChildren(field);
  field.select();
}

/** Copies a take's link; where the browser does not let a page do so, shows it to be copied by hand. */
async function copied(button, link) {
  const address = `${location.origin}${location.pathname}#take=${link}`;
  const lasting = link.endsWith(".") ? "Copied; it works for a day" : "Copied";
  try {
    await navigator.clipboard.writeText(address);
    button.textContent = lasting;
    setTimeout(() => { button.textContent = "Copy link"; }, 2500);
  } catch {
    const field = document.createElement("input");
    field.readOnly = true;
    field.value = address;
    field.className = "address";
    field.setAttribute("aria-label", "Link to this take");
    field.addEventListener("blur", () => field.replaceWith(button));
    button.replaceWith(field);
    field.select();
  }
}

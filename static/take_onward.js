// Going on from a bar of a take: the bar is written beside the button, or chosen in the roll.

export class Onward {
  /** takes: the <segue-takes> element, which says what happens. */
  constructor(takes) {
    this.takes = takes;
    this.wish = "";
    this.follows = false;          // whether the run that comes next is to be brought into view
    takes.addEventListener("segue-bar", (event) => this.#chosen(event));
    takes.addEventListener("input", (event) => this.#written(event));
    takes.addEventListener("submit", (event) => this.#go(event));
  }

  /** The take and the bar that the next run continues, as JSON; "" for the chosen prompt. Asked once a run. */
  origin() {
    const { wish } = this;
    this.wish = "";
    return wish;
  }

  /** A run has begun to hang here. */
  arrived(section) {
    if (!this.follows) return;
    this.follows = false;
    this.takes.say("");
    section.scrollIntoView({ block: "start" });
  }

  #chosen(event) {
    const field = event.target.closest(".leaf")?.querySelector(".onwards input");
    if (field) field.value = Math.min(Math.max(event.detail.bar, 1), Number(field.max));
  }

  #written({ target }) {
    const player = target.name === "bar" && target.closest(".leaf")?.querySelector("segue-player");
    if (player && target.value && target.validity.valid) player.setAttribute("bar", target.value);
  }

  #go(event) {
    event.preventDefault();
    const item = event.target.closest(".take"), go = document.querySelector("#continue");
    if (!item || !go || go.disabled) return;
    const { token } = item.dataset, bar = Number(event.target.elements.bar.value);
    const attempt = this.takes.attempts.of(token);
    this.wish = JSON.stringify({ token, bar });
    this.follows = true;
    this.takes.say(`${attempt ? this.takes.attempts.nameOf(attempt) : "The take"} goes on after bar ${bar} …`);
    this.#hearRefusal(document.querySelector("#status"));
    go.click();
  }

  /** What the page says far above, where the visitor does not look. */
  #hearRefusal(status) {
    this.refusals?.disconnect();
    this.refusals = new MutationObserver(() => {
      const refusal = this.follows && status.querySelector("[role=alert]");
      if (!refusal) return;
      this.follows = false;
      this.takes.say(refusal.textContent);
    });
    if (status) this.refusals.observe(status, { childList: true, subtree: true, characterData: true });
  }
}

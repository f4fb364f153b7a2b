// Handles on the bar lines of a roll: each is dragged, or moved with the arrow keys, from one bar line to another.

export class Handles {
  /** frame: the element around the roll. roll: a `PianoRoll`. */
  constructor(frame, roll) {
    this.frame = frame;
    this.roll = roll;
    this.all = [];
  }

  /**
   * Adds a handle. kind: its class. label: what it sets. told(line): where it stands, in words. line(): where it
   * stands. limits(): [least, most]. move(line): it is being moved. done(): it has been moved.
   */
  add(handle) {
    const element = document.createElement("div");
    element.className = `handle ${handle.kind}`;
    element.setAttribute("role", "slider");
    element.setAttribute("aria-label", handle.label);
    element.title = handle.label;
    element.tabIndex = 0;
    this.#listen(element, handle);
    this.frame.append(element);
    this.all.push({ element, ...handle });
    this.place();
  }

  /** Puts every handle where its bar line is drawn now. */
  place() {
    const { bars } = this.roll.music ?? {};
    if (!bars || !this.roll.ink) return;
    const { view } = this.roll;
    for (const { element, line, limits, told } of this.all) {
      const at = line(), [least, most] = limits(), x = view.x(bars[at]);
      element.style.left = `${x}px`;
      element.classList.toggle("away", x < view.left - 1 || x > view.left + view.width + 1);
      element.setAttribute("aria-valuemin", String(least));
      element.setAttribute("aria-valuemax", String(most));
      element.setAttribute("aria-valuenow", String(at));
      element.setAttribute("aria-valuetext", told(at));
    }
  }

  #listen(element, { line, limits, move, done }) {
    const to = (wanted) => {
      const [least, most] = limits();
      const next = Math.min(Math.max(wanted, least), most);
      if (next !== line()) move(next);
    };
    let start = null;
    element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      element.setPointerCapture(event.pointerId);
      start = line();
      element.focus({ preventScroll: true });
      event.preventDefault();
    });
    element.addEventListener("pointermove", (event) => {
      if (start === null || !element.hasPointerCapture(event.pointerId)) return;
      to(this.roll.lineAt(this.roll.view.timeAt(event.clientX - this.frame.getBoundingClientRect().left)));
    });
    const release = () => {
      if (start !== null && start !== line()) done();
      start = null;
    };
    element.addEventListener("pointerup", release);
    element.addEventListener("pointercancel", release);
    element.addEventListener("focus", () => this.roll.view.reveal(this.roll.music?.bars[line()] ?? 0));
    element.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 4, PageDown: -4,
        Home: -Infinity, End: Infinity }[event.key];
      if (!by) return;
      event.preventDefault();
      const before = line();
      to(before + by);
      if (line() === before) return;
      this.roll.view.reveal(this.roll.music.bars[line()]);
      done();
    });
  }
}

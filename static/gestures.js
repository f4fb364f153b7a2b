// What fingers, mouse, wheel and keys do on a roll. It turns them into seeking, scrolling, zooming and choosing.
//
// A click goes there. A drag scrubs while the whole piece is in view, and scrolls once it is zoomed; on the bar
// numbers it always scrubs. Shift and a drag choose bars. Two fingers, or Ctrl and the wheel, zoom; a finger that
// moves up or down scrolls the page.

const SLIP = 5;            // px that a click may slip
const STEP = 1.5;          // of one press of + or -

/** player: {roll, seek(s), toggle(), step(bars), choose(line, line) or null, chosen()}. */
export function listen(surface, player) {
  const { roll } = player;
  const { view } = roll;
  const pointers = new Map();          // those that are down: id -> x
  let drag = null;

  const across = (event) => event.clientX - surface.getBoundingClientRect().left;
  const intent = (event) => {
    if (event.shiftKey && player.choose) return "choose";
    const onNumbers = event.clientY - surface.getBoundingClientRect().top < roll.top;
    return view.isWhole || onNumbers ? "scrub" : "scroll";
  };

  surface.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    surface.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, across(event));
    if (pointers.size > 1) {
      drag = null;
      return;
    }
    drag = { intent: intent(event), from: across(event), second: view.timeAt(across(event)), moved: false };
    if (drag.intent === "scrub" && event.pointerType === "mouse") player.seek(drag.second);
  });

  surface.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) return;
    const x = across(event), before = pointers.get(event.pointerId);
    if (pointers.size === 2) pinch(event.pointerId, before, x);
    pointers.set(event.pointerId, x);
    if (!drag) return;
    drag.moved ||= Math.abs(x - drag.from) > SLIP;
    if (!drag.moved) return;
    if (drag.intent === "scrub") player.seek(view.timeAt(x));
    else if (drag.intent === "scroll") view.scroll(before - x);
    else player.choose(...barsBetween(drag.second, view.timeAt(x)));
  });

  surface.addEventListener("pointerup", (event) => {
    pointers.delete(event.pointerId);
    if (!drag) return;
    if (!drag.moved) player.seek(drag.second);
    else if (drag.intent === "choose") player.chosen();
    drag = null;
  });
  surface.addEventListener("pointercancel", (event) => {
    pointers.delete(event.pointerId);
    drag = null;
  });

  function pinch(id, before, now) {
    const other = [...pointers].find(([key]) => key !== id)[1];
    const apart = Math.max(Math.abs(before - other), 20), further = Math.max(Math.abs(now - other), 20);
    const middle = view.timeAt((now + other) / 2);
    view.scroll((before - now) / 2);
    view.zoom(further / apart, middle);
  }

  function barsBetween(one, other) {
    const [from, to] = [one, other].map((second) => roll.barAt(second)).sort((a, b) => a - b);
    return [from, to + 1];
  }

  surface.addEventListener("wheel", (event) => {
    const unit = event.deltaMode === 1 ? 16 : 1;
    const sideways = event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX;
    if (event.ctrlKey) view.zoom(Math.exp(-event.deltaY * unit * 0.004), view.timeAt(across(event)));
    else if (!view.isWhole && Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      view.scroll(sideways * unit);
    } else return;
    event.preventDefault();
  }, { passive: false });

  surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const bars = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 4, PageDown: -4 }[event.key];
    if (bars) player.step(bars);
    else if (event.key === "Home") player.seek(0);
    else if (event.key === "End") player.seek(roll.length);
    else if (event.key === " ") player.toggle();
    else if (event.key === "+" || event.key === "=") closer(roll);
    else if (event.key === "-") further(roll);
    else if (event.key === "0") view.showWhole();
    else return;
    event.preventDefault();
  });
}

/** Zooms about the playhead if it is in view, else about the middle. */
export function closer(roll, factor = STEP) {
  const { view, time } = roll;
  view.zoom(factor, time >= view.from && time <= view.to ? time : view.from + view.seconds / 2);
}

export function further(roll) {
  closer(roll, 1 / STEP);
}

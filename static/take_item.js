// What hangs for a take: what the server keeps of it, and what stands in its place until that is here.

/** HTML as nodes that do not live yet: no player in them asks for its music. */
export function parsed(html) {
  const draft = document.createElement("template");
  draft.innerHTML = html;
  return draft.content;
}

/** What the server keeps of a take, {title, html}; undefined when it is gone. */
export async function facts(token) {
  const answer = await fetch(`/takes/${token}/take.json`).catch(() => undefined);
  return answer?.ok ? answer.json() : undefined;
}

/** The empty item of a take that this browser remembers. */
export function placeholder(attempt) {
  const item = parsed(`<li class="take"><label class="ticket"><input type="radio" name="take"><span class="mini"></span>
    <span class="title"><span class="called"></span><span class="starred"></span></span>
    <span class="facts"></span></label><div class="leaf"></div></li>`).firstElementChild;
  item.dataset.take = attempt.number;
  item.dataset.token = attempt.token;
  item.querySelector("input").value = attempt.token;
  return item;
}

export function isPlaceholder(item) {
  return !item.querySelector("[data-slot]");
}

/** Shows what a visitor has made of a take: its name and its star. */
export function dress(item, leaf, attempt, name) {
  const star = leaf.querySelector("[data-do=star]");
  for (const called of [...item.querySelectorAll(".called"), ...leaf.querySelectorAll(".called")]) {
    if (!called.querySelector("input") && called.textContent !== name) called.textContent = name;
  }
  item.querySelector(".starred").textContent = attempt.starred ? "★" : "";
  if (!star) return;
  star.setAttribute("aria-pressed", String(attempt.starred));
  star.textContent = attempt.starred ? "★ Starred" : "☆ Star";
}

/** Says of a run what it continues. */
export function whence(section, attempts) {
  const item = section.querySelector(".take"), parent = attempts.of(item?.dataset.parent);
  const attempt = attempts.of(item?.dataset.token);
  const above = parent ?? attempts.get(attempt?.parent);
  section.querySelector(".whence").textContent = above
    ? ` ${attempts.nameOf(above)} goes on after bar ${attempt?.bar || item.dataset.bar}` : "";
}

/** A take that does not begin to play by itself; one that is whole is heard from its file. */
export function silent(item) {
  for (const player of item.querySelectorAll("segue-player")) {
    player.removeAttribute("autoplay-from");
    if (!item.dataset.growing) player.removeAttribute("live");
  }
  return item;
}

/** What lies open where a take is no longer kept by the server. */
export function goneLeaf(attempt) {
  const whole = attempt.link.length > attempt.token.length + 1;
  return `<p class="note">This take is no longer kept here${whole ? ", but it can be made again, note for note" : ""}.</p>
    <p class="tools">${whole ? '<button type="button" data-do="again">Make it again</button>' : ""}
    <button type="button" data-do="remove">Remove</button></p>`;
}

/** What is folded begins to exist when it is unfolded: its players would ask for their sound. */
export function unfold(event) {
  const folded = event.target.open && event.target.querySelector(":scope > template");
  if (folded) folded.replaceWith(folded.content);
}

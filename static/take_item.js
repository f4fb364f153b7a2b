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

/** What lies open where a take is no longer kept by the server. */
export function goneLeaf(attempt) {
  const whole = attempt.link.length > attempt.token.length + 1;
  return `<p class="note">This take is no longer kept here${whole ? ", but it can be made again, note for note" : ""}.</p>
    <p class="tools">${whole ? '<button type="button" data-do="again">Make it again</button>' : ""}
    <button type="button" data-do="remove">Remove</button></p>`;
}

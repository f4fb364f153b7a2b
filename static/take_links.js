// Links that reopen one take: /#take=TOKEN.RECIPE. Behind the # no server log sees them. A take that the server
// still keeps is shown at once; one that it does not is made anew from its recipe.

import { facts } from "./take_item.js";

const LINK = /^#take=/;

export class TakeLinks {
  /** takes: the <segue-takes> element. */
  constructor(takes) {
    this.takes = takes;
    window.addEventListener("hashchange", () => this.open());
  }

  /** Opens the link in the address, if there is one. */
  async open() {
    if (!LINK.test(location.hash)) return;
    this.link = location.hash.replace(LINK, "");
    const { attempts } = this.takes, [token] = this.link.split(".");
    const known = attempts.of(token), found = /^[\w-]{22}$/.test(token) && (await facts(known?.token ?? token));
    if (known?.removed) attempts.change(known.id, { removed: false });
    if (!found) this.ask(this.link);
    else if (!known) this.takes.hang(run(token, found));
    this.takes.choose(attempts.of(token)?.id, { carry: false });
    this.takes.scrollIntoView({ block: "start" });
  }

  /** Has the server make the take of a link anew; anyway: even if what comes will be another one. */
  ask(link, anyway = false) {
    this.wish = JSON.stringify({ link, anyway });
    document.dispatchEvent(new Event("segue-reopen"));
  }
}

/** A run of one take, as the server would send it. */
function run(token, found) {
  const section = document.createElement("section");
  section.className = "run";
  section.dataset.run = `link-${token}`;
  section.dataset.title = found.title;
  section.innerHTML = found.html;
  return section.outerHTML;
}

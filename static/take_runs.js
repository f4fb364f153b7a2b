// The runs that this browser has seen begin and not end. After a reload, or when its tab was closed, a page asks the
// server for the last of them: what was made meanwhile comes back, and what is still being made can be stopped.

import { listed, sessionValue, stored } from "./store.js";

const KEY = "segue.runs.1";            // of all tabs: [{id, at (ms)}]
const MINE = "segue.run.1";            // the run that this tab follows
const MOST = 8;
const DAY_MS = 24 * 3600 * 1000;

export class TakeRuns {
  constructor() {
    this.mine = sessionValue(MINE);
    this.returning = this.mine ?? unfinished().at(-1)?.id;
  }

  /** What the server is to be asked for, as JSON; undefined if it is nothing. */
  get wish() {
    return this.returning && JSON.stringify({ run: this.returning, mine: this.returning === this.mine });
  }

  /** Whether the server may still be asked for a run. */
  has(id) {
    return unfinished().some((run) => run.id === id);
  }

  /** Hears how a run stands; says whether this page had left it, and finds it again. */
  heard(id, over) {
    const back = id === this.returning;
    if (back) this.returning = undefined;
    if (over) this.#forget(id || this.mine);
    else if (id !== this.mine) {
      this.mine = sessionValue(MINE, id) ?? id;
      keep([...unfinished().filter((run) => run.id !== id), { id, at: Date.now() }]);
    }
    return back;
  }

  #forget(id) {
    keep(unfinished().filter((run) => run.id !== id));
    if (id !== this.mine) return;
    this.mine = undefined;
    sessionValue(MINE, null);
  }
}

function unfinished() {
  const found = listed(stored(() => localStorage.getItem(KEY)));
  return found.filter((run) => typeof run?.id === "string" && Date.now() - run.at < DAY_MS);
}

function keep(runs) {
  stored(() => localStorage.setItem(KEY, JSON.stringify(runs.slice(-MOST))));
}

// Who visits the Study page, as far as the browser knows: their token, the link that brought them, their languages.

const MAX_LANGUAGES = 10;

// What the reader reads, the best first; `chosen` is what they picked, or null.
export function languages(chosen) {
  return [...new Set([chosen, ...navigator.languages].filter(Boolean))].slice(0, MAX_LANGUAGES);
}

// The query of the address: an invitation, a language, and whatever else the study may want to keep.
export class Link {
  constructor(query) {
    const { invitation, lang, ...parameters } = Object.fromEntries(new URLSearchParams(query));
    this.invitation = invitation || null;
    this.language = lang || null;
    this.parameters = parameters;
  }

  // Names the language in the address, so that a reload keeps it.
  speak(language) {
    const here = new URL(location);
    here.searchParams.set("lang", language);
    history.replaceState(null, "", here);
  }
}

// The participant's token, kept in this browser for one study. It never goes into the address that servers see.
export class Token {
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
    this.#forgetProposal();
    try {
      if (token) localStorage.setItem(this.key, token);
      else localStorage.removeItem(this.key);
    } catch { /* private browsing: the private link still works */ }
  }

  // The token that a start asks for: the same until it is answered, so that a start whose answer was lost can be
  // sent again and begins nothing twice.
  propose() {
    const made = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
      .replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
    try {
      this.proposed ??= localStorage.getItem(`${this.key}:proposed`) ?? made();
      localStorage.setItem(`${this.key}:proposed`, this.proposed);
    } catch {
      this.proposed ??= made();
    }
    return this.proposed;
  }

  #forgetProposal() {
    this.proposed = null;
    try {
      localStorage.removeItem(`${this.key}:proposed`);
    } catch { /* it was never kept */ }
  }

  takeFromLink() {
    const said = new URLSearchParams(location.hash.slice(1));
    const token = said.get("resume") ?? said.get("preview");
    if (!token) return false;
    this.value = token;
    history.replaceState(null, "", location.pathname + location.search);
    return true;
  }

  link() {
    return `${location.origin}${location.pathname}#resume=${this.value}`;
  }
}

// The Research page's own hands: what is chosen, files that are read and written in the browser, new tabs.
// analysis/page.py calls these functions from its events.

const save = (url, name) => {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
};

const saveText = (text, name, type) => {
  const url = URL.createObjectURL(new Blob([text], { type }));
  save(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};

// Outside its queue Gradio gives files an address without the path that the page is mounted at.
const address = (made) => new URL(`gradio_api/file=${made.path}`, document.baseURI).href;

let tab = null;
let file = "";

window.segueResearch = {
  // The study that is chosen now, not when an event began to wait.
  chosen: () => document.querySelector("#programme input:checked")?.value ?? "",

  // The same, but nothing unless its results are in view.
  inView: () => (document.querySelector("#life [role=tab][aria-selected=true]")?.textContent.trim() === "Results"
    ? window.segueResearch.chosen() : ""),

  // The server prepares a file first, so the click that asks for it cannot be the one that fetches it.
  fetched: (made) => { if (made) save(address(made), made.orig_name || ""); },

  savePlan: (text) => saveText(text, `${/^slug:\s*['"]?([\w-]+)/m.exec(text)?.[1] ?? "study"}.yaml`, "application/yaml"),

  // Their place is emptied at once: codes are handed out a single time.
  saveInvitations: (text) => {
    if (text) saveText(text, `${window.segueResearch.chosen()}-invitations.csv`, "text/csv");
    return "";
  },

  // A tab opened after waiting for the server would be stopped as a pop-up: it opens with the click, empty.
  openTab: (title) => {
    tab = window.open("", "_blank");
    if (!tab) return;
    tab.document.title = title;
    tab.document.body.textContent = `${title} …`;
  },
  showReport: async (made) => {
    if (!made) return tab?.close();
    const page = await (await fetch(address(made))).text();
    if (tab && !tab.closed) tab.location = URL.createObjectURL(new Blob([page], { type: "text/html" }));
  },
  showPath: (path) => {
    if (!path) tab?.close();
    else if (tab && !tab.closed) tab.location = new URL(path, window.location.origin).href;
    return "";
  },

  fileText: () => file,

  // The list of studies: choosing one tells the server when the choice has rested, for arrow keys pass over many.
  // Every few seconds the list is written anew; the choice and the keyboard's place in it stay.
  list: (element, trigger, watch) => {
    let rest = 0;
    let held = false;
    element.addEventListener("focusin", () => { held = true; });
    document.addEventListener("focusin", (event) => { held = element.contains(event.target); });
    element.addEventListener("change", () => {
      clearTimeout(rest);
      rest = setTimeout(() => trigger("select"), 200);
    });
    watch("value", () => {
      if (held && !element.contains(document.activeElement)) element.querySelector("input:checked")?.focus();
    });
  },

  // A study file is read here and never uploaded.
  reader: (element, trigger) => {
    element.querySelector("input").addEventListener("change", async (event) => {
      const [given] = event.target.files;
      if (!given) return;
      file = given.size > 256_000 ? `# ${given.name} is over 256,000 bytes, too long for a study file.`
        : await given.text();
      event.target.value = "";
      trigger("select");
    });
  },

  // A mistake leads to its line.
  mistakes: (element) => {
    element.addEventListener("click", (event) => {
      const line = Number(event.target.closest("[data-line]")?.dataset.line);
      const field = document.querySelector("#text textarea");
      if (!line || !field) return;
      const before = field.value.split("\n").slice(0, line - 1);
      const start = before.join("\n").length + (before.length ? 1 : 0);
      field.focus();
      field.setSelectionRange(start, start + (field.value.split("\n")[line - 1] ?? "").length);
      const height = parseFloat(getComputedStyle(field).lineHeight) || 20;
      field.scrollTop = Math.max(0, (line - 4) * height);
    });
  },
};

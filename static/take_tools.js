// What is done at a take's own place: giving it a name, copying its link.

const LONGEST = 60;

/** Turns a heading into a field with its name; `done` is called once, with the new name or, by Escape, the old. */
export function rename(heading, name, done) {
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
export async function copied(button, link) {
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

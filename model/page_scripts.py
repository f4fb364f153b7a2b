"""What the Compose page does in the browser where Gradio asks for JavaScript. All else is in static/."""

# The server hears of a card when the choice has rested for a moment: arrow keys pass over many.
CARDS = """
let rest, chosen = null, all = false;
const show = () => {
  element.querySelector('.cards')?.classList.toggle('whole', all);
  element.querySelector('button.all')?.toggleAttribute('hidden', all);
};
element.addEventListener('click', event => {
  if (!event.target.closest('button.all')) return;
  all = true;
  show();
  element.querySelector('.later input')?.focus();
});
element.addEventListener('change', event => {
  if (event.target.name !== 'prompt') return;
  chosen = event.target.value;
  clearTimeout(rest);
  rest = setTimeout(() => trigger('select'), 200);
});
watch('value', () => {
  const radio = chosen === null ? null : element.querySelector(`input[value="${CSS.escape(chosen)}"]`);
  if (radio) radio.checked = true;
  show();
});
"""

# Sends the chosen card in place of all of them: as it is now, not as it was when an event began to wait.
CHOSEN = """(visit, cards, ...others) =>
  [visit, document.querySelector('#library input:checked')?.value ?? '', ...others]"""

# Like it; and where a take is continued from one of its bars, which one.
ASKED = f"""(...all) => {{
  const asked = ({CHOSEN})(...all);
  asked[asked.length - 1] = document.querySelector('segue-takes')?.origin?.() ?? '';
  return asked;
}}"""

# The settings stay as they are when the page is loaded anew: this tab keeps them, see recall.py.
KEEP = """(...settings) => {
  try {
    sessionStorage.setItem('segue.settings.1', JSON.stringify(settings));
  } catch { /* this browser keeps nothing */ }
}"""
KEPT = "() => sessionStorage.getItem('segue.settings.1')"

# Takes are hung up by static/takes.js, which asks for those of links, too.
FEED = """
const takes = () => document.querySelector('segue-takes');
watch('value', () => takes()?.hang?.(props.value ?? ''));
document.addEventListener('segue-reopen', () => trigger('reopen'));
document.addEventListener('segue-resume', () => trigger('resume'));
if (takes()?.wish) trigger('reopen');
if (takes()?.remembered) trigger('resume');
try {
  if (sessionStorage.getItem('segue.settings.1')) trigger('restore');
} catch { /* this browser keeps nothing */ }
"""

WISH = "() => document.querySelector('segue-takes').wish"
REMEMBERED = "() => document.querySelector('segue-takes').remembered"

# The bars that are used, chosen on the roll or with the sliders, stand in both.
STAGE = "element.addEventListener('segue-region', () => trigger('select'));"
REGION = """() => {
  const [from, to] = document.querySelector('#stage segue-player').region;
  return [from + 1, to - from];
}"""
USED = """(first, used) => document.querySelector('#stage segue-player')
  ?.setAttribute('region', `${first - 1}-${first - 1 + used}`)"""

# The bars as they stand on the stage: while it changes, the sliders still have those of the piece before.
RESTED = """async (visit, first, used, ...others) => {
  await new Promise(done => setTimeout(done, 100));
  const region = document.querySelector('#stage segue-player')?.getAttribute('region');
  const [, from, to] = /^([0-9]+)-([0-9]+)$/.exec(region ?? '') ?? [];
  return [visit, to ? Number(from) + 1 : first, to ? to - from : used, ...others];
}"""

HEALTH = """
element.addEventListener('click', event => {
  if (event.target.closest('button.compare')) trigger('select');
});
"""

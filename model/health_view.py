"""The HTML of a prompt's health: a line at a glance, and behind it what was read, lost and seen. Pure."""

from __future__ import annotations

from html import escape

from model.health import Health, Loss
from model.view import clock, counted, player

_PITCHES = ("C", "", "D", "", "E", "F", "", "G", "", "A", "", "B")
_UNITS = {"tempo": "changes of tempo", "metre": "metres"}


def health(found: Health) -> str:
    """What the model hears of a prompt, to be looked at; the same in words."""
    glance = " · ".join([_key(found), " and ".join(found.metres), _seen(found), _kept(found)])
    read = (f"{counted(found.bars, 'bar')}, {clock(found.seconds)}, {counted(found.notes, 'note')}: "
            + ", ".join(f"{name} ({notes:,})" for _, name, notes in found.tracks))
    others = f" at first, {found.tempi} tempi in all" if found.tempi > 1 else ""
    pace = f"{found.tempo:.0f} beats a minute{others}, in {', '.join(found.metres)}."
    changed = [loss for loss in found.losses if loss.count]
    lost = ("".join(_loss(loss) for loss in changed) if changed
            else "<li>Nothing: it comes back as it went in.</li>")
    return (f'<details class="health"><summary><span>What the model hears</span> '
            f'<span class="glance">{escape(glance)}</span></summary><div class="findings">'
            f'<section><h4>Read</h4><p>{escape(read)}.</p><p>{escape(pace)}</p></section>'
            f'<section><h4>Key</h4>{_profile(found)}<p>{escape(_key(found))}, by how long each pitch '
            f'sounds.</p></section>'
            f'<section><h4>Seen</h4>{_strip(found)}<p>{escape(_seen(found))}.</p></section>'
            f'<section><h4>Changed on the way in</h4><ul>{lost}</ul>'
            '<button type="button" class="compare">Hear it beside the original</button></section>'
            '</div></details>')


def comparison(whole: str, held: str, title: str) -> str:
    """Two players: the bars that are used as they are, and as the model holds them. Both: shelf tokens."""
    pair = (("As it is", whole), ("As the model hears it", held))
    return '<div class="compared">' + "".join(
        f'<section><h4>{name}</h4>{player(token, f"{title}, {name.lower()}")}</section>'
        for name, token in pair) + "</div>"


def _key(found: Health) -> str:
    if found.key is None:
        return "no key that is clear" if found.profile.any() else "drums alone, so no key"
    return found.key.in_words()


def _seen(found: Health) -> str:
    if found.seen >= found.bars:
        return "the model sees its one bar" if found.bars == 1 else f"the model sees all {found.bars} bars"
    return f"the model sees the last {found.seen} of {found.bars} bars; more do not fit"


def _kept(found: Health) -> str:
    heard = [loss for loss in found.losses if loss.count and loss.name != "loudness"]
    return f"{counted(len(heard), 'kind')} of change" if heard else "no note is moved"


def _loss(loss: Loss) -> str:
    share = 100 * loss.count / max(loss.of, 1)
    unit = _UNITS.get(loss.name, "notes")
    return (f'<li><span class="meter" aria-hidden="true"><i style="width:{share:.0f}%"></i></span>'
            f'{loss.count:,} of {loss.of:,} {unit} {escape(loss.said)}</li>')


def _profile(found: Health) -> str:
    """Twelve bars, C to B, as high as each pitch class sounds long."""
    highest = max(float(found.profile.max()), 1e-9)
    tonic = found.key.tonic if found.key else -1
    bars = "".join(
        f'<rect x="{20 * pitch + 2}" y="{40 - height:.1f}" width="16" height="{height:.1f}" '
        f'class="{"tonic" if pitch == tonic else "other"}"/>'
        + (f'<text x="{20 * pitch + 10}" y="54">{_PITCHES[pitch]}</text>' if _PITCHES[pitch] else "")
        for pitch, height in enumerate((40 * found.profile / highest).tolist()))
    return f'<svg class="pitches" viewBox="0 0 240 58" aria-hidden="true">{bars}</svg>'


def _strip(found: Health) -> str:
    """A box a bar; the last ones, which are seen, are filled."""
    width, unseen = 240 / found.bars, found.bars - found.seen
    boxes = "".join(f'<rect x="{bar * width + 0.5:.2f}" y="3" width="{max(width - 1, 0.5):.2f}" height="16" '
                    f'class="{"unseen" if bar < unseen else "seen"}"/>' for bar in range(found.bars))
    return (f'<svg class="strip" viewBox="0 0 240 22" preserveAspectRatio="none" aria-hidden="true">{boxes}'
            '</svg>')

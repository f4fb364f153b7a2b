"""What the Research page's events change on it: values of its components, by name. No Gradio, no layout.

The constants name the components; a list is always the values of one of them, in its order. How a component
is changed other than by a value is for the page to say (``update`` and ``skip``, which are Gradio's).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from html import escape
from typing import Any

from analysis import programme
from analysis.clerk import ACTS, PANELS, Clerk, Told, View
from analysis.figures import figures
from analysis.form import Form
from analysis.gate import Refused

Names = tuple[str, ...]
Work = Callable[..., Any]

HERO = "accuracy"
# Figures side by side on a wide screen; on a phone they follow one another.
COLUMNS = (("experience", "choices", "rating_histograms", "preferences", "halo"),
           ("correct_by_experience", "setting_heatmap", "open_ratings", "surface", "labels"))
# Of these a study that did not ask says nothing; of the others it says what is missing.
WHERE_ASKED = ("preferences", "surface", "halo", "labels")
DRAWN = (HERO, *COLUMNS[0], *COLUMNS[1])
LIMITS, PLANNED = ("rules", "fast", "repeats"), ("planned_rules", "planned_fast", "planned_repeats")
LIVE = ("programme", "life", "title", *PANELS, *ACTS, "sizing", "planning", "count", "reason")
PLACE = ("token", "door", "room", "timer", "refusal", "word", "writing", *LIVE)
FIGURES = ("sentence", *DRAWN, *(f"about_{name}" for name in DRAWN[1:]))
PASSING = ("said", "power", "curve", "verdict")    # answers about the study that is chosen
EDITOR = ("writing", "form", "text", "instead_of", "mistakes")


class Hands:
    """One method for each event that changes more than a sentence; each asks the clerk, who asks the gate."""

    def __init__(self, clerk: Clerk, form: Form, update: Callable[..., Any], skip: Callable[[], Any]):
        self._clerk, self._form, self._update, self._skip = clerk, form, update, skip

    def telling(self, work: Work, out: Names) -> Work:
        """The same for the outputs ``said`` and ``out``: what cannot be done is said, and ``out`` stays as it
        is. Only what is carried to the browser is emptied, so that it is not taken there twice."""
        @wraps(work)
        def asking(*given: Any) -> Any:
            said = ""
            try:
                made = work(*given)
            except Told as told:
                said = programme.note(str(told), wrong=True)
                made = [None if name in ("file", "carried") else self._skip() for name in out]
            else:
                made = made if len(out) > 1 else [made]
            return [said, *made] if out else said       # where there is one output, Gradio wants no list
        return asking

    def enter(self, password: str | None, client: str) -> list[Any]:
        """A token and the open room, or the door with the reason for staying shut (PLACE)."""
        try:
            token = self._clerk.gate.enter(password or "", client)
        except Refused as refused:
            return [None, *self._shut(programme.note(str(refused), wrong=True))]
        return [token, *self.come_back(token)]

    def come_back(self, token: object) -> list[Any]:
        """After a reload: the room for those who have a valid token, else the door."""
        try:
            view = self._clerk.view(token, None)
        except Told as told:
            return self._shut(programme.note(str(told), wrong=True) if self._clerk.gate.admits(token) else "")
        return [self._update(visible=False), self._update(visible=True), self._update(active=True), "", "",
                self._update(visible=False), *self._live(view)]

    def leave(self, token: object) -> list[Any]:
        """End the visit and clear the page."""
        self._clerk.gate.leave(token)
        return [None, *self._shut(), *self._passed(), *self._blank()]

    def look(self, token: object, slug: object) -> list[Any]:
        """LIVE. Silent without a token: a visit that ended must not complain all the time."""
        try:
            return self._live(self._clerk.view(token, slug))
        except Told:
            return [self._skip() for _ in LIVE]

    def choose(self, token: object, slug: object) -> list[Any]:
        """Another study, and nothing of the one before."""
        return [*self.look(token, slug), *self._passed(), *self._blank()]

    def begin(self) -> list[Any]:
        """An empty study file, and the form that writes one (EDITOR)."""
        return [self._update(visible=True), self._update(visible=True), "", "", ""]

    def change(self, token: object, slug: object) -> list[Any]:
        """The file of a study, to be read or changed (EDITOR)."""
        text = self._clerk.text(token, slug)
        return [self._update(visible=True), self._update(visible=False), text, text, ""]

    def write(self, token: object, *given: object) -> list[Any]:
        """A study file from the form, and what is wrong with it."""
        names = (field.name for field in self._form.fields)
        return list(self._clerk.draft(token, dict(zip(names, given, strict=True)), self._form.label))

    def save(self, token: object, text: object, instead_of: object) -> list[Any]:
        """What is wrong with the file; or, with the editor gone, its study among the others."""
        slug, wrong = self._clerk.save(token, text, instead_of)
        if wrong:
            return [wrong, self._skip(), *(self._skip() for _ in LIVE)]
        return ["", self._update(visible=False), *self.look(token, slug)]

    def power(self, token: object, slug: object, accuracy: object) -> list[Any]:
        """How many participants it takes, in sentences and as a curve."""
        sentences, figure = self._clerk.power(token, slug, accuracy)
        return [sentences, self._update(value=figure, visible=True)]

    def draw(self, token: object, slug: object) -> list[Any]:
        """The sentence, figures and captions of a study (FIGURES)."""
        return self._drawn(self._clerk.numbers(token, slug))

    def draw_in_view(self, token: object, slug: object) -> list[Any]:
        """The same, where the results are in view; elsewhere the page sends no study."""
        return self.draw(token, slug) if slug else self._blank()

    def _live(self, view: View) -> list[Any]:
        """A view as values of LIVE."""
        return [view.programme, self._update(visible=bool(view.title)), f"<h2>{escape(view.title)}</h2>",
                *(view.panels[name] for name in PANELS),
                *(self._update(visible=name in view.may) for name in ACTS),
                self._update(visible="reckon" in view.may), self._update(visible="freeze" in view.may),
                self._update(visible="invite" in view.may),
                self._update(choices=list(view.reasons), visible="readmit" in view.may)]

    def _shut(self, message: str = "") -> list[Any]:
        """PLACE after the token, with nothing but the door; what a visitor could have seen is gone."""
        return [self._update(visible=True), self._update(visible=False), self._update(active=False), message,
                "", self._update(visible=False), *self._live(View())]

    def _passed(self) -> list[Any]:
        return ["", "", self._update(value=None, visible=False), ""]

    def _blank(self) -> list[Any]:
        """Nothing drawn (FIGURES)."""
        return ["", *(self._update(value=None, visible=False) for _ in DRAWN), *("" for _ in DRAWN[1:])]

    def _drawn(self, numbers: dict[str, Any]) -> list[Any]:
        """The opening sentence, the figures and their captions (FIGURES)."""
        drawings, captions = figures(numbers), programme.captions(numbers)
        captions |= {name: "" for name in WHERE_ASKED if drawings[name] is None}
        return [programme.headline(numbers),
                *(self._update(value=drawings[name], visible=drawings[name] is not None) for name in DRAWN),
                *(captions[name] for name in DRAWN[1:])]

"""Every view of the Study page, made up, in every language: accessibility is checked on them."""

from __future__ import annotations

import io
import json
import math
import struct
import wave
from collections.abc import Callable
from dataclasses import replace

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from survey.page import STATIC
from survey.study import ChoiceQuestion, NumberQuestion, ScaleQuestion
from survey.values import Clip, Debrief, DebriefTrial, Due, Revealed, Scale, Score, Welcome
from survey.web import markup, wording

WELCOME = Welcome("gallery", "Human or machine?", "You will hear short pieces.\n\nCan you tell?", 12,
                  "en", "Before we begin", "Taking part is voluntary.", ready=True,
                  languages=wording.LANGUAGES)
ONE = (Clip("a", "first"),)
BOTH = (*ONE, Clip("b", "second"))
DUE = Due("gallery", "pairs.1", "pair", "Two pieces", "Both continue the same beginning.", done=2, total=9,
          languages=wording.LANGUAGES, question="Which piece was made by AI?", position=1, of=3, clips=BOTH,
          min_plays=1, ask_recognised=True)
RATING = replace(DUE, kind="rating", clips=ONE, question="How do you like this music?", low="Not at all",
                 high="Very much", ask_ai=True)
SCALES = (Scale("order", "How well does it hang together?", "Not at all", "Very well"),)
QUESTIONS = (
    ChoiceQuestion(id="plays", kind="choice", text="Do you play?", options={"yes": "Yes", "no": "No"}),
    NumberQuestion(id="age", kind="number", text="Your age?", minimum=5, maximum=120, optional=True),
    ScaleQuestion(id="awake", kind="scale", text="How awake are you?", points=7, low="Asleep", high="Awake"),
)
HEARD = (
    DebriefTrial("pair", "Which one was made by AI?", 1,
                 (Revealed("a", "first", "ai", "Sonatina", "M. Clementi"),
                  Revealed("b", "second", "human", "Sonatina", "M. Clementi")), choice="a", correct=True),
    DebriefTrial("preference", "Which do you prefer?", 1,
                 (Revealed("a", "first", "ai", "", ""), Revealed("b", "second", "ai", "", "")),
                 choice="both"),
    DebriefTrial("rating", "How good is it?", 1, (Revealed("a", "first", "human", "Air", "Anon."),), rating=4,
                 said_ai=True, label="ai", correct=False),
)
THANKS = replace(DUE, kind="thanks", title="Thank you", text="That was all.", clips=(), position=None,
                 debrief=Debrief(HEARD, Score(5, 8), Score(54, 100, 0.44, 0.64)))
STEPS = {
    "consent": replace(DUE, kind="consent", clips=(), position=None),
    "questions": replace(DUE, kind="questions", clips=(), position=None, questions=QUESTIONS),
    "sound_check": replace(DUE, kind="sound_check", text="", clips=ONE, position=None, question="",
                           counts=(2, 3, 4, 5, 6)),
    "practice_pair": replace(DUE, kind="practice_pair", practice=True),
    "pair": DUE,
    "preference": replace(DUE, kind="preference", question="Which do you prefer?"),
    "attention": replace(DUE, kind="attention", expected="neither"),
    "practice_rating": replace(RATING, kind="practice_rating", practice=True),
    "rating": replace(RATING, scales=SCALES),
    "told_ai": replace(RATING, label="ai", ask_ai=False),
    "told_human": replace(RATING, label="human", ask_ai=False),
    "open_rating": replace(RATING, kind="open_rating", title="Music made by AI", ask_ai=False, preview=True),
    "comment": replace(DUE, kind="comment", clips=(), question="How did you decide?"),
    "thanks": THANKS,
    "completion": replace(THANKS, debrief=Debrief(HEARD[:1], Score(1, 1), None), completion_code="C1A2B3",
                          completion_url="https://example.org/done"),
    "quota_full": replace(THANKS, debrief=None, quota_full=True),
}
DOORS: dict[str, Callable[[Welcome], str]] = {
    "welcome": markup.welcome,
    "building": lambda of: markup.building(of, 3, 9),
    "invitation": markup.invitation,
    "wrong_invitation": lambda of: markup.invitation(of, wrong=True),
    "closed": lambda of: markup.shut(of, "closed"),
    "full": lambda of: markup.shut(of, "number"),
    "early": lambda of: markup.shut(of, "not_opened"),
    "unknown": lambda of: markup.unknown(of.language),
    "withdrawn": lambda of: markup.withdrawn(of.language),
}
VIEWS = (*DOORS, *STEPS)


def view(name: str, language: str = "en") -> str:
    """One view in a language."""
    if name in DOORS:
        return DOORS[name](replace(WELCOME, language=language))
    return markup.step(replace(STEPS[name], language=language))


def gallery() -> FastAPI:
    """Serves every view as /study/<name>.<language>/, alive as in the real page, with no store behind it."""
    app = FastAPI(openapi_url=None)
    app.mount("/static", StaticFiles(directory=STATIC))

    @app.get("/study/{name}.{language}/")
    def shown(name: str, language: str, dark: bool = False) -> HTMLResponse:
        reply = json.dumps({"state": "step" if name in STEPS else name, "html": view(name, language),
                            "language": language, "words": wording.script(language)}).replace("</", "<\\/")
        script = ('import { begin } from "/static/study.js"; '
                  f"begin(document.body, {{ act: async () => ({reply}) }});")
        return HTMLResponse(
            f'<!doctype html><html lang="en"{" class=dark" if dark else ""}><head><meta charset="utf-8">'
            '<title>Segue</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="icon" href="data:,">'
            '<link rel="stylesheet" href="/static/segue.css"><link rel="stylesheet" href="/static/study.css">'
            f'</head><body class="gradio-container"><main class="fillable app">{markup.frame()}</main>'
            f'<script type="module">{script}</script></body></html>')

    app.add_api_route("/clips/{handle}", lambda handle: Response(tone(), media_type="audio/wav"))
    return app


def tone(seconds: float = 1.0, rate: int = 8000) -> bytes:
    """A quiet sine as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(b"".join(struct.pack("<h", round(3000 * math.sin(0.3 * n)))
                                   for n in range(round(seconds * rate))))
    return file.getvalue()

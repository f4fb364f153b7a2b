"""The Research page, behind a password: studies with live counts, their figures, files and report.

Gradio makes every event a public endpoint, so the password guards the handlers, not the page: each one asks
the gate whether the token it was given is valid before it looks at anything. Until then the page holds
empty components. Downloads are put where Gradio serves files from under a name that nobody can guess, and
deleted within the hour.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from analysis import board, wording
from analysis.answers import AnswersError
from analysis.board import Source, StudyStatus
from analysis.desk import Desk
from analysis.figures import figures
from analysis.gate import Gate, Refused

__all__ = ["Source", "StudyStatus", "research_page"]

log = logging.getLogger(__name__)

REFRESH_S = 5.0
PAGES = (("/", "Compose"), ("/study/default", "Listening test"), ("/research", "Research"))
# Figures side by side on a wide screen; on a phone they follow one another.
COLUMNS = (
    {"experience": "Who listened", "choices": "What they answered", "rating_histograms": "How they rated"},
    {
        "correct_by_experience": "Where they were right",
        "setting_heatmap": "Which settings they liked",
        "open_ratings": "Pieces they knew to be AI",
    },
)
HERO = "accuracy"
DRAWN = (HERO, *COLUMNS[0], *COLUMNS[1])

# The server prepares a file first, so the click that asks for it cannot be the one that fetches it.
SAVE_JS = """(file) => {
  const link = document.createElement('a');
  link.href = file.url; link.download = file.orig_name || '';
  document.body.append(link); link.click(); link.remove();
}"""
# A tab opened after waiting for the server would be stopped as a pop-up: it opens with the click, empty.
OPEN_TAB_JS = """() => {
  window.segueReport = window.open('', '_blank');
  window.segueReport?.document.write('<title>Report</title><p>Preparing the report …</p>');
}"""
FILL_TAB_JS = """async (file) => {
  const page = await (await fetch(file.url)).text();
  const url = URL.createObjectURL(new Blob([page], {type: 'text/html'}));
  if (window.segueReport && !window.segueReport.closed) window.segueReport.location = url;
}"""
CLOSE_TAB_JS = "() => { window.segueReport?.close(); }"


def research_page(source: Source, password: str) -> gr.Blocks:
    """The page over the studies of ``source``; raises ValueError for an empty password.

    Its looks are in static/segue.css and static/research.css, which whoever mounts the page must pass on.
    """
    with gr.Blocks(title="Segue: research", analytics_enabled=False, delete_cache=(600, 3600)) as page:
        token = gr.BrowserState(None, storage_key="segue-research")
        timer = gr.Timer(REFRESH_S, active=False)
        gr.HTML(_masthead())
        with gr.Column(elem_id="door", visible=False) as door:
            gr.HTML('<h1>Research</h1><p class="hint">Studies, their answers and their reports.</p>')
            word = gr.Textbox(label="Password", type="password", max_lines=1, elem_id="password")
            enter = gr.Button("Enter", variant="primary", elem_id="enter")
            refusal = gr.HTML(elem_id="refusal")
        with gr.Column(elem_id="room", visible=False) as room:
            with gr.Row(elem_id="room-head"):
                gr.HTML("<h1>Research</h1>")
                leave = gr.Button("Leave", size="sm", elem_id="leave")
            overview = gr.HTML(elem_id="overview")
            # Unlike gr.Radio it takes a slug that this process has not listed: pages outlive a restart.
            study = gr.Dropdown([], label="Study", allow_custom_value=True, elem_id="study")
            sentence = gr.HTML(elem_id="sentence")
            plots, captions = {HERO: _plot()}, {}
            with gr.Row(elem_id="actions"):
                save = gr.Button("Download the data (.zip)", variant="primary", elem_id="save")
                show = gr.Button("Open the report", elem_id="show")
                keep = gr.Button("Download the report", elem_id="keep")
                again = gr.Button("Refresh the figures", elem_id="again")
            progress = gr.HTML(elem_id="progress")
            with gr.Row(elem_id="figures"):
                for column in COLUMNS:
                    with gr.Column(min_width=340):
                        for name in column:
                            captions[name], plots[name] = gr.HTML(elem_classes="caption"), _plot()
            file = gr.File(visible="hidden", elem_id="file")

        serve = _Service(Gate(password), Desk(source), Path(file.GRADIO_CACHE))
        counts = [overview, progress, study]
        place = [door, room, timer, refusal, word, *counts]
        drawn = [sentence, *(plots[name] for name in DRAWN), *(captions[name] for name in DRAWN[1:])]
        asked = [token, study]
        private: dict[str, Any] = {"api_visibility": "private"}
        for event in (enter.click, word.submit):
            event(serve.enter, word, [token, *place], **private).then(
                serve.first_look, asked, drawn, **private
            )
        page.load(serve.come_back, token, place, **private).then(serve.first_look, asked, drawn, **private)
        leave.click(serve.leave, token, [token, *place, *drawn], **private)
        # Gradio's queue answers on one connection, closes it after the last answer, and loses a click of that
        # moment. What nobody has asked for must not cause such moments: the counts stay out of the queue.
        unasked: dict[str, Any] = {**private, "show_progress": "hidden", "queue": False}
        study.input(serve.draw, asked, drawn, **private).then(serve.watch, asked, counts, **unasked)
        again.click(serve.draw, asked, drawn, **private)
        timer.tick(serve.watch, asked, counts, **unasked)
        save.click(serve.archive, asked, file, **private).success(None, file, js=SAVE_JS)
        keep.click(serve.report, asked, file, **private).success(None, file, js=SAVE_JS)
        show.click(None, js=OPEN_TAB_JS)
        prepared = show.click(serve.report, asked, file, **private)
        prepared.success(None, file, js=FILL_TAB_JS)
        prepared.failure(None, js=CLOSE_TAB_JS)
    return page


class _Service:
    """What the page's events do. Each method that shows anything of a study asks the gate first.

    Inputs are what a browser, or whoever poses as one, sent. Lists are values of the page's outputs in
    their order: ``place`` (door, room, timer, refusal, word, then the counts), the counts (overview,
    progress, choice of study), and what is drawn (sentence, plots, captions).
    """

    def __init__(self, gate: Gate, desk: Desk, cache: Path):
        self._gate, self._desk, self._cache = gate, desk, cache

    def enter(self, password: str | None, request: gr.Request) -> list[Any]:
        """A token and the open room, or the door with the reason for staying shut."""
        client = request.client.host if request.client else "unknown"
        try:
            token = self._gate.enter(password or "", client)
        except Refused as refused:
            return [None, *_shut(f'<p class="note wrong" role="alert">{escape(str(refused))}</p>')]
        return [token, *self._open()]

    def come_back(self, token: object) -> list[Any]:
        """After a reload: the room for those who have a valid token, else the door."""
        return self._open() if self._gate.admits(token) else _shut()

    def leave(self, token: object) -> list[Any]:
        """End the visit and clear the page."""
        self._gate.leave(token)
        return [None, *_shut(), *_blank()]

    def first_look(self, token: object, slug: object) -> list[Any]:
        """The figures of the first study; nothing for those who did not come in, and no complaint either."""
        return self.draw(token, slug) if self._gate.admits(token) and slug is not None else _blank()

    def draw(self, token: object, slug: object) -> list[Any]:
        """Sentence, figures and captions of a study."""
        return self._guarded(token, lambda: _drawn(self._desk.numbers(slug)))

    def watch(self, token: object, slug: object) -> list[Any]:
        """The live counts. Silent without a token: a visit that ended must not complain all the time."""
        if not self._gate.admits(token):
            return [gr.skip(), gr.skip(), gr.skip()]
        return self._guarded(token, lambda: self._counts(slug))

    def archive(self, token: object, slug: object) -> str:
        """Path of a zip with the export files."""
        return self._guarded(token, lambda: str(self._desk.archive(slug, self._hidden_folder())))

    def report(self, token: object, slug: object) -> str:
        """Path of the report."""
        return self._guarded(token, lambda: str(self._desk.report(slug, self._hidden_folder())))

    def _guarded(self, token: object, work: Callable[[], Any]) -> Any:
        """What ``work`` returns, for those with a valid token; what goes wrong is told in one sentence."""
        if not self._gate.admits(token):
            raise _told("Your visit has ended. Please reload the page and enter the password again.")
        try:
            return work()
        except (AnswersError, LookupError) as error:
            raise _told(str(error)) from None
        except Exception:
            log.exception("A request of the Research page failed")
            raise _told("That did not work; the server's log says why.") from None

    def _open(self) -> list[Any]:
        """The place with the door gone, the room open and the studies listed, the first one chosen."""
        statuses = self._desk.studies()
        first = statuses[0].slug if statuses else None
        overview, progress, study = self._counts(first)
        study = gr.Dropdown(choices=_names(statuses), value=first)
        return [
            gr.Column(visible=False),
            gr.Column(visible=True),
            gr.Timer(active=True),
            "",
            "",
            overview,
            progress,
            study,
        ]

    def _counts(self, slug: object) -> list[Any]:
        statuses = self._desk.studies()
        chosen = next((status for status in statuses if status.slug == slug), None)
        return [
            board.studies(statuses),
            board.steps(chosen) if chosen else "",
            gr.Dropdown(choices=_names(statuses)),
        ]

    def _hidden_folder(self) -> Path:
        """A new folder that Gradio serves files from, under a name that nobody can guess."""
        folder = self._cache / secrets.token_urlsafe(32)
        folder.mkdir(parents=True, mode=0o700)
        return folder


def _shut(message: str = "") -> list[Any]:
    """The place with nothing but the door; everything that a visitor could have seen is gone."""
    nothing = ["", "", gr.Dropdown(choices=[], value=None)]
    return [gr.Column(visible=True), gr.Column(visible=False), gr.Timer(active=False), message, "", *nothing]


def _blank() -> list[Any]:
    """Nothing drawn."""
    return ["", *(gr.Plot(value=None, visible=False) for _ in DRAWN), *("" for _ in DRAWN[1:])]


def _drawn(numbers: wording.Results) -> list[Any]:
    """The opening sentence, the figures and their captions, in the order of the page's outputs."""
    drawings, captions = figures(numbers), wording.captions(numbers)
    titles = {**COLUMNS[0], **COLUMNS[1]}
    simulated = '<p class="simulated"><strong>SIMULATED</strong> No person gave these answers.</p>'
    sentence = (
        f"{simulated if wording.is_simulated(numbers) else ''}"
        f'<p class="headline">{escape(wording.headline(numbers))}</p>'
        f'<p class="hint">{escape(wording.explanation(numbers))}</p>'
    )
    return [
        sentence,
        *(gr.Plot(value=drawings[name], visible=drawings[name] is not None) for name in DRAWN),
        *(f"<h3>{titles[name]}</h3><p>{escape(captions[name])}</p>" for name in DRAWN[1:]),
    ]


def _plot() -> gr.Plot:
    return gr.Plot(visible=False, show_label=False, container=False, elem_classes="figure")


def _names(statuses: list[StudyStatus]) -> list[tuple[str, str]]:
    return [(f"{status.title} ({status.slug})", status.slug) for status in statuses]


def _told(sentence: str) -> gr.Error:
    """An error that the visitor reads and the log need not repeat."""
    return gr.Error(sentence, print_exception=False)


def _masthead() -> str:
    links = "".join(
        f'<a href="{path}"{" aria-current=page" if path == "/research" else ""}>{name}</a>'
        for path, name in PAGES
    )
    return (
        '<header class="masthead"><p class="wordmark">'
        '<img src="/static/icon.svg" alt="" width="44" height="44">'
        f'<span>Segue</span></p><nav aria-label="Pages">{links}</nav></header>'
    )

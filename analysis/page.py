"""The Research page, behind a password: the life of a study from its file to its report. Layout and events.

What is done is in ``analysis.clerk``, which asks the gate before anything else; what is shown in
``analysis.programme``. Until somebody comes in, the page holds empty components. Downloads are put where
Gradio serves files from under a name that nobody can guess, and deleted within the hour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from analysis import programme
from analysis.board import Office
from analysis.clerk import Clerk, Told
from analysis.duel_desk import DuelDesk
from analysis.duels import Row
from analysis.form import Field, Form, form
from analysis.gate import Gate
from analysis.hands import (
    COLUMNS,
    EDITOR,
    FIGURES,
    HERO,
    LIMITS,
    LIVE,
    PASSING,
    PLACE,
    PLANNED,
    Hands,
    Names,
    Work,
)
from analysis.works import Works

__all__ = ["research_page"]

REFRESH_S = 3.0
RULES = {"Did not finish, and has been silent for an hour": "unfinished",
         "Failed an attention check": "attention", "Answered too fast": "fast",
         "Answered repeats differently": "repeats"}
READER = ('<label class="reader"><span>Choose a file</span>'
          '<input type="file" accept=".yaml,.yml" aria-label="Choose a study file"></label>')
Ui = dict[str, Any]
CHOSEN = "(token, list, ...others) => [token, segueResearch.chosen(), ...others]"   # static/research.js
IN_VIEW = "(token, list) => [token, segueResearch.inView()]"


def research_page(office: Office, password: str, works: Works,
                  duels: Callable[[], Sequence[Row]]) -> gr.Blocks:
    """The page over the studies of ``office``, and what ``duels`` gives; ValueError for an empty password.

    Its looks and its script are in static/ (segue.css, research.css, research.js), which whoever mounts the
    page must pass on.
    """
    asked = form(office.languages, office.systems)
    with gr.Blocks(title="Segue: research", analytics_enabled=False, delete_cache=(600, 3600)) as page:
        ui: Ui = {"token": gr.BrowserState(None, storage_key="segue-research"),
                  "timer": gr.Timer(REFRESH_S, active=False)}
        gr.HTML(programme.masthead())
        with gr.Column(elem_id="door", visible=False) as ui["door"]:
            gr.HTML('<h1>Research</h1><p class="hint">Studies, their answers and their reports.</p>')
            ui["word"] = gr.Textbox(label="Password", type="password", max_lines=1, elem_id="password")
            ui["enter"] = gr.Button("Enter", variant="primary", elem_id="enter")
            ui["refusal"] = gr.HTML(elem_id="refusal")
        with gr.Column(elem_id="room", visible=False) as ui["room"]:
            with gr.Row(elem_id="room-head"):
                gr.HTML("<h1>Research</h1>")
                ui["begin"] = gr.Button("New study", size="sm", elem_id="begin")
                ui["leave"] = gr.Button("Leave", size="sm", elem_id="leave")
            ui["programme"] = gr.HTML(elem_id="programme",
                                      js_on_load="segueResearch.list(element, trigger, watch);")
            ui["said"] = gr.HTML(elem_id="said")
            _writing(ui, asked)
            with gr.Column(elem_id="life", visible=False) as ui["life"]:
                ui["title"] = gr.HTML()
                with gr.Tabs(overflow_behavior="wrap"):
                    _preparing(ui)
                    _opening(ui)
                    _results(ui)
            _duels(ui)
        ui["file"] = gr.File(visible="hidden", elem_id="file")
        ui["carried"] = gr.Textbox(visible="hidden", elem_id="carried")
        clerk = Clerk(Gate(password), office, works, Path(ui["file"].GRADIO_CACHE))
        _events(page, ui, clerk, asked)
        _duel_events(ui, DuelDesk(clerk.gate, duels, Path(ui["file"].GRADIO_CACHE)))
    return page


# --- layout -------------------------------------------------------------------------------------------------


def _writing(ui: Ui, form: Form) -> None:
    """A study file: from a form or from a file, to be read, changed, kept and downloaded."""
    with gr.Column(elem_id="writing", visible=False) as ui["writing"]:
        with gr.Column(elem_id="form") as ui["form"]:
            gr.HTML("<h2>A new study</h2>" + programme.hint(
                "Say what you want, or bring a study file. Either way you see the file before it is kept."))
            gr.HTML(_shown_if_chosen([language for language, _ in form.texts]), padding=False)
            _field(ui, form.languages)
            for language, texts in form.texts:
                with gr.Column(elem_id=f"in-{language}"):
                    for one in texts:
                        _field(ui, one)
            for one in form.plan:
                _field(ui, one)
            with gr.Accordion("More", open=False):
                for heading, rows in form.more:
                    gr.HTML(f'<p class="group">{heading}</p>')
                    for row in rows:
                        with gr.Row(elem_classes="numbers"):
                            for one in row:
                                _field(ui, one)
            with gr.Row(elem_classes="acts"):
                ui["write"] = gr.Button("Write the study file", variant="primary", elem_id="write")
                ui["reader"] = gr.HTML(READER, js_on_load="segueResearch.reader(element, trigger);")
        ui["text"] = gr.Textbox(label="Study file (YAML)", lines=14, max_lines=30, elem_id="text")
        ui["mistakes"] = gr.HTML(js_on_load="segueResearch.mistakes(element);")
        ui["instead_of"] = gr.Textbox(visible="hidden")
        with gr.Row(elem_classes="acts"):
            ui["save"] = gr.Button("Keep this study", variant="primary", elem_id="keep-study")
            ui["download"] = gr.Button("Download the file")
            ui["dismiss"] = gr.Button("Never mind")


def _shown_if_chosen(languages: Sequence[str]) -> str:
    """The texts in a language are asked for while it is chosen."""
    rules = (f'#form:not(:has(#form-languages [name="{one}"]:checked)) #in-{one} {{ display: none; }}'
             for one in languages)
    return f"<style>{''.join(rules)}</style>"


def _field(ui: Ui, field: Field) -> None:
    """One field of the form."""
    how: Ui = {"label": field.label, "value": field.value, "info": field.info,
               "elem_id": f"form-{field.name}"}
    match field.kind:
        case "line" | "lines":
            made = gr.Textbox(**how, **({"max_lines": 1} if field.kind == "line" else {"lines": 4}),
                              min_width=150)
        case "number":
            made = gr.Number(**how, precision=None if field.name == "seconds" else 0, min_width=120)
        case "several":
            made = gr.CheckboxGroup(list(field.choices), **how)
        case "one":
            made = gr.Radio(list(field.choices), **how)
        case "switch":
            made = gr.Checkbox(**how)
    ui[f"form_{field.name}"] = made


def _preparing(ui: Ui) -> None:
    """What comes before the first participant."""
    with gr.Tab("Plan"):
        ui["plan"] = gr.HTML()
        ui["change"] = gr.Button("Show the study file", size="sm", visible=False)
        with gr.Column(visible=False) as ui["sizing"]:
            gr.HTML("<h3>How many participants?</h3>")
            with gr.Row(elem_classes="ask"):
                ui["effect"] = gr.Slider(0.5, 0.9, 0.6, step=0.01,
                                         label="Share of right answers to be found")
                ui["reckon"] = gr.Button("Work it out", elem_id="reckon")
            ui["power"], ui["curve"] = gr.HTML(elem_id="power"), _plot()
    with gr.Tab("Clips"):
        ui["clips"] = gr.HTML()
        with gr.Row(elem_classes="acts"):
            ui["build"] = gr.Button("Build the clips", variant="primary", visible=False)
            ui["stop_build"] = gr.Button("Stop building", visible=False)
    with gr.Tab("Check"):
        ui["check"] = gr.HTML()
        with gr.Row(elem_classes="acts"):
            ui["audit"] = gr.Button("Check the clips", variant="primary", visible=False)
            ui["stop_audit"] = gr.Button("Stop checking", visible=False)
            ui["preview"] = gr.Button("Preview as a participant", visible=False)


def _opening(ui: Ui) -> None:
    """Who may come in, and who did."""
    with gr.Tab("Open"):
        ui["frozen"] = gr.HTML()
        with gr.Column(visible=False) as ui["planning"]:
            _rules(ui, PLANNED)
            ui["freeze"] = gr.Button("Freeze the analysis plan", size="sm", visible=False)
        ui["doors"] = gr.HTML()
        with gr.Row(elem_classes="acts"):
            ui["open"] = gr.Button("Open the study", variant="primary", visible=False)
            ui["close"] = gr.Button("Close the study", visible=False)
        with gr.Row(elem_classes="ask"):
            ui["count"] = gr.Number(20, precision=0, label="New invitations", visible=False)
            ui["invite"] = gr.Button("Make and download them", visible=False)
    with gr.Tab("Watch"):
        ui["watching"] = gr.HTML(elem_id="watching")


def _results(ui: Ui) -> None:
    """The answers: whom to leave out, one sentence, figures, files."""
    with gr.Tab("Results") as ui["results"]:
        ui["sentence"] = gr.HTML(elem_id="sentence")
        ui[HERO] = _plot()
        with gr.Row(elem_id="actions"):
            ui["archive"] = gr.Button("Download the data (.zip)", variant="primary")
            ui["show"] = gr.Button("Open the report")
            ui["report"] = gr.Button("Download the report")
            ui["again"] = gr.Button("Refresh the figures")
        with gr.Accordion("Who is left out", open=False, elem_id="left-out"):
            ui["excluded"] = gr.HTML()
            with gr.Row(elem_classes="ask"):
                ui["reason"] = gr.Dropdown([], label="Reason", allow_custom_value=True, visible=False)
                ui["readmit"] = gr.Button("Let them back in", visible=False)
            _rules(ui, LIMITS)
            ui["verdict"] = gr.HTML(elem_id="verdict")
            ui["exclude"] = gr.Button("Leave them out", size="sm", elem_id="exclude")
        with gr.Row(elem_id="figures"):
            for column in COLUMNS:
                with gr.Column(min_width=340):
                    for name in column:
                        ui[f"about_{name}"], ui[name] = gr.HTML(elem_classes="caption"), _plot()


def _duels(ui: Ui) -> None:
    """What visitors of the Compose page guessed; apart from all studies."""
    with gr.Accordion("Duels on the Compose page", open=False, elem_id="duels") as ui["duels"]:
        ui["duel_words"], ui["duel_figure"] = gr.HTML(), _plot()
        ui["duel_file"] = gr.Button("Download the duels (CSV)", size="sm", elem_id="duel-file")


def _rules(ui: Ui, names: Names) -> None:
    """By which rules participants are left out, now or as planned."""
    rules, fast, repeats = names
    ui[rules] = gr.CheckboxGroup(list(RULES.items()), label="Leave out anybody who …", elem_id=rules)
    with gr.Row(elem_classes="numbers"):
        ui[fast] = gr.Number(2, label="Too fast: a median under … seconds")
        ui[repeats] = gr.Number(50, label="Differently: the same under … % of the time")


def _plot() -> gr.Plot:
    return gr.Plot(visible=False, show_label=False, container=False, elem_classes="figure")


# --- events -------------------------------------------------------------------------------------------------

def _events(page: gr.Blocks, ui: Ui, clerk: Clerk, form: Form) -> None:
    """Which click does what. Nothing uses Gradio's queue: its answers share one connection for each visitor,
    which is closed when all are given, and a click of that moment would be lost."""
    hands = Hands(clerk, form, gr.update, gr.skip)
    quiet: Ui = {"api_visibility": "private", "queue": False}
    unseen: Ui = {**quiet, "show_progress": "hidden"}

    def named(*names: str) -> list[Any]:
        return [ui[name] for name in names]

    asked = named("token", "programme")

    def ask(event: Any, work: Work, given: Names = (), out: Names = (), **more: Any) -> Any:
        """An event about the chosen study: what `work` makes goes to `out`, and what is wrong is said."""
        return event(hands.telling(work, out), [*asked, *named(*given)], named("said", *out), js=CHOSEN,
                     **{**quiet, **more})

    def act(name: str, work: Work, given: Names = (), out: Names = ()) -> Any:
        """A button that changes the chosen study: afterwards the page shows what became of it."""
        event = ask(ui[name].click, work, given, out)
        event.then(hands.look, asked, named(*LIVE), js=CHOSEN, **unseen)
        return event

    def enter(password: str | None, request: gr.Request) -> list[Any]:
        return hands.enter(password, request.client.host if request.client else "unknown")

    for event in (ui["enter"].click, ui["word"].submit):
        event(enter, ui["word"], named(*PLACE), **quiet)
    page.load(hands.come_back, ui["token"], named(*PLACE[1:]), **quiet)
    ui["leave"].click(hands.leave, ui["token"], named(*PLACE, *PASSING, *FIGURES), **quiet)
    ui["timer"].tick(hands.look, asked, named(*LIVE), js=CHOSEN, **unseen)
    ui["programme"].select(hands.choose, asked, named(*LIVE, *PASSING, *FIGURES), js=CHOSEN,
                           trigger_mode="always_last", **quiet).then(
        hands.telling(hands.draw_in_view, FIGURES), asked, named("said", *FIGURES), js=IN_VIEW, **quiet)

    ui["begin"].click(hands.begin, None, named(*EDITOR), **unseen)
    ui["write"].click(hands.telling(hands.write, ("text", "mistakes")),
                      named("token", *(f"form_{field.name}" for field in form.fields)),
                      named("said", "text", "mistakes"), **quiet)
    ui["reader"].select(None, None, ui["text"], js="() => segueResearch.fileText()")
    ui["download"].click(None, ui["text"], js="(text) => { segueResearch.savePlan(text); }")
    kept = ("mistakes", "writing", *LIVE)
    ui["save"].click(hands.telling(hands.save, kept), named("token", "text", "instead_of"),
                     named("said", *kept), **quiet)
    ui["dismiss"].click(lambda: gr.Column(visible=False), None, ui["writing"], **unseen)
    ask(ui["change"].click, hands.change, (), EDITOR)

    for name, work in (("build", clerk.build), ("stop_build", clerk.stop_build), ("audit", clerk.audit),
                       ("stop_audit", clerk.stop_audit), ("open", clerk.open), ("close", clerk.close)):
        act(name, work)
    act("freeze", clerk.freeze, PLANNED)
    ask(ui["reckon"].click, hands.power, ("effect",), ("power", "curve"))
    act("invite", clerk.invite, ("count",), ("carried",)).then(
        None, ui["carried"], ui["carried"], js="(codes) => segueResearch.saveInvitations(codes)")
    ui["preview"].click(None, js="() => { segueResearch.openTab('Preview'); }")
    act("preview", clerk.preview, (), ("carried",)).then(
        None, ui["carried"], ui["carried"], js="(path) => segueResearch.showPath(path)")

    for event in (ui["results"].select, ui["again"].click):
        ask(event, hands.draw, (), FIGURES)
    for name in LIMITS:
        ask(ui[name].change, clerk.rules, LIMITS, ("verdict",), trigger_mode="always_last",
            show_progress="hidden")
    for name, work, given in (("exclude", clerk.exclude, LIMITS), ("readmit", clerk.readmit, ("reason",))):
        act(name, work, given, ("verdict",)).then(
            hands.telling(hands.draw, FIGURES), asked, named("said", *FIGURES), js=CHOSEN, **quiet)
    for name in ("archive", "report"):
        ask(ui[name].click, getattr(clerk, name), (), ("file",)).then(
            None, ui["file"], js="(made) => { segueResearch.fetched(made); }")
    ui["show"].click(None, js="() => { segueResearch.openTab('Report'); }")
    ask(ui["show"].click, clerk.report, (), ("file",)).then(
        None, ui["file"], js="(made) => { segueResearch.showReport(made); }")


def _duel_events(ui: Ui, desk: DuelDesk) -> None:
    """What the duels' own part of the page does: shown when it is opened, gone when somebody leaves."""
    shown, quiet = [ui["duel_words"], ui["duel_figure"]], {"api_visibility": "private", "queue": False}

    def show_duels(token: object) -> tuple[str, Any]:
        try:
            words, figure = desk.shown(token)
        except Told as told:
            words, figure = programme.note(str(told), wrong=True), None
        return words, gr.update(value=figure, visible=figure is not None)

    def fetch_duels(token: object) -> tuple[str, str | None]:
        try:
            return "", desk.file(token)
        except Told as told:
            return programme.note(str(told), wrong=True), None

    ui["duels"].expand(show_duels, ui["token"], shown, **quiet)
    ui["duel_file"].click(fetch_duels, ui["token"], [ui["said"], ui["file"]], **quiet).then(
        None, ui["file"], js="(made) => { segueResearch.fetched(made); }")
    ui["leave"].click(lambda: ("", gr.update(value=None, visible=False), gr.update(open=False)), None,
                      [*shown, ui["duels"]], **quiet)

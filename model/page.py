"""The Compose page: layout and events. What a visitor may do is decided in the handlers, not in the browser.

Gradio makes every event an endpoint that anyone can call, so each handler treats what it gets as untrusted.
The music itself never passes through Gradio: takes lie on the shelf, and the page holds their tokens.
"""

import json
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.middleware import Middleware

from model import bundle, keeping, stage, take_view, view
from model import page_scripts as scripts
from model.catalogue import MAX_BARS, Catalogue, prompt_of
from model.composing import Asked, Composing, Shown
from model.door import Door
from model.frontend import opening, theme
from model.generator import Generator
from model.instruments import DRUMS, NAMES
from model.preface import Preface
from model.recall import recall
from model.runs import reason
from model.score import ScoreError, read
from model.settings import CHARACTER, PRESETS, RANGES, Settings
from model.shelf import Shelf
from model.squeeze import Squeeze
from model.visit import BARS, FILE, LENGTHS, NOTHING, SECONDS, SHELF, Visit
from model.voices import Voices
from model.wishes import ANY

OWN = "My own"                      # the character of settings that are no preset
MAX_TAKES = 4
STYLES = ("segue", "compose", "player", "takes", "health", "duel")      # in this order
MAX_UPLOAD = 25_000_000             # bytes; what is over the limit of ``read`` gets its sentence in the page
UNHEARD = "That did not go through. Please press Continue once more."
LEAST_TEMPO, MOST_TEMPO = 40, 250   # of a start from nothing, as the vocabulary has it
log = logging.getLogger(__name__)


def compose_page(generator: Generator, catalogue: Catalogue, shelf: Shelf,
                 chance: random.Random | None = None) -> gr.Blocks:
    """The page over a generator, a catalogue of prompts (started) and the shelf that takes are kept on.

    ``chance`` draws the seeds of visitors who name none. Where the generator makes two takes side by side, or
    more, a visitor gets two unless they choose otherwise. Other systems that ship are played by its workers.
    """
    composing = Composing(generator, catalogue, shelf, chance)
    plain, skip = Settings(), (gr.skip(),) * 4

    def shown(visit: Visit) -> tuple[Visit, Any, Any, Any, Any]:
        """Visit, stage, its health, sliders of the first bar and of the bars that are used."""
        prompt = visit.prompt(catalogue)
        if prompt is None:
            away = gr.update(visible=False)
            sliders = gr.update(visible=visit.source != NOTHING)
            return visit, away, away, sliders, sliders
        used, last = min(plain.prompt_bars, prompt.bars), max(prompt.bars, 2)
        return (visit, gr.update(value=view.stage(prompt, used), visible=True), gr.update(visible=True),
                gr.update(maximum=last, value=1, visible=True),
                gr.update(maximum=last, value=used, visible=True))

    def look(visit: Visit, first: float, used: float, system: str, keep_instruments: bool) -> tuple[str, str]:
        """The health of the bars that are used; what was to be heard beside it goes."""
        player = generator.of(system if system in generator.systems else None)
        return stage.health(visit, catalogue, player, first, used, keep_instruments), ""

    def compare(visit: Visit, first: float, used: float, system: str) -> str:
        player = generator.of(system if system in generator.systems else None)
        return stage.both(visit, catalogue, player, shelf, first, used)

    def measure(unit: str) -> Any:
        """The slider of the length, in bars or in seconds."""
        if unit == SECONDS:
            return gr.update(minimum=LENGTHS[0], maximum=LENGTHS[1], value=30, label="Seconds to compose")
        low, high = RANGES["bars"]
        return gr.update(minimum=low, maximum=high, value=plain.bars, label="Bars to compose")

    def open_library(visit: Visit) -> tuple:
        """Cards, timer, and the stage as soon as there is something to show."""
        prompt = visit.prompt(catalogue)
        cards = view.cards(catalogue.cards(), catalogue.expected, catalogue.done, prompt.id if prompt else "")
        timer = gr.Timer(active=not catalogue.done)
        if visit.piece or prompt is None or visit.source != SHELF:
            return cards, timer, visit, *skip
        return cards, timer, *shown(replace(visit, piece=prompt.id))

    def on_shelf(piece: object) -> bool:
        return isinstance(piece, str) and catalogue.prompt(piece) is not None

    def pick(visit: Visit, piece: str) -> tuple:
        if not on_shelf(piece):
            return visit, *skip
        return shown(replace(visit, source=SHELF, piece=piece))

    def turn(visit: Visit, event: gr.SelectData) -> tuple:
        if event.value not in (SHELF, FILE, NOTHING):
            return visit, *skip
        return shown(replace(visit, source=event.value))

    def upload(visit: Visit, path: str | None) -> tuple:
        """Note, and what `shown` gives."""
        if path is None:
            return "", visit, *skip
        name = Path(path).name
        try:
            prompt = prompt_of(read(Path(path)), shelf, Path(path).stem)
        except ScoreError as error:
            return view.note(f"{name}: {error}"), visit, *skip
        except Exception:
            log.exception("A file could not be read.")
            wrong = view.note(f"{name} could not be read. Please try another MIDI file.")
            return wrong, visit, *skip
        return "", *shown(replace(visit, source=FILE, file=prompt))

    def settle(character: str) -> tuple:
        if character not in PRESETS:
            return (gr.skip(),) * len(CHARACTER)
        return tuple(getattr(PRESETS[character], name) for name in CHARACTER)

    def change(system: str) -> tuple:
        """Style and density: what the chosen system obeys."""
        chosen = generator.of(system if system in generator.systems else None)
        styles = gr.update(choices=view.styles(chosen.layout.styles), value=ANY,
                           visible="style" in chosen.controls)
        return styles, gr.update(value=0, visible="density" in chosen.controls)

    def restore(kept: str) -> tuple:
        """The settings as they stood before the page was loaded anew, and their character."""
        found = recall(kept, generator, MAX_TAKES)
        if found is None:
            return (gr.skip(),) * 16
        styles, notes = change(found.system)
        return ({**measure(found.unit), "value": found.length}, found.unit, found.takes, found.temperature,
                found.top_k, found.top_p, found.no_repeat_ngram, found.guidance, found.keep_instruments,
                found.whistle, found.system, {**styles, "value": found.style},
                {**notes, "value": found.density}, found.best_of, found.ending, found.character or OWN)

    def prepare(visit: Visit, first: float, used: float, system: str, keep_instruments: bool, programs: list,
                tempo: float, style: str, density: float) -> None:
        """The prompt is chosen: it is read, and its loudness taken, before anybody presses Continue."""
        try:
            player = generator.of(system if system in generator.systems else None)
            music, _ = visit.origin(catalogue, programs, tempo, first)
            begun = player.prepare(music, Settings(
                prompt_bars=int(used), keep_instruments=bool(keep_instruments), style=str(style or ANY),
                density=int(density or 0)))
            if begun is not None:
                shelf.gauge.factor(begun.score, begun.seconds)
        except Exception as error:
            reason(error)       # what is wrong with the choice is said when it is to be continued

    def begin(request: gr.Request, *asked: Any) -> tuple:
        return in_view(composing.begin(request.session_hash, Asked(*asked)))

    def reopen(wish: str, request: gr.Request) -> tuple:
        return in_view(composing.reopen(request.session_hash, wish))

    def resume(wish: str, request: gr.Request) -> tuple:
        return in_view(composing.resume(request.session_hash, wish))

    def watch(request: gr.Request) -> tuple:
        return in_view(composing.watch(request.session_hash))

    def halt(request: gr.Request) -> None:
        composing.halt(request.session_hash)

    def close(request: gr.Request) -> None:
        composing.closed(request.session_hash)

    with gr.Blocks(title="Segue", analytics_enabled=False, delete_cache=(3600, 3600)) as page:
        visit = gr.State(Visit())
        gr.HTML(view.masthead("/") + view.overture())

        gr.HTML(view.heading("I", "The prompt"))
        with gr.Tabs(elem_id="source"):
            with gr.Tab(SHELF) as shelf_tab:
                cards = gr.HTML(view.cards([], 0, False), elem_id="library", js_on_load=scripts.CARDS)
            with gr.Tab(FILE) as file_tab:
                gr.HTML(view.hint("A MIDI file (.mid) of up to 5 MB. Its first bars are the prompt. Only you "
                                  "can hear it here, and within a day it is deleted."))
                file = gr.UploadButton("Choose a MIDI file", file_types=[".mid", ".midi"], elem_id="upload")
                file_note = gr.HTML(elem_id="file-note")
            with gr.Tab(NOTHING) as nothing_tab:
                gr.HTML(view.hint("Name the players and the pace; the model makes up the rest."))
                with gr.Row():
                    named = [*((name, program) for program, name in enumerate(NAMES)), ("Drums", DRUMS)]
                    programs = gr.Dropdown(named, value=[0], multiselect=True, label="Instruments", scale=3)
                    tempo = gr.Slider(LEAST_TEMPO, MOST_TEMPO, 100, step=1, label="Beats a minute", scale=2)
        on_stage = gr.HTML(visible=False, elem_id="stage", js_on_load=scripts.STAGE)
        health = gr.HTML(visible=False, elem_id="health", js_on_load=scripts.HEALTH)
        heard = gr.HTML(elem_id="compared")

        gr.HTML(view.heading("II", "The continuation"))
        with gr.Row(elem_id="settings"):
            first = gr.Slider(1, MAX_BARS, 1, step=1, label="From bar")
            used = gr.Slider(1, MAX_BARS, plain.prompt_bars, step=1, label="Bars of the prompt")
            length = gr.Slider(*RANGES["bars"], plain.bars, step=1, label="Bars to compose")
            character = gr.Dropdown([*view.characters(PRESETS), OWN], value="natural", label="Character")
            takes = gr.Slider(1, MAX_TAKES, min(generator.workers, 2), step=1, label="Takes")
        with gr.Accordion("More", open=False, elem_id="more"):
            with gr.Row():
                unit = gr.Radio([BARS, SECONDS], value=BARS, label="Length in")
                best_of = gr.Slider(*RANGES["best_of"], plain.best_of, step=1, label="Best of",
                                    info="So many are made for each take, and the soundest is kept.")
                ending = gr.Checkbox(plain.ending, label="End the piece",
                                     info="The last bars lead to a close, and the last chord rings.")
            with gr.Row():
                temperature = gr.Slider(*RANGES["temperature"], plain.temperature, step=0.05,
                                        label="Temperature", info="Low: careful. High: adventurous.")
                top_k = gr.Slider(*RANGES["top_k"], plain.top_k, step=1, label="Top-k",
                                  info="Choose among the k likeliest tokens. 0: all.")
                top_p = gr.Slider(*RANGES["top_p"], plain.top_p, step=0.05, label="Top-p",
                                  info="Choose among the tokens that share this much. 1: all.")
            with gr.Row():
                ngram = gr.Slider(*RANGES["no_repeat_ngram"], plain.no_repeat_ngram, step=1,
                                  label="No-repeat n-gram", info="No n tokens in a row occur twice. 0: off.")
                guidance = gr.Slider(*RANGES["guidance"], plain.guidance, step=0.25, label="Guidance",
                                     info="How closely the prompt is followed. 0: not pressed.")
                with gr.Column():
                    seed = gr.Textbox(label="Seed", max_lines=1,
                                      info="The same seed gives the same take. Blank: a new one.")
                    dice = gr.Button("Draw a seed", size="sm", elem_id="dice")
                with gr.Column():
                    keep_instruments = gr.Checkbox(plain.keep_instruments,
                                                   label="Only the prompt's instruments play on")
                    whistle = gr.Checkbox(False, label="A short whistle where the machine takes over")
            with gr.Row():
                system = gr.Dropdown(view.systems(generator.systems), value=generator.system, label="System",
                                     info="Who composes.", visible=len(generator.systems) > 1)
                style = gr.Dropdown(view.styles(generator.layout.styles), value=ANY, label="Style",
                                    info="What the music is to be like.",
                                    visible="style" in generator.controls)
                density = gr.Slider(*RANGES["density"], 0, step=1, label="Notes a bar",
                                    info="0: as many as come.", visible="density" in generator.controls)
        with gr.Row(elem_id="go"):
            go = gr.Button("Continue", variant="primary", elem_id="continue")
            end = gr.Button("Stop and keep", visible=False, elem_id="stop")
        status = gr.HTML(elem_id="status")

        gr.HTML(view.heading("III", "The takes"))
        gr.HTML(take_view.no_takes(), elem_id="takes")
        gr.HTML(view.heading("IV", "Can you tell?") + "<segue-duel></segue-duel>")
        feed = gr.HTML(html_template="<i></i>", elem_id="feed", visible="hidden", js_on_load=scripts.FEED)
        origin = gr.Textbox(visible=False)
        timer, pulse = gr.Timer(1.5), gr.Timer(0.4, active=False)

        # Nothing here uses Gradio's queue. Its answers share one connection for each visitor, which is closed
        # when all are given; an event that is sent in that moment is never answered, and the page waits for
        # ever. So each event is a request of its own, and a run is asked after until it is over.
        quiet = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
        choice = {**quiet, "trigger_mode": "always_last"}       # the last one counts
        prompt = [visit, on_stage, health, first, used]
        for opening in (page.load, timer.tick):
            opening(open_library, visit, [cards, timer, *prompt], **quiet)
        cards.select(pick, [visit, cards], prompt, js=scripts.CHOSEN, **choice)
        for tab in (shelf_tab, file_tab, nothing_tab):
            tab.select(turn, visit, prompt, **choice)
        file.upload(upload, [visit, file], [file_note, *prompt], **quiet)
        gr.on([first.change, used.change], None, [first, used], js=scripts.USED)
        on_stage.select(None, None, [first, used], js=scripts.REGION)
        gr.on([one.change for one in (on_stage, first, used, system, keep_instruments)], look,
              [visit, first, used, system, keep_instruments], [health, heard], js=scripts.RESTED, **choice)
        chosen = [first, used, system, keep_instruments, programs, tempo, style, density]
        gr.on([one.change for one in (on_stage, *chosen)], prepare, [visit, *chosen],
              js=scripts.RESTED, **choice)
        health.select(compare, [visit, first, used, system], heard, **choice)
        measured = unit.input(measure, unit, length, **choice)
        settled = character.input(settle, character, [temperature, top_k, top_p, ngram, guidance], **choice)
        for setting in (temperature, top_k, top_p, ngram, guidance):
            setting.input(None, None, character, js=f"() => '{OWN}'")
        changed = system.input(change, system, [style, density], **choice)
        dice.click(None, None, seed, js="() => String(Math.floor(Math.random() * 1000000))")
        settings = [length, unit, takes, temperature, top_k, top_p, ngram, guidance, keep_instruments,
                    whistle, system, style, density, best_of, ending]
        gr.on([one.input for one in settings], None, settings, js=scripts.KEEP)
        for answered in (measured, settled, changed):
            answered.then(None, settings, js=scripts.KEEP)
        feed.restore(restore, feed, [*settings, character], js=scripts.KEPT, **quiet)
        asked = [visit, cards, programs, tempo, first, used, length, unit, takes, temperature, top_k, top_p,
                 ngram, guidance, seed, keep_instruments, whistle, system, style, density, best_of, ending,
                 origin]
        run = [status, feed, go, end, pulse]
        pressed = go.click(begin, asked, run, js=scripts.ASKED, **quiet)
        pressed.failure(None, None, status, js=f"() => {json.dumps(view.note(UNHEARD))}")
        feed.reopen(reopen, feed, run, js=scripts.WISH, **quiet)
        feed.resume(resume, feed, run, js=scripts.REMEMBERED, **quiet)
        pulse.tick(watch, None, run, **quiet)
        end.click(halt, **quiet)
        page.unload(close)
    return page


def in_view(shown: Shown) -> tuple[Any, Any, Any, Any, Any]:
    """Status, takes, Continue button, Stop button, pulse."""
    said, takes = (gr.skip() if part is None else part for part in (shown.said, shown.takes))
    if shown.over is None:
        return said, takes, gr.skip(), gr.skip(), gr.skip()
    return (said, takes, gr.update(interactive=shown.over), gr.update(visible=not shown.over),
            gr.Timer(active=not shown.over))


def mount_compose(app: FastAPI, generator: Generator, catalogue: Catalogue, shelf: Shelf) -> None:
    """Adds the page at / and its takes at /takes/ to an application. Call it last: / catches all the rest.

    The application must serve static/ at /static; its answers are made smaller from now on.
    """
    app.add_middleware(Squeeze)
    app.include_router(keeping.router(shelf))
    app.include_router(shelf.router())
    app.include_router(Voices(shelf).router())
    page = compose_page(generator, catalogue, shelf)
    scripts = bundle.modules("compose", ["player.js", "takes.js", "duel.js"], view.STATIC)
    styles = bundle.sheet("compose", [view.STATIC / f"{name}.css" for name in STYLES], "/static/")
    kinds = {part["type"] for part in page.get_config_file()["components"]}
    tags, theirs = opening(kinds, [scripts, styles])
    app.include_router(bundle.router([scripts, styles, *theirs]))
    gr.mount_gradio_app(app, page, "/", max_file_size=MAX_UPLOAD, head=view.head() + styles.tag,
                        **house_options(lambda: tags + theme(page.theme_hash)))


def house_options(preface: Callable[[], str] | None = None) -> dict[str, Any]:
    """How the pages of the house are mounted: without what Gradio adds to a page and none of ours needs.

    preface: gives what stands at the beginning of the page's head.
    """
    before = [Middleware(Door), *([Middleware(Preface, tags=preface)] if preface else [])]
    return {"footer_links": [], "run_history": False, "ssr_mode": False, "enable_monitoring": False,
            "mcp_server": False, "theme": house_theme(),
            "app_kwargs": {"middleware": before, "openapi_url": None}}


def house_theme() -> gr.themes.Base:
    """What is seen before static/segue.css arrives. Its fonts are the system's: nothing is fetched."""
    return gr.themes.Base(font=["Liberation Sans", "Arial", "sans-serif"], font_mono=["monospace"]).set(
        body_background_fill="#fbf8f1", body_background_fill_dark="#171512",
        body_text_color="#211d19", body_text_color_dark="#efe8dc")

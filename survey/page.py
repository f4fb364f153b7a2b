"""The Study page in the browser: one Gradio component, one server function, all decisions in `web.visit`.

Everything a participant sees is one `gr.HTML`. Its one server function takes a request and gives a view
(`survey.web.visit`); static/study.js shows it. So the page has exactly one endpoint that does anything,
`gradio_api/component_server`, and the order of trials, the answers and the clips never lie in a component's
value, where Gradio would send them to whoever asks.

The participant's token lives in the browser's localStorage and travels in the body of each request. A
cookie would need an endpoint beside Gradio's to set it, would go out with every request, clips included,
and could be used by other sites' forms; Gradio's own BrowserState is encrypted with a key that a restart
changes unless it is kept somewhere, and cannot be filled from a link. A private link carries the token
after `#`, which browsers do not send to servers.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.middleware import Middleware

from survey.store import Store
from survey.web import markup
from survey.web.audio import clips_router
from survey.web.gate import Gate
from survey.web.limits import Limits
from survey.web.visit import Visits

PATH = "/study/{slug}"
FUNCTION = "act"                        # the one server function, `act` below
STATIC = Path(__file__).parent.parent / "static"
# The document lies at /study/<slug>/, so that ../../ is where the program is, behind a proxy's prefix too.
_ON_LOAD = """
import(new URL(%s, document.baseURI)).then((study) => study.begin(element, server));
"""


def study_page(store: Store) -> gr.Blocks:
    """The page of every study; the slug is a path parameter of the mount (see `mount_study`)."""
    visits = Visits(store)

    def act(request_: Any, request: gr.Request) -> dict[str, object]:
        return visits.act(request.path_params["slug"], request_)

    with gr.Blocks(title="Segue", analytics_enabled=False) as page:
        gr.HTML(markup.frame(), elem_id="study-page", apply_default_css=False,
                js_on_load=_ON_LOAD % json.dumps(_asset("study.js")),
                server_functions=[act])
    return page


def mount_study(app: FastAPI, store: Store, data_dir: Path, **gradio_options: Any) -> None:
    """Adds the Study page at /study/<slug> and the clips at /clips/<handle> to an application.

    The application must serve static/ at /static. `gradio_options` go to `gr.mount_gradio_app` (`theme`,
    say). Call it before anything is mounted at `/`, which would catch its paths.
    """
    limits = Limits()
    app.include_router(clips_router(store, data_dir, limits))
    styles = "".join(f'<link rel="stylesheet" href="{_asset(name)}">' for name in ("segue.css", "study.css"))
    head = styles + '<meta name="robots" content="noindex">' + gradio_options.pop("head", "")
    page = study_page(store)
    [component] = page.blocks
    gate = Middleware(Gate, store=store, limits=limits, component=component, function=FUNCTION)
    gr.mount_gradio_app(
        app, page, PATH, footer_links=[], run_history=False, max_file_size=1, show_error=False,
        enable_monitoring=False, ssr_mode=False, mcp_server=False, head=head,
        app_kwargs={"middleware": [gate]}, **gradio_options)


def _asset(name: str) -> str:
    """A file in static/ by a name that changes with its content, so that no browser uses an old one."""
    path = STATIC / name
    version = hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else "0"
    return f"../../static/{name}?v={version}"

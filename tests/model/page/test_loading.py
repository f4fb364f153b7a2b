"""The first visit: all that the page needs is named in its first bytes, in few requests."""

import re
from urllib.parse import urlsplit

from tests.model.page.site import opened


def test_nothing_is_asked_for_that_was_not_named_at_once(site, page):
    asked = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    with page.expect_response(site.url + "/") as answered:
        opened(site, page)
    named = set(re.findall(r'href="\.(/assets/[^"]+)"', answered.value.text()))
    fetched = [path for path in asked if path.startswith("/assets/")]
    assert {path for path in fetched if path.endswith(".js")} <= named, "Gradio's loader has changed"
    assert len([path for path in fetched if path.endswith(".css")]) == 1, "the others come as one sheet"
    ours = [path for path in asked if re.fullmatch(r"/(static/)?[\w-]+\.(js|css)", path)]
    assert len(ours) <= 4, ours         # our modules, our sheet, Gradio's sheets, its theme

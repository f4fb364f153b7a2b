"""A visitor of the Compose page without a browser: asks the server what the page would ask."""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

TAG, BYTES_A_SECOND, BLOCK = 24_576, 40_000, 32_768     # of live.mp3; Chromium plays whole blocks


@dataclass
class Visitor:
    """One tab. url: of the Compose page, without a slash at the end."""

    url: str
    session: str = field(default_factory=lambda: secrets.token_hex(6))

    def __post_init__(self) -> None:
        config = json.loads(self.fetch("/config")[1])
        parts = {part["id"]: part["props"] for part in config["components"]}
        self._events = {event["api_name"]: event["id"] for event in config["dependencies"]}
        self._inputs = {event["api_name"]: [parts[one] for one in event["inputs"]]
                        for event in config["dependencies"]}

    def get(self, path: str) -> HTTPResponse:
        """The answer to a request on a connection of its own, to be closed or read to its end."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=120)
        connection.request("GET", path, headers={"Connection": "close"})
        return connection.getresponse()

    def fetch(self, path: str) -> tuple[int, bytes]:
        """Status and content."""
        with self.get(path) as answer:
            return answer.status, answer.read()

    def ask(self, event: str, *data: object, **chosen: object) -> list:
        """What an event gives. data: its inputs in order; else those that the page begins with, but for the
        chosen, which are named by their label or element."""
        if not data:
            data = [chosen.get(part.get("elem_id") or "", chosen.get(_name(part), part.get("value")))
                    for part in self._inputs[event]]
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=120)
        body = json.dumps({"data": data, "fn_index": self._events[event], "session_hash": self.session})
        connection.request("POST", "/gradio_api/run/predict", body, {
            "Content-Type": "application/json", "Connection": "close"})
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()
        if answer.status != 200:
            raise ConnectionError(f"{event}: {answer.status} {said}")
        return said["data"]

    def choose(self, piece: str, **chosen: object) -> None:
        """Puts a piece of the library on the stage, and waits until it has been read."""
        self.ask("pick", None, piece)
        self.ask("prepare", **chosen)

    def go_on(self, piece: str, **chosen: object) -> list:
        """Presses Continue."""
        return self.ask("begin", library=piece, **chosen)

    def hung(self, seconds: float = 60) -> dict[str, str]:
        """The attributes of the first take that hangs, as soon as there is one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            said = self.ask("watch")
            if found := player(said):
                return found
            time.sleep(0.1)
        raise TimeoutError(said[0])


def player(said: list) -> dict[str, str]:
    """The attributes of the first player in an answer of `begin` or `watch`; none where there is none."""
    feed = said[1] if isinstance(said[1], str) else ""
    found = re.search(r"<segue-player ([^>]*)>", feed)
    pairs = re.findall(r'([\w-]+)="([^"]*)"', found[1]) if found else []
    return {name: unescape(value) for name, value in pairs}


def _name(part: dict) -> str:
    return (part.get("label") or "").replace(" ", "_").lower()

"""How soon Compose sounds, whether it ever stops for want of music, and how it bears a crowd, over HTTP.

    python -m tests.bench.load_compose [--prompts 20] [--visitors 20] [--participants 50] [--pause 2]

The server is a process of its own, with uvicorn, the Compose page, the default system, and the Study page
with its small study, as `load_study` has it. One after the other:

first     a visitor continues prompts that have been read, one take of 8 bars each: seconds from the click to
          the first block of sound that Chromium would play (the lead-in of the prompt), and to the first
          bytes that hold new music; for how long a player that begins with that block would be silent
crowd     as many visitors at once: seconds to the first new music
storm     runs that are stopped as soon as they have begun: milliseconds from Stop to the end of the run
study     notes per second of all workers while participants answer the listening test, over those alone, and
          over what the cores leave beside them; and the time of an answer

Prints JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import statistics
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.load_study import WARM_UP, Crowd, milliseconds
from tests.model.visitor import BLOCK, BYTES_A_SECOND, TAG, Visitor, player

SECONDS = 15            # of decoding whose speed is measured


def serve(folder: str, prompts: int, told: multiprocessing.connection.Connection) -> None:
    """Serves until asked to stop; then, and whenever asked, tells how much processor time it has used."""
    from fastapi.staticfiles import StaticFiles

    from model import Generator
    from model import prompts as library
    from model.catalogue import Catalogue
    from model.page import mount_compose
    from model.shelf import Shelf
    from model.view import STATIC
    from survey.store import Store
    from tests.survey.page.served import served
    from tests.survey.page.small import application, prepare, study

    with Store(f"sqlite:///{folder}/segue.db") as store, Generator() as generator:
        prepare(store, Path(folder), study())
        app = application(store, Path(folder))
        shelf = Shelf(Path(folder) / "takes")
        catalogue = Catalogue(lambda: library(Path(folder) / "library")[:prompts], shelf)
        catalogue.start().join()
        generator.warm()
        app.mount("/static", StaticFiles(directory=STATIC))
        mount_compose(app, generator, catalogue, shelf)
        with served(app) as url:
            told.send((url, [card.prompt.id for card in catalogue.cards()]))
            while told.recv() != "stop":
                told.send(time.process_time())


def listen(visitor: Visitor, began: float, found: dict[str, str]) -> dict[str, float]:
    """Plays a take that has begun to grow: when it sounds, when new music is there, how long it is silent."""
    start, seam = float(found["autoplay-from"]), float(found["seam"])
    answer, arrived, received = visitor.get(f"{found['live']}?from={start}"), [], 0
    if answer.status != 200:
        raise ConnectionError(f"live.mp3: {answer.status} {answer.read()[:200]}; {visitor.ask('watch')[0]}")
    while data := answer.read1(4096):
        received += len(data)
        arrived.append((time.monotonic() - began, received))
    first = next(at for at, count in arrived if count >= BLOCK)
    new = next(at for at, count in arrived if count > TAG + (seam - start) * BYTES_A_SECOND)
    silent, blocks = 0.0, {}
    for at, count in arrived:
        for block in range(count // BLOCK):
            blocks.setdefault(block, at)
    for block, at in sorted(blocks.items()):
        due = first + silent + max(block * BLOCK - TAG, 0) / BYTES_A_SECOND
        silent += max(at - due, 0.0)
    return {"sound_s": first, "music_s": new, "silent_s": silent}


def take(url: str, piece: str, bars: int, read_ahead: bool) -> dict[str, float]:
    """One visitor, one take, from the click to the last sound."""
    visitor = Visitor(url)
    if read_ahead:
        visitor.choose(piece)
    began = time.monotonic()
    said = visitor.go_on(piece, takes=1, bars_to_compose=bars)
    return listen(visitor, began, player(said) or visitor.hung(300))


def storm(url: str, pieces: list[str], count: int) -> list[float]:
    """Seconds from Stop to the end of the run, as the page is told."""
    found = []
    for number in range(count):
        visitor = Visitor(url)
        visitor.go_on(pieces[number % len(pieces)], takes=1, bars_to_compose=64)
        visitor.hung()
        began = time.monotonic()
        visitor.ask("halt")
        while visitor.ask("watch")[4].get("active", False):
            pass
        found.append(time.monotonic() - began)
    return found


def speed(url: str, pieces: list[str], workers: int, seconds: float) -> float:
    """Notes per second of all takes that are made one after the other by as many visitors as workers."""
    notes, over = [], time.monotonic() + seconds

    def visit(number: int) -> None:
        while time.monotonic() < over:
            visitor = Visitor(url)
            visitor.go_on(pieces[number % len(pieces)], takes=1, bars_to_compose=64)
            while time.monotonic() < over and visitor.ask("watch")[4].get("active", False):
                time.sleep(0.2)
            visitor.ask("halt")
            while (said := visitor.ask("watch"))[4].get("active", False):
                time.sleep(0.02)
            notes.append(_notes(said))

    began = time.monotonic()
    threads = [threading.Thread(target=visit, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(notes) / (time.monotonic() - began)


def _notes(said: list) -> int:
    return sum(int(count.replace(",", "")) for count in re.findall(r"([\d,]+) new notes?", str(said[1])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--participants", type=int, default=50)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds before an answer, on average")
    asked = parser.parse_args()
    cores, context = len(os.sched_getaffinity(0)), multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        here, there = context.Pipe()
        server = context.Process(target=serve, args=(folder, max(asked.prompts, 1), there))
        server.start()
        stack.callback(server.join)
        stack.callback(here.send, "stop")
        url, pieces = here.recv()

        def used() -> float:
            here.send("used")
            return here.recv() + time.process_time()

        take(url, pieces[0], 2, True)       # the workers have started
        first = [take(url, piece, 8, True) for piece in pieces[: asked.prompts]]
        crowd: list[dict[str, float]] = []
        chosen = (pieces * asked.visitors)[: asked.visitors]
        threads = [threading.Thread(target=lambda one: crowd.append(take(url, one, 2, False)), args=(piece,))
                   for piece in chosen]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stopped = storm(url, pieces, 20)
        spent, began = used(), time.monotonic()
        alone = speed(url, pieces, cores, SECONDS)
        own = (used() - spent) / (time.monotonic() - began)
        participants = Crowd(url, asked.pause)
        participants.all_at_once(range(WARM_UP))
        participants.answers.clear()
        spent, began = used(), time.monotonic()
        answering = threading.Thread(target=participants.all_at_once,
                                     args=(range(WARM_UP, WARM_UP + asked.participants),))
        answering.start()
        beside = speed(url, pieces, cores, SECONDS)
        others = max((used() - spent) / (time.monotonic() - began) - own, 0.0)
        answering.join()
    left = max((cores - others) / cores, cores / (cores + others))
    print(json.dumps({
        "cores": cores, "load": os.getloadavg()[0],
        "first": {key: spread([one[key] for one in first]) for key in first[0]},
        "gaps": sum(one["silent_s"] > 0.05 for one in first),
        "crowd": {"visitors": len(crowd), "music_s": spread([one["music_s"] for one in crowd])},
        "storm": milliseconds(stopped),
        "study": {"notes_per_s_alone": round(alone, 1), "share": round(beside / alone, 3),
                  "share_that_the_cores_leave": round(left, 3), "kept": round(beside / alone / left, 3),
                  "answer": milliseconds(participants.answers), "errors": participants.errors}}))


def spread(values: list[float]) -> dict[str, float]:
    """Median and largest, rounded."""
    return {"median": round(statistics.median(values), 2), "max": round(max(values), 2)}


if __name__ == "__main__":
    main()

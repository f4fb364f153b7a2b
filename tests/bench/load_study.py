"""How the Study page bears a crowd: many participants take a study at the same time, over HTTP.

    python -m tests.bench.load_study [--participants 50] [--pause 0]

The server is a process of its own, with uvicorn, the Study page and SQLite on disk; the study is the tests'
small one, its clips made by a made-up machine. Every participant fetches the clips of a step whole and
answers at once, or after `--pause` seconds on average; each comes from an address of their own, so that the
limits for one address do not count. The time of an answer is from sending it to the view of the next step.
Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

CALL = "/study/small/gradio_api/component_server/"
WARM_UP = 3             # participants before the clock starts


def serve(folder: str, told: multiprocessing.connection.Connection) -> None:
    """Builds the study, tells where it is served, and serves it until asked to stop."""
    from survey.store import Store
    from tests.survey.page.served import served
    from tests.survey.page.small import application, prepare, study

    with Store(f"sqlite:///{folder}/segue.db") as store:
        prepare(store, Path(folder), study())
        with served(application(store, Path(folder))) as url:
            told.send(url)
            told.recv()
            told.send(store.status("small").finished)


@dataclass
class Crowd:
    """What a crowd of participants meets."""

    url: str
    pause_s: float
    answers: list[float] = field(default_factory=list)      # seconds
    clips: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def take(self, number: int) -> None:
        """One participant, from the first page to the last."""
        from tests.survey.page.small import clip_urls, due_step, fitting, kind_of

        connection, rng = HTTPConnection(urlsplit(self.url).netloc, timeout=60), random.Random(number)
        address = {"X-Forwarded-For": f"10.0.{number // 250}.{number % 250}"}

        def fetch(method: str, path: str, body: str | None = None) -> tuple[float, bytes]:
            began = time.perf_counter()
            connection.request(method, path, body, {"Content-Type": "application/json", **address})
            response = connection.getresponse()
            data = response.read()
            if response.status != 200:
                raise HTTPException(f"{method} {path.rsplit('/', 1)[0]}: {response.status}")
            return time.perf_counter() - began, data

        def act(**request: object) -> tuple[float, dict]:
            took, data = fetch("POST", CALL, json.dumps({"data": request}))
            return took, json.loads(data)

        try:
            _, reply = act(do="start")
            token = reply["token"]
            while kind_of(reply) != "thanks":
                self.clips += [fetch("GET", clip)[0] for clip in clip_urls(reply)]
                if self.pause_s:
                    connection.close()      # the server would, by and by
                    time.sleep(rng.uniform(0, 2 * self.pause_s))
                took, reply = act(do="answer", token=token, step=due_step(reply), answer=fitting(reply))
                if reply["state"] != "step":
                    raise HTTPException(reply["notice"])
                self.answers.append(took)
        except (OSError, HTTPException) as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    def all_at_once(self, numbers: range) -> float:
        """Everybody begins together; returns the seconds until the last is done."""
        threads = [threading.Thread(target=self.take, args=(number,)) for number in numbers]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - began


def milliseconds(times: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return {"n": len(times), "median_ms": round(statistics.median(times) * 1000, 1),
            "p95_ms": round(statistics.quantiles(times, n=20)[-1] * 1000, 1),
            "max_ms": round(max(times) * 1000, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--participants", type=int, default=50)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before an answer, on average")
    asked = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        here, there = context.Pipe()
        server = context.Process(target=serve, args=(folder, there))
        server.start()
        url = here.recv()
        Crowd(url, 0).all_at_once(range(WARM_UP))
        crowd = Crowd(url, asked.pause)
        took = crowd.all_at_once(range(WARM_UP, WARM_UP + asked.participants))
        here.send("stop")
        finished = here.recv() - WARM_UP
        server.join()
    print(json.dumps({
        "participants": asked.participants, "finished": finished, "pause_s": asked.pause,
        "seconds": round(took, 1), "answers_per_s": round(len(crowd.answers) / took, 1),
        "answer": milliseconds(crowd.answers), "clip": milliseconds(crowd.clips), "errors": crowd.errors}))


if __name__ == "__main__":
    main()

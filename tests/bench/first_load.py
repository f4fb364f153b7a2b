"""How soon the Compose page can be used when a browser meets it for the first time, on a slow network.

    python -m tests.bench.first_load [--rounds 5] [--profile 4g slow none]

The server is a process of its own with the Compose page, the first pieces of the library, and a generator
that makes nothing; the browser is Chromium with an empty cache, at 390 pixels. The network is throttled by
Chromium itself (CDP Network.emulateNetworkConditions), the processor is not:

4g        9 Mbit/s down, 1.5 up, 170 ms of latency
slow      1.6 Mbit/s down, 0.75 up, 170 ms
none      as fast as this machine talks to itself

For each profile the median and the largest of the rounds: seconds until the roll of the prompt is drawn and
Continue can be pressed (both together: usable); how many requests it took, and how many kilobytes came over
the network. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.bench.load_compose import spread
from tests.conftest import find_chromium

MBIT = 1_000_000 / 8
PROFILES = {"4g": (9.0 * MBIT, 1.5 * MBIT, 170), "slow": (1.6 * MBIT, 0.75 * MBIT, 170), "none": (-1, -1, 0)}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# Seconds since the page was asked for, as soon as Continue works and the roll has ink on it.
USABLE = """() => {
  const canvas = document.querySelector('#stage segue-player canvas');
  const button = document.querySelector('#continue');
  if (!canvas?.width || !button || button.disabled) return null;
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  return pixels.some((value, index) => index % 4 === 3 && value) ? performance.now() / 1000 : null;
}"""


def serve(folder: str, told: multiprocessing.connection.Connection) -> None:
    """Serves until it is asked to stop."""
    from model import prompts
    from tests.model.page.site import Player, compose_site

    with compose_site(Path(folder) / "takes", Player(), prompts(Path(folder) / "library")[:12]) as site:
        told.send(site.url)
        told.recv()


def visit(browser: Browser, url: str, profile: str) -> dict[str, float]:
    """One first visit: seconds until the page is usable, requests, kilobytes."""
    context = browser.new_context(**PHONE)
    page = context.new_page()
    network = context.new_cdp_session(page)
    down, up, latency = PROFILES[profile]
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", {
        "offline": False, "downloadThroughput": down, "uploadThroughput": up, "latency": latency})
    came = {"requests": 0, "kilobytes": 0.0}

    def asked(event: dict) -> None:         # the modules of a bundle are asked of the browser alone
        came["requests"] += event["request"]["url"].startswith(url)

    def finished(event: dict) -> None:
        came["kilobytes"] += event["encodedDataLength"] / 1000

    network.on("Network.requestWillBeSent", asked)
    network.on("Network.loadingFinished", finished)
    page.goto(url, wait_until="commit")
    usable = page.wait_for_function(USABLE, polling=20, timeout=120_000).json_value()
    found = {"usable_s": usable, **came}
    context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", nargs="*", choices=PROFILES, default=list(PROFILES))
    asked = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        here, there = context.Pipe()
        server = context.Process(target=serve, args=(folder, there))
        server.start()
        url, load = here.recv(), os.getloadavg()[0]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        visit(browser, url, "none")         # the server has read its files
        rounds = {name: [visit(browser, url, name) for _ in range(asked.rounds)] for name in asked.profile}
        version = browser.version
        browser.close()
        here.send("stop")
        server.join()
    print(json.dumps({"load": load, "chromium": version, **{
        name: {key: spread([one[key] for one in found]) for key in found[0]}
        for name, found in rounds.items()}}))


if __name__ == "__main__":
    main()

"""Frames a second in the explorer, in a real headless Chromium: dragging, learning, racing.

    python benchmarks/explorer.py [results/report/explorer.html]

Of every letter network and every image model the point moves once a frame for some seconds, as a
pointer would move it, first while the plane's ground is still being computed, then after. Printed:
frames a second (Chromium draws 60 at most); the milliseconds of CPU time that all of Chromium's
processes spend on a frame, which count on a busy machine too (60 frames a second need less than
33 on 2 cores); and the milliseconds that one
decoding takes, in the best of 20 rounds. Then the same while a network learns, from three starts,
with the seconds until every letter is right, and while optimizers race.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
DRAG = """async ([room, card, frames]) => {
  const owner = card === null ? explorer.rooms[room] : explorer.rooms[room].cards[card];
  const { plane } = owner, times = [];
  await new Promise((done) => {
    const step = (now) => {
      times.push(now);
      if (times.length > frames) return done();
      const turn = times.length / 40;
      plane.place(plane.pointAt(0.5 + 0.4 * Math.cos(turn), 0.5 + 0.4 * Math.sin(turn)));
      owner.moved();
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
  return (1000 * (times.length - 1)) / (times.at(-1) - times[0]);
}"""


DECODE = """([room, card]) => {
  const { model } = card === null ? explorer.rooms[room] : explorer.rooms[room].cards[card];
  const layers = explorer.layersOf(model), inputs = [model.origin], times = [];
  for (let block = 0; block < 20; block++) {
    const started = performance.now(); // a clock of tenths: blocks of many
    for (let i = 0; i < 100; i++) explorer.forward(layers, inputs);
    times.push((performance.now() - started) / 100);
  }
  return Math.min(...times);
}"""
RUN = """async ([name, start]) => {
  const room = explorer.rooms[name];
  document.querySelector(`#${name}-start`).value = start;
  room.reset();
  room.run();
  let frames = 0;
  const begun = performance.now();
  await new Promise((done) => {
    const frame = () => (frames++, room.running ? requestAnimationFrame(frame) : done());
    requestAnimationFrame(frame);
  });
  return [frames, (performance.now() - begun) / 1000];
}"""
FRAMES = 180


def cpu_seconds() -> float:
    """CPU time so far of all processes that this one started: Chromium's."""
    times = [process.cpu_times() for process in psutil.Process().children(recursive=True)]
    return sum(t.user + t.system for t in times)


def measured(page, name: str, room: str, card: int | None) -> None:
    decoding = page.evaluate(DECODE, [room, card])
    for state in ("ground still to be computed", "ground there"):
        before = cpu_seconds()
        fps = page.evaluate(DRAG, [room, card, FRAMES])
        cpu = 1000 * (cpu_seconds() - before) / FRAMES
        print(f"{name:30} {state:28} {fps:5.1f} {cpu:8.1f} {decoding:9.3f}", flush=True)
        page.wait_for_function("() => explorer.jobs.length === 0", timeout=120_000)


def learned(page, room: str, start: int) -> None:
    page.locator(f"#{room}").scroll_into_view_if_needed()
    before = cpu_seconds()
    frames, seconds = page.evaluate(RUN, [room, start])
    cpu = 1000 * (cpu_seconds() - before) / frames
    print(f"{room:30} {f'start {start}, {seconds:.1f} s':28} {frames / seconds:5.1f} {cpu:8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("page", nargs="?", type=Path, default="results/report/explorer.html")
    address = parser.parse_args().page.resolve().as_uri()
    chromium = next(filter(None, map(shutil.which, NAMES)))
    print(f"{'model':30} {'':28} {'fps':>5} {'CPU ms':>8} {'decode ms':>9}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        page.goto(address)
        page.locator("#letters-plane").scroll_into_view_if_needed()
        for model in page.evaluate("explorer.rooms.letters.models.map((m) => m.id)"):
            page.locator("#letters-network").select_option(model)
            measured(page, model, "letters", None)
        for name in page.evaluate("explorer.rooms.images.sets.map((s) => s.name)"):
            page.locator(f"input[name=set][value={name}]").check()
            page.locator("#images-models").scroll_into_view_if_needed()
            for card, model in enumerate(page.evaluate("explorer.rooms.images.set.models.map((m) => m.name)")):  # fmt: skip  # noqa: E501
                measured(page, f"{name}, {model}", "images", card)
        for start in (1, 2, 3):
            learned(page, "learn", start)
        learned(page, "race", 1)
        browser.close()


if __name__ == "__main__":
    main()

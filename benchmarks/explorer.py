"""Frames a second while a point is dragged in the explorer, in a real headless Chromium.

    python benchmarks/explorer.py [results/report/explorer.html]

Of every letter network and every image model the point moves once a frame for some seconds, as a
pointer would move it, first while the plane's ground is still being computed, then after. Printed:
frames a second (Chromium draws 60 at most), the milliseconds between two frames that 95 % stay
below, and the milliseconds that one decoding takes.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
DRAG = """async ([room, card, frames]) => {
  const owner = card === null ? explorer.rooms[room] : explorer.rooms[room].cards[card];
  const { plane, model } = owner, times = [];
  const layers = explorer.layersOf(model), inputs = [model.origin];
  const started = performance.now();
  let count = 0;
  while (performance.now() - started < 200) count += explorer.forward(layers, inputs).length;
  const decoding = (performance.now() - started) / count;
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
  const gaps = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b);
  const mean = (times.at(-1) - times[0]) / gaps.length;
  return [1000 / mean, gaps[Math.floor(0.95 * gaps.length)], decoding];
}"""


def measured(page, name: str, room: str, card: int | None) -> None:
    for state in ("ground still to be computed", "ground there"):
        fps, gap, decoding = page.evaluate(DRAG, [room, card, 180])
        print(f"{name:44} {state:28} {fps:5.1f} {gap:8.1f} {decoding:9.3f}", flush=True)
        page.wait_for_function("() => explorer.jobs.length === 0", timeout=120_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("page", nargs="?", type=Path, default="results/report/explorer.html")
    address = parser.parse_args().page.resolve().as_uri()
    chromium = next(filter(None, map(shutil.which, NAMES)))
    print(f"{'model':44} {'':28} {'fps':>5} {'95 % ms':>8} {'decode ms':>9}")
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
        browser.close()


if __name__ == "__main__":
    main()

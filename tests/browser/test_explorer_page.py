"""The explorer in a real browser: it computes what Python does, and does what readers ask."""

import re
from dataclasses import asdict

import numpy as np
import pytest

import explorer_page
from latentlab.experiments.denoising import baselines
from latentlab.measures.metrics import nearest_letter
from latentlab.models import image_model, network
from latentlab.models.network import Network
from latentlab.pages import explorer

PHONE = {"has_touch": True, "viewport": {"width": 390, "height": 800}}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "explorer.html"
    path.write_text(explorer_page.render(explorer_page.content()), encoding="utf-8")
    return path.as_uri()


def point(page, plane="explorer.rooms.letters.plane"):
    return np.array(page.evaluate(f"{plane}.point"))


def picture(page, canvas="#letters-picture"):
    """What a canvas shows, after the frame that is due."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate(f"document.querySelector({canvas!r}).toDataURL()")


def box(page, selector):
    """Where an element lies, once the page has scrolled to it."""
    element = page.locator(selector).first
    element.scroll_into_view_if_needed()
    before = None
    while before != (now := element.bounding_box()):
        before = now
        page.wait_for_timeout(50)
    return now


def at(rectangle, right, down):
    x = rectangle["x"] + right * rectangle["width"]
    return x, rectangle["y"] + down * rectangle["height"]


def drag(page, selector, *places):
    rectangle = box(page, selector)
    page.mouse.move(*at(rectangle, *places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*at(rectangle, *place), steps=5)
    page.mouse.up()


def finger(page, selector, *places):
    """A finger put down at the first place, moved to each other, then lifted; yields at each."""
    rectangle = box(page, selector)
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        points = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    for i, place in enumerate(places):
        touch("touchMove" if i else "touchStart", at(rectangle, *place))
        yield place
    touch("touchEnd")


def arrived(page, place, plane="explorer.rooms.letters.plane"):
    """Wait until a plane's point lies at a place of it: a touch is dealt with in a later frame."""
    page.wait_for_function(
        f"""([right, down]) => {{
          const plane = {plane}, [x, y] = plane.toPixel(plane.point);
          return Math.hypot(x - right * plane.width, y - down * plane.height) < 3;
        }}""",
        arg=list(place),
    )


def saved(page):
    """The page's address, once it holds the state."""
    page.wait_for_timeout(450)
    return page.url


# --- the numbers


def plain(layers):
    """Layers as the page takes them, in doubles."""
    return [
        {
            "rows": len(layer.weights),
            "columns": layer.weights.shape[1],
            "weights": layer.weights.ravel().tolist(),
            "bias": None if layer.bias is None else layer.bias.tolist(),
            "activation": layer.activation,
            "beta": layer.beta,
            **({} if layer.grid is None else {"grid": asdict(layer.grid)}),
        }
        for layer in layers
    ]


def computed(page, layers, inputs):
    return np.array(
        page.evaluate(
            "([layers, inputs]) => explorer.forward(layers, inputs)", [layers, inputs.tolist()]
        )
    )


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("activation", list(network.ACTIVATIONS))
def test_letter_networks_decode_as_in_python(visit, site, activation, biases):
    net = Network((35, 20, 15, 2, 15, 20, 35), "relu", "linear", activation, "sigmoid", 0.8, biases)
    rng = np.random.default_rng(5)
    weights, codes = rng.normal(size=net.n_weights), rng.normal(0, 5, (50, 2))
    layers = explorer.letter_layers(net, weights)[net.latent_layer + 1 :]
    result = computed(visit(site), plain(layers), codes)
    assert np.abs(result - network.decode(net, weights, codes)).max() < 1e-6


def test_denoisers_answer_as_in_python(visit, site):
    net = Network((35, 18, 5, 18, 35), "relu", "linear", "sigmoid", "sigmoid", 0.8, False)
    rng = np.random.default_rng(6)
    weights, spoiled = rng.normal(size=net.n_weights), rng.random((50, 35))
    result = computed(visit(site), plain(explorer.letter_layers(net, weights)), spoiled)
    assert np.abs(result - network.forward(net, weights, spoiled)).max() < 1e-6


@pytest.mark.parametrize("activation", list(image_model.ACTIVATIONS))
def test_image_decoders_decode_as_in_python(visit, site, activation):
    knobs = explorer_page.model_settings(
        encoder_layers=(64, 32), decoder_layers=(32, 64), activation=activation
    )
    weights = explorer_page.model_weights(knobs, 784, 0)
    z = np.random.default_rng(7).normal(0, 2, (20, 2))
    result = computed(visit(site), plain(explorer.image_layers(knobs, weights)), z)
    assert np.abs(result - image_model.decode(knobs, weights, z)).max() < 1e-6


@pytest.mark.parametrize("name", explorer_page.CONVOLUTIONS)
def test_transposed_convolutions_decode_as_in_python(visit, site, name):
    knobs = explorer_page.model_settings(**explorer_page.CONVOLUTIONS[name])
    weights = explorer_page.model_weights(knobs, 784, 0)
    z = np.random.default_rng(7).normal(0, 2, (5, 2))
    result = computed(visit(site), plain(explorer.image_layers(knobs, weights)), z)
    assert np.abs(result - image_model.decode(knobs, weights, z)).max() < 1e-6


def test_stored_weights_come_back(visit, site):
    rng = np.random.default_rng(8)
    layers = [
        explorer.Layer(rng.normal(size=(300, 2)), rng.normal(size=300), "relu", 1.0),
        explorer.Layer(rng.normal(size=(200, 300)), rng.normal(size=200), "gelu", 1.0),
        explorer.Layer(np.array([[1e200] + 199 * [0.5]]), None, "tanh", 1e-200),
    ]
    inputs = rng.normal(size=(10, 2))
    stored = explorer.as_stored(layers, inputs)
    exported = [explorer.layer_json(layer) for layer in stored]
    assert [layer["weights"]["type"] for layer in exported] == ["f4", "i1", "f8"]
    restored = visit(site).evaluate(
        "([layers, inputs]) => explorer.forward(layers.map(explorer.restored), inputs)",
        [exported, inputs.tolist()],
    )
    assert np.abs(np.array(restored) - explorer.forward(stored, inputs)).max() < 1e-5


def test_the_page_shows_what_python_decodes(visit, site):
    content = explorer_page.content()
    model = content["letters"][0]
    where = model["codes"][7]
    page = visit(f"{site}#in=letters&network=font2/plane&at={where[0]},{where[1]}")
    knobs = explorer_page.settings("letters/font2/plane", [35, 9, 2, 9, 35])
    net = Network(**knobs["network"])
    decoded = network.decode(net, explorer_page.weights(knobs, 1), point(page)[None])[0]
    shown = page.evaluate("""() => {
      const { model, plane } = explorer.rooms.letters;
      return explorer.forward(explorer.layersOf(model), [plane.point])[0];
    }""")
    assert np.abs(decoded - shown).max() < explorer.NOTICED
    on = decoded > 0.5
    letters = np.array([[int(p) for p in text] for text in model["pixels"]])
    nearest = model["characters"][int(np.argmin((letters != on).sum(axis=1)))]
    reading = page.locator("#letters-reading strong")
    assert reading.text_content() == nearest


# --- letters


def test_dragging_moves_the_point_and_the_picture(visit, site):
    page = visit(site)
    before = picture(page)
    drag(page, "#letters-plane", (0.8, 0.2), (0.1, 0.9))
    [[x0, x1], [y0, y1]] = page.evaluate("explorer.rooms.letters.plane.span")
    share = (point(page) - [x0, y0]) / [x1 - x0, y1 - y0]
    assert np.allclose(share, [0.1, 0.1], atol=0.02)
    assert picture(page) != before


def test_keys_move_the_point_and_shift_goes_further(visit, site):
    page = visit(site)
    drag(page, "#letters-plane", (0.5, 0.5), (0.5, 0.5))
    start, before = point(page), picture(page)
    page.locator("#letters-plane").focus()
    page.keyboard.press("ArrowRight")
    small = point(page) - start
    page.keyboard.press("Shift+ArrowUp")
    large = point(page) - start - small
    assert small[0] > 0
    assert small[1] == 0
    assert large[0] == 0
    assert large[1] > 3 * small[0]
    page.keyboard.press("Shift+ArrowLeft")
    assert picture(page) != before


def test_zoom_shows_less_and_all(visit, site):
    page = visit(site)
    width = "explorer.rooms.letters.plane.span.map(([low, high]) => high - low)"
    whole = page.evaluate(width)
    page.locator("#letters-plane").focus()
    page.keyboard.press("+")
    assert np.allclose(page.evaluate(width), np.array(whole) / 2)
    page.locator("#letters [data-zoom=out]").first.click()
    page.locator("#letters [data-zoom=in]").first.click()
    page.locator("#letters [data-zoom=in]").first.click()
    assert np.allclose(page.evaluate(width), np.array(whole) / 4)
    page.keyboard.press("0")
    page.locator("#letters [data-zoom=fit]").first.click()
    assert page.evaluate(width) == whole


def test_the_point_is_followed_out_of_view(visit, site):
    page = visit(site)
    page.locator("#letters-plane").focus()
    for _ in range(20):
        page.keyboard.press("Shift+ArrowRight")
    [[low, high], _] = page.evaluate("explorer.rooms.letters.plane.span")
    assert low <= point(page)[0] <= high


def test_touch_moves_the_point(visit, site):
    page = visit(site, **PHONE)
    before, shown = point(page), picture(page)
    page.touchscreen.tap(*at(box(page, "#letters-plane"), 0.1, 0.15))
    assert not np.allclose(point(page), before)
    assert picture(page) != shown


def test_a_finger_drags_the_point_from_letter_to_letter(visit, site):
    page = visit(site, **PHONE)
    letters, pictures = [], []
    places = [(0.1, 0.1), (0.3, 0.3), (0.5, 0.6), (0.7, 0.4), (0.9, 0.9)]
    for place in finger(page, "#letters-plane", *places):
        arrived(page, place)
        pictures.append(picture(page))
        letters.append(page.locator("#letters-reading strong").text_content())
    assert len(set(pictures)) == len(places)
    assert len(set(letters)) > 1
    arrived(page, places[-1])  # where the finger was lifted it stays


def test_pixels_on_or_off(visit, site):
    page = visit(site)
    levels = """() => {
      const copy = new OffscreenCanvas(300, 420);
      const pen = copy.getContext("2d", { willReadFrequently: true });
      pen.drawImage(document.querySelector("#letters-picture"), 0, 0);
      const { data, width } = pen.getImageData(0, 0, 300, 420);
      const level = (i) => data[4 * (width * (60 * Math.floor(i / 5) + 30) + 60 * (i % 5) + 30)];
      return new Set(Array.from({ length: 35 }, (_, i) => level(i))).size;
    }"""
    page.wait_for_timeout(100)
    assert page.evaluate(levels) > 2
    page.get_by_label("on or off").check()
    page.wait_for_timeout(100)
    assert page.evaluate(levels) <= 2


def test_a_drawn_path_is_watched(visit, site):
    page = visit(site)
    page.get_by_label("draws a path").check()
    drag(page, "#letters-plane", (0.2, 0.2), (0.8, 0.3), (0.7, 0.8))
    assert page.locator("#letters-play").text_content() == "Pause"
    first = point(page)
    page.wait_for_timeout(300)
    assert not np.allclose(point(page), first)
    page.locator("#letters-play").click()
    page.locator("#letters-along").fill("1000")
    end = page.evaluate("explorer.rooms.letters.plane.path.points.at(-1)")
    assert np.allclose(point(page), end)
    assert len(page.evaluate("explorer.rooms.letters.plane.path.points")) <= 40
    page.locator("#letters-clear").click()
    assert page.evaluate("explorer.rooms.letters.plane.path") is None
    assert page.locator("#letters-play").is_disabled()


def test_with_reduced_motion_a_path_waits(visit, site):
    page = visit(site, reduced_motion="reduce")
    page.get_by_label("draws a path").check()
    drag(page, "#letters-plane", (0.2, 0.2), (0.8, 0.3))
    assert page.locator("#letters-play").text_content() == "Play"
    assert page.locator("#letters-play").is_enabled()


def test_travel_from_letter_to_letter_by_keyboard_alone(visit, site):
    page = visit(site)
    page.locator("#letters-from").select_option("3")
    page.locator("#letters-to").select_option("9")
    page.locator("#letters-go").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => !explorer.rooms.letters.playing", timeout=15000)
    codes = page.evaluate("explorer.rooms.letters.model.codes")
    assert np.allclose(point(page), codes[9])
    assert page.locator("#letters-along").input_value() == "1000"


def test_the_nearest_letters_are_painted(visit, site):
    page = visit(site)
    page.locator("#letters-plane").scroll_into_view_if_needed()
    page.wait_for_function("() => explorer.rooms.letters.plane.back.width === 400", timeout=30000)
    colors = page.evaluate("""() => {
      const { back } = explorer.rooms.letters.plane;
      const image = back.getContext("2d").getImageData(0, 0, back.width, back.height);
      return new Set(new Uint32Array(image.data.buffer)).size;
    }""")
    assert colors > 10


def test_a_single_latent_unit_is_a_line(visit, site):
    page = visit(site)
    page.locator("#letters-network").select_option("font1/line")
    plane = page.locator("#letters-plane")
    assert plane.get_attribute("role") == "slider"
    drag(page, "#letters-plane", (0.3, 0.5), (0.7, 0.1))
    assert point(page)[1] == 0
    value = plane.get_attribute("aria-valuenow")
    assert float(value) == pytest.approx(point(page)[0], rel=1e-4)
    assert re.search(r"\d: ", plane.get_attribute("aria-valuetext"))


def test_what_is_decoded_is_said(visit, site):
    page = visit(site)
    page.locator("#letters-plane").focus()
    page.keyboard.press("Shift+ArrowUp")
    live = page.locator("#letters-live")
    page.wait_for_function("() => document.querySelector('#letters-live').textContent")
    reading = page.locator("#letters-reading strong").text_content()
    assert f": {reading}, " in live.text_content()
    assert live.get_attribute("role") == "status"


# --- denoiser


def spoiled(page):
    return np.array(page.evaluate("explorer.rooms.denoiser.input"))


def test_a_pixel_is_clicked_and_the_answer_changes(visit, site):
    page = visit(site)
    before, answer = spoiled(page), picture(page, "#denoiser-picture")
    for pixel in (0, 17, 30):
        page.locator(f"#denoiser-grid [data-pixel='{pixel}']").click()
    changed = np.flatnonzero(spoiled(page) != before)
    assert changed.tolist() == [0, 17, 30]
    assert picture(page, "#denoiser-picture") != answer
    pressed = page.locator("#denoiser-grid [data-pixel='0']").get_attribute("aria-pressed")
    assert (pressed == "true") == (spoiled(page)[0] == 1)


def test_pixels_are_drawn_in_one_stroke(visit, site):
    page = visit(site)
    page.locator("#denoiser-clean").click()
    drag(page, "#denoiser-grid", (0.1, 0.5), (0.9, 0.5))
    row = spoiled(page)[15:20]
    assert len(set(row)) == 1


def test_a_tap_switches_a_pixel(visit, site):
    page = visit(site, **PHONE)
    before, answer = spoiled(page), picture(page, "#denoiser-picture")
    page.locator("#denoiser-grid [data-pixel='7']").tap()
    assert picture(page, "#denoiser-picture") != answer
    assert np.flatnonzero(spoiled(page) != before).tolist() == [7]
    page.locator("#denoiser-grid [data-pixel='7']").tap()
    assert picture(page, "#denoiser-picture") == answer


def test_a_finger_draws_on_the_pixels(visit, site):
    page = visit(site, **PHONE)
    page.locator("#denoiser-clean").click()
    before, answer = spoiled(page), picture(page, "#denoiser-picture")
    column = [(0.5, (row + 0.5) / 7) for row in range(7)]
    painted = before.copy()
    painted[2::5] = 1 - before[2]  # all as the first, which is switched
    for row, _ in enumerate(finger(page, "#denoiser-grid", *column)):
        page.wait_for_function(
            "([pixel, value]) => explorer.rooms.denoiser.input[pixel] === value",
            arg=[5 * row + 2, int(painted[2])],
        )
    assert spoiled(page).tolist() == painted.tolist()
    assert picture(page, "#denoiser-picture") != answer


def test_the_grid_is_operated_by_keys(visit, site):
    page = visit(site)
    before = spoiled(page)
    page.locator("#denoiser-grid [data-pixel='0']").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft", "Space"):
        page.keyboard.press(key)
    assert np.flatnonzero(spoiled(page) != before).tolist() == [5]
    assert page.locator("#denoiser-grid [tabindex='0']").count() == 1


def test_noise_and_clean(visit, site):
    page = visit(site)
    page.locator("#denoiser-network").select_option("font2/b")
    page.locator("#denoiser-letters").get_by_label("C", exact=True).check()
    assert page.locator("#denoiser-percent").text_content() == "10 %"
    clean = [int(p) for p in explorer_page.content()["denoising"][1]["pixels"][3]]
    assert spoiled(page).tolist() == clean
    different = 0
    for _ in range(5):
        page.locator("#denoiser-noise").click()
        different += (spoiled(page) != clean).sum()
    assert 0 < different < 60
    page.locator("#denoiser-clean").click()
    assert spoiled(page).tolist() == clean


# --- images


def test_all_models_take_a_test_image(visit, site):
    page = visit(site)
    before = picture(page, ".answer")
    page.locator("#images-samples button").nth(13).click()
    for i in range(3):
        sample = page.evaluate(f"explorer.rooms.images.cards[{i}].model.samples[13]")
        assert np.allclose(point(page, f"explorer.rooms.images.cards[{i}].plane"), sample)
    assert picture(page, ".answer") != before
    assert page.locator(".original:visible").count() == 3


def test_a_point_of_one_model_moves_alone(visit, site):
    page = visit(site)
    before = [point(page, f"explorer.rooms.images.cards[{i}].plane") for i in range(3)]
    shown = picture(page, ".answer")
    drag(page, "#images-models .plane", (0.5, 0.5), (0.95, 0.05))
    after = [point(page, f"explorer.rooms.images.cards[{i}].plane") for i in range(3)]
    assert [not np.allclose(a, b) for a, b in zip(after, before, strict=True)] == [
        True,
        False,
        False,
    ]
    assert picture(page, ".answer") != shown
    assert page.locator(".original:visible").count() == 2


def test_a_finger_drags_the_point_of_an_image_plane(visit, site):
    page = visit(site, **PHONE)
    pictures = []
    places = [(0.1, 0.2), (0.4, 0.5), (0.9, 0.8)]
    for place in finger(page, "#images-models .plane", *places):
        arrived(page, place, "explorer.rooms.images.cards[0].plane")
        pictures.append(picture(page, ".answer"))
    assert len(set(pictures)) == len(places)


def test_the_class_is_that_of_the_nearest_test_images(visit, site):
    page = visit(site)
    page.locator("#images-samples button").nth(4).click()
    page.wait_for_function("() => explorer.jobs.length === 0", timeout=20000)
    x = image_model.scaled(explorer_page.random_images(60, 8).test_images)
    knobs = explorer_page.model_settings()
    codes = image_model.encode(knobs, explorer_page.model_weights(knobs, 64, 0), x)[0]
    distance = np.linalg.norm(codes - point(page, "explorer.rooms.images.cards[0].plane"), axis=1)
    votes = np.bincount(np.argsort(distance)[:15] % 10, minlength=10)
    text = page.locator(".model .reading").first.text_content()
    label, count = re.search(r"class (\d) \((\d+)/15\)", text).groups()
    assert int(count) == votes.max() == votes[int(label)]


def test_planes_show_images_or_codes(visit, site):
    page = visit(site)
    page.locator("#images").scroll_into_view_if_needed()
    page.wait_for_function("() => explorer.jobs.length === 0", timeout=20000)
    decoded = picture(page, "#images-models .plane")
    assert not page.locator(".legend").first.is_visible()
    page.get_by_label("test codes").check()
    page.wait_for_function("() => explorer.jobs.length === 0", timeout=20000)
    assert picture(page, "#images-models .plane") != decoded
    assert page.locator(".legend").first.is_visible()


def test_another_image_set(visit, site):
    page = visit(site)
    page.locator("#images-sets").get_by_label("Line_set").check()
    assert page.locator(".model").count() == 1
    assert page.locator(".model .plane").get_attribute("role") == "slider"


# --- learning


LEARNED = "() => explorer.rooms.learn.wrong.every((wrong) => wrong === 0)"


def live(page):
    """The weights that learn, their network, how many evaluations they took, wrong pixels."""
    return page.evaluate("""() => {
      const { training, problem, wrong, history, running, model } = explorer.rooms.learn;
      return { weights: [...training.weights], network: problem.network, cost: training.cost,
               wrong, history, running: Boolean(running), codes: model.codes };
    }""")


def test_a_network_learns_every_letter_before_the_readers_eyes(visit, site):
    page = visit(site)
    start, plane = live(page), picture(page, "#learn-plane")
    drawn = picture(page, "#learn-curve")
    page.locator("#learn-go").click()
    page.wait_for_function("() => explorer.rooms.learn.history.length > 5")
    assert picture(page, "#learn-plane") != plane
    page.wait_for_function(LEARNED, timeout=120_000)
    page.wait_for_function("() => !explorer.rooms.learn.running")
    end = live(page)
    net = Network(**end["network"])
    letters = explorer_page.FONTS["font2"].pixels
    weights = np.array(end["weights"])
    assert start["cost"] == 0
    assert np.all((network.forward(net, weights, letters) > 0.5) == letters)
    assert np.allclose(end["codes"], network.encode(net, weights, letters))
    errors = [error for _, error in end["history"]]
    assert errors[-1] < 0.2 * errors[0]
    assert page.locator("#learn-reading strong").text_content() == "32 of 32 letters right"
    assert picture(page, "#learn-curve") != drawn
    page.locator("#learn-go").click()  # it goes on, although there is nothing wrong
    page.wait_for_function("(cost) => explorer.rooms.learn.training.cost > cost", arg=end["cost"])


def test_a_start_is_what_its_number_says(visit, site):
    page = visit(site)
    first = live(page)["weights"]
    page.locator("#learn-again").click()
    second = live(page)["weights"]
    page.locator("#learn-start").fill("1")
    page.locator("#learn-start").blur()
    assert live(page)["weights"] == first
    assert second != first


def test_powells_line_search_is_seen(visit, site):
    page = visit(site)
    assert not page.locator("#learn-search").is_visible()
    page.locator("#learn-optimizer").select_option("powell")
    before = picture(page, "#learn-search")
    page.locator("#learn-step").click()
    search = page.evaluate("explorer.rooms.learn.training.search")
    assert picture(page, "#learn-search") != before
    told = page.locator("#learn-searched").text_content()
    assert f"{len(search['tried']) - 1} evaluation" in told
    assert told.startswith("Weight 1, layer 1")
    assert search["value"] == min(error for _, error in search["tried"])
    page.locator("#learn-step").click()
    assert page.locator("#learn-searched").text_content().startswith("Weight 2, layer 1")


def test_knobs_make_another_network(visit, site):
    page = visit(site)
    page.locator(".knobs summary").click()
    page.locator("#learn-hidden").fill("35-12-5")
    page.locator("#learn-hidden").blur()
    page.locator("#learn-encoder").select_option("relu")
    page.locator("#learn-biases").uncheck()
    network_ = live(page)["network"]
    assert (network_["architecture"], network_["encoder"], network_["biases"]) == (
        [35, 12, 5, 12, 35], "relu", False,
    )  # fmt: skip
    page.locator("#learn-go").click()
    page.wait_for_function("() => explorer.rooms.learn.training.epoch > 3")
    address = saved(page)
    assert live(visit(address))["network"] == network_


@pytest.mark.parametrize(
    ("knob", "value", "fault"),
    [("hidden", "35-5000-2", "Layers are written"), ("hidden", "12-2", "Layers are written"),
     ("encoder", "step", "no gradient"), ("output", "tanh", "sigmoid output"),
     ("learning_rate", "0", "above 0"), ("beta", "-1", "Beta: a number from 0.05 to 10."),
     ("max_epochs", "0", "Epochs at most: a whole number from 1 to 100000."),
     ("start", "1.5", "Start: a whole number from 0 to 999999."), ("start", "", "Start: a whole")],
)  # fmt: skip
def test_knobs_that_do_not_fit_are_told(visit, site, knob, value, fault):
    page = visit(site)
    page.locator(".knobs summary").click()
    control = page.locator(f"#learn-{knob}")
    if control.evaluate("knob => knob.tagName") == "SELECT":
        control.select_option(value)
    else:
        control.fill(value)
        control.blur()
    assert fault in page.locator("#learn-fault").text_content()
    assert page.locator("#learn-go").is_disabled()


def test_knobs_that_are_folded_open_where_one_does_not_fit(visit, site):
    page = visit(site)
    assert not page.locator(".knobs").evaluate("knobs => knobs.open")
    page.locator("#learn-beta").evaluate(
        "knob => { knob.value = -1; knob.dispatchEvent(new Event('change', { bubbles: true })); }"
    )
    assert "Beta" in page.locator("#learn-fault").text_content()
    assert page.locator(".knobs").evaluate("knobs => knobs.open")


def test_a_new_start_leads_out_of_a_bad_one_in_either_language(visit, site):
    page = visit(site)
    start = page.locator("#learn-start")
    start.fill("-7")
    start.blur()
    assert page.locator("#learn-fault").text_content().startswith("Start: a whole number")
    page.locator("#learn-again").click()
    assert start.input_value() == "1"
    assert page.locator("#learn-fault").text_content() == ""
    start.fill("999999")
    page.locator("#learn-again").click()
    assert start.input_value() == "1"


def test_a_font_that_only_every_object_has_is_passed_over(visit, site):
    recipe = visit(site).locator("#learn-recipe").input_value()
    page = visit(f"{site}#recipe={recipe}&font=constructor")
    assert page.locator("#learn-font").input_value() != ""
    assert page.evaluate("explorer.rooms.learn.training !== undefined")


def test_a_race_starts_from_whole_numbers_alone(visit, site):
    page = visit(site)
    start, go = page.locator("#race-start"), page.locator("#race-go")
    start.fill("-1")
    start.blur()
    assert page.locator("#race-fault").text_content() == "Start: a whole number from 0 to 999999."
    assert go.is_disabled()
    start.fill("7")
    start.blur()
    assert page.locator("#race-fault").text_content() == ""
    assert go.is_enabled()


def test_what_learned_can_be_explored(visit, site):
    page = visit(site)
    page.locator("#learn-step").click()
    page.locator("#learn-keep").click()
    assert page.locator("#letters-network").input_value() == "yours"
    assert "The network you trained" in page.locator("#letters-network").text_content()
    codes = page.evaluate("explorer.rooms.letters.model.codes")
    assert codes == live(page)["codes"]


def test_learning_is_started_by_keyboard_alone(visit, site):
    page = visit(site)
    page.locator("#learn-go").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => explorer.rooms.learn.training.epoch > 0")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !explorer.rooms.learn.running")


# --- race


def test_a_race_costs_all_the_same(visit, site):
    page = visit(site)
    page.locator("#race-entrants input").nth(2).check()
    page.locator("#race-go").click()
    middle = page.wait_for_function("""() => {
      const costs = explorer.rooms.race.runners.map((runner) => runner.training.cost);
      return Math.min(...costs) > 300 && costs;
    }""").json_value()
    assert max(middle) - min(middle) < 250  # at most what a line search takes
    page.wait_for_function("() => !explorer.rooms.race.running", timeout=60_000)
    runners = page.evaluate("""() => explorer.rooms.race.runners.map((runner) => ({
      optimizer: runner.entrant.optimizer, cost: runner.training.cost, history: runner.history,
      error: runner.error }))""")
    assert [r["optimizer"] for r in runners] == ["powell", "adam", "rmsprop", "backpropagation"]
    assert len({r["history"][0][1] for r in runners}) == 1  # the same start
    assert all(2990 <= r["cost"] < 3250 for r in runners)
    assert all(r["error"] < r["history"][0][1] for r in runners)
    rows = page.locator("#race-table tbody tr")
    assert rows.count() == 4
    for row, runner in zip(rows.all(), runners, strict=True):
        assert float(row.locator("td").first.text_content()) == pytest.approx(
            runner["error"], rel=0.01
        )


def test_a_race_is_restored_from_its_address(visit, site):
    page = visit(site)
    page.locator("#race-entrants input").first.uncheck()
    page.locator("#race-start").fill("7")
    page.locator("#race-start").blur()
    again = visit(saved(page))
    look = """explorer.rooms.race.runners.map((r) => [r.entrant.optimizer, r.history[0]])"""
    assert again.evaluate(look) == page.evaluate(look)
    assert len(again.evaluate(look)) == 2


# --- your own letter, a second network


def test_an_own_letter_goes_through_the_network(visit, site):
    page = visit(site)
    page.locator("#letters-blank").click()
    for pixel in (2, 7, 12, 17):
        page.locator(f"#letters-own [data-pixel='{pixel}']").click()
    given = np.zeros(35)
    given[[2, 7, 12, 17]] = 1
    knobs = explorer_page.settings("letters/font2/plane", [35, 9, 2, 9, 35])
    net, weights = Network(**knobs["network"]), explorer_page.weights(knobs, 1)
    assert np.allclose(point(page), network.encode(net, weights, given[None])[0], atol=1e-3)
    picture(page)
    shown = page.evaluate("explorer.rooms.letters.shown")
    assert np.allclose(shown, network.forward(net, weights, given[None])[0], atol=1e-3)
    assert page.locator("#letters-reading").text_content().startswith("It returns ")
    again = visit(saved(page))
    assert again.evaluate("explorer.rooms.letters.input") == given.tolist()
    page.locator("#letters-give").click()
    assert len(page.evaluate("explorer.rooms.letters.input.filter((p) => p === 1)")) > 0


def test_an_own_letter_of_a_space_of_more_units_is_not_flattened(visit, site):
    page = visit(site)
    page.locator("#letters-network").select_option("all/space")
    page.locator("#letters-blank").click()
    knobs = explorer_page.settings("letters/all/space", [35, 9, 5, 9, 35], encoder="linear")
    net, weights = Network(**knobs["network"]), explorer_page.weights(knobs, 3)
    picture(page)
    shown = page.evaluate("explorer.rooms.letters.shown")
    assert np.allclose(shown, network.forward(net, weights, np.zeros((1, 35)))[0], atol=1e-3)


def test_two_networks_get_the_same_picture(visit, site):
    page = visit(site)
    assert not page.locator("#letters-other").is_visible()
    page.locator("#letters-second").select_option("font1/line")
    other = "explorer.rooms.letters.other"
    drag(page, "#letters-plane", (0.3, 0.3), (0.6, 0.4))
    picture(page)
    shown = np.array(page.evaluate("explorer.rooms.letters.shown"))
    knobs = explorer_page.settings("letters/font1/line", [35, 9, 1, 9, 35])
    net, weights = Network(**knobs["network"]), explorer_page.weights(knobs, 2)
    code = network.encode(net, weights, shown[None])[0]
    assert np.allclose(point(page, f"{other}.plane")[0], code, atol=1e-3)
    # and the other way
    before = point(page)
    drag(page, "#letters-other .plane", (0.2, 0.5), (0.8, 0.5))
    picture(page)
    decoded = network.decode(net, weights, point(page, f"{other}.plane")[None, :1])
    first = explorer_page.settings("letters/font2/plane", [35, 9, 2, 9, 35])
    expected = network.encode(Network(**first["network"]), explorer_page.weights(first, 1), decoded)
    assert np.allclose(point(page), expected[0], atol=1e-3)
    assert not np.allclose(point(page), before)
    again = visit(saved(page))
    assert again.evaluate(f"{other}.model.id") == "font1/line"


# --- 500 noisy letters


def test_what_comes_of_noisy_letters_is_what_the_study_measures(visit, site):
    page = visit(site)
    letters = explorer_page.FONTS["font2"].pixels.astype(float)
    rng = np.random.default_rng(1)
    inputs = np.tile(letters, (3, 1)) + rng.normal(0, 0.4, (96, 35))
    scores = page.evaluate(
        """(inputs) => {
          let k = 0;
          const model = explorer.rooms.denoiser.models[1];
          return explorer.tried(model, {}, inputs.length, () => inputs[k++]);
        }""",
        inputs.tolist(),
    )
    knobs = explorer_page.settings("denoising/font2/b", [35, 6, 35], encoder="relu",
                                   decoder="sigmoid", biases=False, beta=0.8)  # fmt: skip
    net, weights = Network(**knobs["network"]), explorer_page.weights(knobs, 5)
    answers = {
        "network": network.forward(net, weights, inputs),
        "nearest": baselines.nearest(inputs, letters, 0.5, (inputs, inputs)),
        "threshold": (inputs > 0.5).astype(float),
        "nothing": baselines.do_nothing(inputs, letters, 0.5, (inputs, inputs)),
    }  # fmt: skip
    truth = np.tile(letters, (3, 1))
    assert list(scores) == list(answers)
    for name, answer in answers.items():
        wrong = ((answer > 0.5) != (truth > 0.5)).sum(axis=1)
        right = nearest_letter(answer, letters, 0.5) == np.arange(96) % 32
        assert scores[name]["within"] == pytest.approx(np.mean(wrong <= 1)), name
        assert scores[name]["right"] == pytest.approx(right.mean()), name
        error = network.squared_error(answer, truth)
        assert scores[name]["error"] == pytest.approx(error, abs=1e-3), name


def test_the_noise_slider_and_500_letters(visit, site):
    page = visit(site)
    page.locator("#denoiser-network").select_option("font2/b")
    page.locator("#denoiser-kind").select_option("bit_flip")
    assert not page.locator("#denoiser-scores").is_visible()
    shares = []
    for percent in ("0", "30"):
        page.locator("#denoiser-probability").fill(percent)
        page.locator("#denoiser-try").click()
        rows = page.locator("#denoiser-scores tbody tr")
        assert rows.count() == 4
        cells = rows.nth(3).locator("td").all_text_contents()
        shares.append(float(cells[0].split()[0]))
    assert shares[0] == 100  # doing nothing to no noise
    assert shares[1] < 5  # to 30 % of flips
    page.locator("#denoiser-probability").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#denoiser-percent").text_content() == "31 %"
    assert not page.locator("#denoiser-scores").is_visible()  # those were of another noise
    again = visit(saved(page))
    assert again.locator("#denoiser-probability").input_value() == "31"
    assert again.locator("#denoiser-kind").input_value() == "bit_flip"


# --- the prior


def test_twelve_points_of_the_prior_are_drawn(visit, site):
    page = visit(site)
    page.locator("#images-prior").click()
    cards = "explorer.rooms.images.cards"
    dots = [page.evaluate(f"{cards}[{i}].plane.dots") for i in range(3)]
    assert dots[0] == dots[1] == dots[2]  # the same for all models
    assert len(dots[0]) == 12
    assert 0.4 < np.std(dots[0]) < 1.8
    assert page.locator(".model").first.locator(".drawn canvas").count() == 12
    assert page.evaluate(f"{cards}[0].plane.circles") == [1, 2]
    address = saved(page)
    page.locator("#images-prior").click()
    assert page.evaluate(f"{cards}[0].plane.dots") != dots[0]
    assert visit(address).evaluate(f"{cards}[2].plane.dots") == dots[0]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_circles_of_the_prior_are_round(visit, site, width):
    """A unit is as long in both directions, whatever the codes' window and the screen."""
    page = visit(site, viewport={"width": width, "height": 800})
    page.locator("#images-prior").click()
    for model in range(3):
        x, y = page.evaluate(f"""() => {{
          const {{ plane }} = explorer.rooms.images.cards[{model}];
          const [center, end] = [plane.toPixel([0, 0]), plane.toPixel([1, 1])];
          return [end[0] - center[0], center[1] - end[1]];
        }}""")
        assert x == pytest.approx(y)
        fits = page.evaluate(f"""() => {{
          const {{ plane }} = explorer.rooms.images.cards[{model}];
          const long = ([low, high]) => high - low;
          return plane.window.every((side, i) => long(side) <= long(plane.span[i]) + 1e-9);
        }}""")
        assert fits  # (the view follows the point: it may lie beyond the codes' window)


def test_all_planes_on_one_scale(visit, site):
    page = visit(site)
    spans = "explorer.rooms.images.cards.map((card) => card.plane.span)"
    own = page.evaluate(spans)
    assert own[0] != own[2]
    page.get_by_label("one scale for all").check()
    one = page.evaluate(spans)
    assert one[0] == one[1] == one[2]
    widths = np.diff(one[0], axis=1)
    assert widths[0] == widths[1]  # and of both axes
    assert np.all(np.array(one[0])[:, 0] <= np.min(own, axis=0)[:, 0])
    assert visit(saved(page)).evaluate(spans) == one


# --- guided steps, languages


STEPS = ["learn", "starts", "powell", "race", "between", "own", "linear", "noise", "prior"]


def test_the_guide_has_all_steps(visit, site):
    page = visit(site)
    links = page.locator("#guide ol a").evaluate_all("all => all.map((a) => a.hash)")
    assert links == [f"#step={name}" for name in STEPS]


@pytest.mark.parametrize("name", STEPS)
def test_a_guided_step_sets_its_room_up_and_asks(visit, site, name):
    page = visit(f"{site}#step={name}")
    item = page.locator(f"[data-step={name}]")
    asked = page.locator("#asked")
    assert asked.is_visible()
    assert asked.locator("p").text_content() == item.locator(".ask").text_content()
    room = item.get_attribute("data-room")
    assert page.locator(f"#{room} #asked").count() == 1
    page.wait_for_function(
        f"() => document.querySelector('#{room}').getBoundingClientRect().top < 100"
    )
    done = {
        "learn": "explorer.rooms.learn.training.epoch > 0",
        "starts": "explorer.rooms.learn.training.epoch > 0",
        "powell": "explorer.rooms.learn.training.search !== null",
        "race": "explorer.rooms.race.runners.every(({ training }) => training.cost > 1)",
        "between": "explorer.rooms.letters.plane.path !== null",
        "own": "explorer.rooms.letters.input !== null",
        "linear": "explorer.rooms.letters.other.model !== null",
        "noise": "!document.querySelector('#denoiser-scores').hidden",
        "prior": "explorer.rooms.images.cards[0].plane.dots.length === 12",
    }
    page.wait_for_function(f"() => {done[name]}")
    if name != STEPS[-1]:
        asked.locator("a").click()
        following = page.locator(f"[data-step={STEPS[STEPS.index(name) + 1]}] .ask").text_content()
        page.wait_for_function(
            "(text) => document.querySelector('#asked p').textContent === text",
            arg=following,
            timeout=120_000,
        )


def test_a_family_of_denoisers_leads_to_its_first(visit, site):
    page = visit(f"{site}#in=denoiser&denoiser=font2")
    assert page.locator("#denoiser-network").input_value() == "font2/a"


SAID = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
  while (walker.nextNode()) {
    const { parentElement, data } = walker.currentNode;
    if (!parentElement.closest("script, style, .live")) texts.push(data.trim());
  }
  const labels = [...document.querySelectorAll("[aria-label]")];
  return texts.concat(labels.map((element) => element.getAttribute("aria-label")));
}"""  # fmt: skip


def test_the_page_speaks_spanish_and_english_again(visit, site):
    page = visit(f"{site}#step=linear")
    page.locator("#learn-optimizer").select_option("powell")
    page.locator("#learn-step").click()
    page.locator("#denoiser-try").click()
    page.locator("#images-prior").click()
    picture(page)
    english = page.evaluate(SAID)
    state = saved(page)
    page.locator("#language").click()
    picture(page)
    spanish = page.evaluate(SAID)
    texts = {
        message: translation
        for message, translation in explorer_page.SPANISH.texts.items()
        if translation != message and " " in message
    }
    left = [text for text in spanish if text in texts]
    assert left == []
    assert sum(text in texts for text in english) > 60
    assert page.locator("html").get_attribute("lang") == "es"
    assert page.locator("#learn-go").text_content() == "Seguir"
    assert "letras correctas" in page.locator("#learn-reading").text_content()
    assert "píxel" in page.locator("#denoiser-reading").text_content()
    assert page.locator("#learn-searched").text_content().startswith("Peso 1, capa 1")
    assert saved(page).replace("?lang=es", "") == state  # and nothing else has changed
    page.locator("#language").click()
    picture(page)
    assert sorted(page.evaluate(SAID)) == sorted(english)


def test_names_of_cells_are_not_shown(visit, site):
    page = visit(site)
    for select in ("#letters-network", "#denoiser-network", "#learn-recipe"):
        texts = page.locator(f"{select} option").all_text_contents()
        assert not [text for text in texts if "/" in text or "_" in text or "two-numbers" in text]


# --- the page


def test_an_address_restores_everything(visit, site):
    page = visit(site)
    page.locator("#letters-network").select_option("all/space")
    page.get_by_label("on or off").check()
    page.locator("#letters-go").click()
    page.locator("#letters-along").fill("400")
    page.locator("#letters [data-zoom=in]").first.click()
    page.locator("#denoiser-network").select_option("font2/b")
    page.locator("#denoiser-letters").get_by_label("R", exact=True).check()
    page.locator("#denoiser-grid [data-pixel='12']").click()
    page.get_by_label("test codes").check()
    drag(page, "#images-models .plane", (0.3, 0.4), (0.6, 0.7))
    address = saved(page)
    again = visit(address)
    look = """({
      letters: [explorer.rooms.letters.model.id, explorer.rooms.letters.plane.view.zoom],
      path: explorer.rooms.letters.plane.path.points.length,
      along: document.querySelector("#letters-along").value,
      shades: document.querySelector("input[name=shades]:checked").value,
      denoiser: [explorer.rooms.denoiser.model.id, explorer.rooms.denoiser.letter,
                 explorer.rooms.denoiser.input],
      images: [explorer.rooms.images.set.name, explorer.rooms.images.ground],
    })"""
    assert again.evaluate(look) == page.evaluate(look)
    for plane in (
        "explorer.rooms.letters.plane",
        *(f"explorer.rooms.images.cards[{i}].plane" for i in range(3)),
    ):
        assert np.allclose(point(again, plane), point(page, plane), rtol=1e-4, atol=1e-4)
    assert picture(again) == picture(page)
    assert again.evaluate("document.querySelector('#images').getBoundingClientRect().top") < 100
    assert saved(again) == address


@pytest.mark.parametrize(
    "damaged",
    ["network=no/such&at=1,2", "network=font2/plane&at=NaN,x&look=1&path=3,&along=z",
     "denoiser=font2/a&letter=99&input=zz", "set=nothing&sample=1",
     "set=digits&sample=999&points=1", "in=elsewhere&ground=%3Cb%3E", "=&&="],
)  # fmt: skip
def test_a_damaged_address_is_survived(visit, site, damaged):
    page = visit(f"{site}#{damaged}")
    assert np.all(np.isfinite(point(page)))
    assert page.locator("#letters-reading strong").text_content()


def test_the_link_is_copied_or_shown(visit, site):
    page = visit(site)
    page.locator("#share").click()
    page.wait_for_function("() => document.querySelector('#shared').textContent")
    assert "network=" in page.url


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 820, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_width_and_scheme(look_at, site, width, scheme):
    look_at(site, "explorer", width, scheme)


@pytest.mark.slow  # test_accessibility.py has the page of the small study
@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (768, "light"), (1440, "light")])
def test_axe_finds_nothing(visit, site, width, scheme, language):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    viewport = {"width": width, "height": 900}
    page = visit(f"{site}?lang={language}#step=linear", viewport=viewport, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    page.locator("#learn-optimizer").select_option("powell")
    page.locator("#denoiser-try").click()
    page.locator("#images-prior").click()
    page.get_by_role(
        "radio", name="códigos de prueba" if language == "es" else "test codes"
    ).check()
    found = axe.Axe().run(page).response["violations"]
    assert [
        (violation["id"], [node["target"] for node in violation["nodes"]]) for violation in found
    ] == []


def test_the_pictures_follow_a_change_of_scheme(visit, site):
    page = visit(site)
    before = [picture(page, c) for c in ("#letters-picture", "#denoiser-picture", ".answer")]
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(200)
    after = [picture(page, c) for c in ("#letters-picture", "#denoiser-picture", ".answer")]
    assert all(a != b for a, b in zip(after, before, strict=True))


def test_names_are_text_not_markup(visit, tmp_path):
    evil = "<img src=x onerror=console.log('run')></script><script>console.log('run')</script>"
    content = explorer_page.content()
    content["letters"][0]["name"] = content["denoising"][0]["noise"]["kind"] = evil
    content["vae"][0]["classes"][0] = content["vae"][0]["models"][0]["name"] = evil
    path = tmp_path / "evil.html"
    path.write_text(explorer_page.render(content), encoding="utf-8")
    page = visit(path.as_uri())
    assert page.locator("img").count() == 0
    assert evil in page.locator("#letters-network").text_content()
    assert evil in page.locator("#denoiser-facts").text_content()  # a kind that it does not know
    page.locator("#denoiser-noise").click()
    assert np.all(np.isfinite(spoiled(page)))


@pytest.mark.parametrize("missing", ["letters", "denoising", "vae", "learning", "races"])
def test_a_page_without_a_room(visit, tmp_path, missing):
    path = tmp_path / "part.html"
    content = {**explorer_page.content(), missing: []}
    path.write_text(explorer_page.render(content), encoding="utf-8")
    page = visit(path.as_uri())
    assert page.locator(".room").count() == 4
    rooms = page.evaluate("Object.keys(explorer.rooms)")
    steps = page.locator("[data-step]").evaluate_all("all => all.map(s => s.dataset.room)")
    assert set(steps) <= set(rooms)


def test_the_page_of_the_workflow(visit, pages):
    page = visit(f"{pages}/explorer.html")
    assert page.locator(".room").count() == 5
    assert page.locator("#letters-reading strong").text_content()


def test_a_reload_is_in_the_language_that_was_seen(visit, site):
    page = visit(f"{site}?lang=es#in=letters")
    page.locator("#language").click()
    assert page.url.endswith("?lang=en#in=letters")
    page.reload()
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("language", ["en", "es"])
def test_names_that_javascript_knows_are_names(visit, tmp_path, language):
    """Of a reader's own classes and networks: methods of every object among them."""
    hostile = ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf", "</script>",
               "{n}", "isPrototypeOf", "then", "length"]  # fmt: skip
    shown = explorer_page.content()
    for images in shown["vae"]:
        images["classes"] = hostile
    for model, name in zip(shown["letters"], ["constructor", "toString", "__proto__"], strict=True):
        model["name"] = name
    shown["learning"][0]["name"] = "constructor"
    path = tmp_path / "explorer.html"
    path.write_text(explorer_page.render(shown), encoding="utf-8")
    page = visit(f"{path.as_uri()}?lang={language}#in=images")
    legend = page.evaluate("document.querySelector('#images').textContent")
    assert [name for name in hostile if name not in legend] == []
    named = page.evaluate("[...document.querySelectorAll('select')].map(s => s.textContent).join()")
    assert all(name in named.lower() for name in ("constructor", "tostring", "__proto__"))

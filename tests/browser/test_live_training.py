"""The explorer's arithmetic of training, in Chromium, against the package's own."""

from dataclasses import asdict

import numpy as np
import pytest

import explorer_page
from latentlab.measures import latent
from latentlab.measures.metrics import wrong_pixels
from latentlab.models import network
from latentlab.models.network import Network
from latentlab.pages import explorer
from latentlab.training import gradient, powell
from latentlab.training.record import GRADIENT_COST

NETWORKS = {
    "relu": Network((35, 7, 2, 7, 35), "relu", "linear", "sigmoid", "sigmoid", 0.8, False),
    "tanh": Network((35, 6, 4, 2, 4, 6, 35), "tanh", "linear", "tanh", "sigmoid", 0.5, True),
    "linear": Network((35, 3, 35), "linear", "tanh", "linear", "linear", 1.0, True),
}
AS_RUN = {
    "as run": Network((35, 6, 2, 6, 35), "relu_as_run", "linear", "sigmoid", "sigmoid", 1.0, False),
    "step": Network((35, 6, 2, 6, 35), "step", "relu", "tanh", "sigmoid", 1.0, True),
}
LETTERS = explorer_page.FONTS["font2"].pixels.astype(np.float64)
RATES = {"learning_rate": 0.01, "schedule": "cosine", "max_epochs": 5}


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.add_script_tag(content=(explorer_page.PARTS / "training.js").read_text(encoding="utf-8"))
    page.add_script_tag(content="""
      const problemOf = ({ network, letters, loss }) =>
        new Problem(network, letters.map((l) => Float64Array.from(l)), loss);
      function trained(given, weights, options, order) {
        if (order) options.order = (epoch) => order[epoch];
        const training = new Training(problemOf(given), weights, options);
        while (training.step());
        const { epoch, cost, ended } = training, error = training.error();
        return { weights: Array.from(training.weights), error, epoch, cost, ended };
      }""")  # fmt: skip
    yield page
    page.close()


def given(net, loss="squared-error"):
    shape = asdict(net) | {"architecture": list(net.architecture)}
    return {"network": shape, "letters": LETTERS.tolist(), "loss": loss}


def start(net, seed=3):
    return network.initial_weights(net, np.random.default_rng(seed))


def trained(page, net, options, loss="squared-error", order=None):
    arguments = [given(net, loss), start(net).tolist(), options, order]
    result = page.evaluate("(given) => trained(...given)", arguments)
    return {**result, "weights": np.array(result["weights"])}


@pytest.mark.parametrize("name", [*NETWORKS, *AS_RUN])
def test_outputs_codes_and_errors(page, name):
    net = (NETWORKS | AS_RUN)[name]
    weights = start(net)
    result = page.evaluate(
        """([given, weights]) => {
          const problem = problemOf(given);
          return {
            outputs: given.letters.map((_, k) => Array.from(problem.propagate(weights, k))),
            codes: problem.codes(weights),
            error: problem.error(weights),
            wrong: problem.wrong(weights, 0.5),
            count: weightsIn(given.network),
            descends: hasGradient(given.network),
          };
        }""",
        [given(net), weights.tolist()],
    )
    outputs = network.forward(net, weights, LETTERS)
    assert np.allclose(result["outputs"], outputs, rtol=0, atol=1e-12)
    assert np.allclose(result["codes"], network.encode(net, weights, LETTERS), atol=1e-12)
    assert result["error"] == pytest.approx(network.squared_error(outputs, LETTERS), rel=1e-12)
    assert result["wrong"] == wrong_pixels(outputs, LETTERS, 0.5).tolist()
    assert result["count"] == net.n_weights
    assert result["descends"] == (name in NETWORKS)


@pytest.mark.parametrize("loss", gradient.LOSSES)
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients(page, name, loss):
    net = NETWORKS[name]
    if loss == "cross-entropy" and net.output != "sigmoid":
        pytest.skip("cross-entropy needs a sigmoid output")
    weights = start(net)
    result = page.evaluate(
        """([given, weights]) =>
          Array.from(problemOf(given).gradient(weights, new Float64Array(weights.length)))""",
        [given(net, loss), weights.tolist()],
    )
    _, expected = gradient.loss_and_gradient(net, weights, LETTERS, LETTERS, loss)
    assert np.abs(expected).max() > 1e-3
    assert np.abs(np.array(result) - expected).max() < 1e-9


@pytest.mark.parametrize("schedule", gradient.SCHEDULES)
@pytest.mark.parametrize("rule", ["adam", "rmsprop"])
@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_steps_of_a_rule(page, name, rule, schedule):
    net = NETWORKS[name]
    options = RATES | {"schedule": schedule}
    result = trained(page, net, {"optimizer": rule, **options}, "cross-entropy")
    train = {"adam": gradient.train_adam, "rmsprop": gradient.train_rmsprop}[rule]
    expected = train(net, LETTERS, LETTERS, start(net), loss="cross-entropy", record_every=1,
                     **options)  # fmt: skip
    assert np.abs(result["weights"] - expected.weights).max() < 1e-9
    assert np.abs(expected.weights - start(net)).max() > 0.01
    assert result["error"] == pytest.approx(expected.errors[-1], abs=1e-9)
    assert (result["epoch"], result["cost"]) == (5, 1 + GRADIENT_COST * 5)


@pytest.mark.parametrize("name", NETWORKS)
def test_backpropagation_letter_by_letter(page, name):
    net = NETWORKS[name]
    options = RATES | {"learning_rate": 0.002, "momentum": 0.8}
    order = [gradient._visits(len(LETTERS), 0, epoch).tolist() for epoch in range(5)]
    result = trained(page, net, {"optimizer": "backpropagation", **options}, order=order)
    expected = gradient.train_backpropagation(
        net, LETTERS, LETTERS, start(net), loss="squared-error", shuffle_seed=0, record_every=1,
        **options,
    )  # fmt: skip
    assert np.abs(result["weights"] - expected.weights).max() < 1e-9
    assert result["error"] == pytest.approx(expected.errors[-1], abs=1e-9)
    assert result["cost"] == expected.evaluations[-1]


@pytest.mark.parametrize("epochs", [1, 2, 3])
@pytest.mark.parametrize("name", ["linear", "step"])
def test_powell_ends_where_the_package_does(page, name, epochs):
    net = (NETWORKS | AS_RUN)[name]
    options = {"max_epochs": epochs, "xtol": 0.01, "ftol": 1e-4}
    result = trained(page, net, {"optimizer": "powell", **options})
    expected = powell.train(net, LETTERS, LETTERS, start(net), **options)
    assert result["error"] == pytest.approx(expected.errors[-1], abs=1e-9)
    assert result["cost"] == expected.evaluations[-1]
    assert (result["epoch"], result["ended"]) == (expected.epochs, expected.status)


@pytest.mark.parametrize("name", ["relu", "tanh", "as run"])
def test_a_line_search_from_the_same_point(page, name):
    """Of nearly all lines: where the loss is flat to its last bits, they decide on the rest."""
    net = (NETWORKS | AS_RUN)[name]
    lines = powell.Lines(powell.Objective(net, LETTERS, LETTERS), start(net))
    points, values, costs = [start(net).tolist()], [lines.value], [1]

    def watch(done):
        points.append(lines.x.tolist())
        values.append(lines.value)
        costs.append(lines.evaluations)

    lines.watch = watch
    lines.sweep(1.0)
    found = page.evaluate(
        """([given, points, values]) => {
          const problem = problemOf(given);
          return points.slice(0, -1).map((point, axis) => {
            let cost = 1;
            const value = (alpha) => {
              cost++;
              return problem.error(point.map((w, i) => (i === axis ? w + alpha : w)));
            };
            return [lineSearch(value, values[axis], 1)[1], cost];
          });
        }""",
        [given(net), points, values],
    )
    least, searches = np.array(found).T
    assert len(least) == net.n_weights
    assert np.mean(np.abs(least - values[1:]) < 1e-9) > 0.95
    assert np.mean(searches == np.diff(costs)) > 0.8


def test_a_start_can_be_had_again_and_is_uniform(page):
    draw = "([seed, n]) => { const r = generator(seed); return Array.from({ length: n }, r); }"
    numbers = np.array(page.evaluate(draw, [5, 20000]))
    assert numbers.tolist() == page.evaluate(draw, [5, 20000])
    assert numbers[:5].tolist() != page.evaluate(draw, [6, 5])
    assert 0 <= numbers.min() < 0.001
    assert 0.999 < numbers.max() < 1
    counts = np.histogram(numbers, 20, (0, 1))[0]
    assert np.abs(counts - 1000).max() < 150
    weights = page.evaluate(
        "(net) => Array.from(startWeights(net, generator(1)))", given(NETWORKS["tanh"])["network"]
    )
    assert len(weights) == NETWORKS["tanh"].n_weights
    assert (min(weights) < -0.9, max(weights) > 0.9) == (True, True)


def test_backpropagation_visits_every_letter_once(page):
    order = page.evaluate("() => shuffled(32, generator(2))")
    assert sorted(order) == list(range(32)) != order


@pytest.mark.parametrize("units", [1, 2, 5])
def test_planes_and_windows(page, units):
    rng = np.random.default_rng(units)
    codes = rng.normal(size=(32, units)) * [3.0, 2.0, 1.0, 0.5, 0.2][:units] + 1.0
    found = page.evaluate(
        """(codes) => {
          const plane = principalPlane(codes);
          const points = codes.map((code) => project(plane, code));
          return { ...plane, points, window: fittingWindow(points) };
        }""",
        codes.tolist(),
    )
    plane = latent.principal_plane(codes)
    assert np.allclose(found["origin"], plane.origin)
    assert np.allclose(found["basis"], plane.basis, atol=1e-9)
    assert np.allclose(found["points"], plane.project(codes), atol=1e-9)
    assert np.allclose(found["window"], latent.fitting_window(plane.project(codes)), atol=1e-9)


def test_the_page_has_the_optimizers_and_activations_that_it_offers(page):
    assert sorted(page.evaluate("Object.keys(OPTIMIZERS)")) == sorted(explorer.LIVE)
    assert sorted(page.evaluate("Object.keys(VALUES)")) == sorted(network.ACTIVATIONS)
    assert page.evaluate("GRADIENT_COST") == GRADIENT_COST

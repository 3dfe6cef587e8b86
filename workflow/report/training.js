// The study's letter networks and how they learn, in plain JavaScript: what the package's
// models.network, training.gradient and training.powell compute, without anything of a page. A network
// is {architecture, encoder, latent, decoder, output, beta, biases}, its weights are flat, layer by
// layer, row by row, the bias last: tests compare every number with the package's.

/** Numbers from 0 to 1 from a whole number: the same start can be had again (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The layers of a network: units in and out, the activation, where its weights begin. */
function layersIn({ architecture, encoder, latent, decoder, output, biases }) {
  const middle = (architecture.length - 1) / 2;
  let at = 0;
  return architecture.slice(1).map((units, i) => {
    const kind = i + 1 < middle ? encoder : i + 1 === middle ? latent : i + 2 < architecture.length ? decoder : output;
    const layer = { inputs: architecture[i], units, row: architecture[i] + (biases ? 1 : 0), kind, at };
    at += layer.row * units;
    return layer;
  });
}

function weightsIn(network) {
  return layersIn(network).reduce((sum, { row, units }) => sum + row * units, 0);
}

/** Start weights, uniform from -1 to 1, as in the study. */
function startWeights(network, random) {
  return Float64Array.from({ length: weightsIn(network) }, () => 2 * random() - 1);
}

/** Activations, in place on a layer's sums; and their slopes, from sum h and value y. */
const VALUES = {
  linear: () => {},
  relu: (y) => { for (let i = 0; i < y.length; i++) y[i] = y[i] > 0 ? y[i] : 0; },
  relu_as_run: (y) => {
    const whole = !(y[0] > 0);
    for (let i = 0; i < y.length; i++) y[i] = whole ? Math.trunc(Math.max(y[i], 0)) : Math.max(y[i], 0);
  },
  step: (y) => { for (let i = 0; i < y.length; i++) y[i] = y[i] > 0 ? 1 : 0; },
  sigmoid: (y, beta) => { for (let i = 0; i < y.length; i++) y[i] = 1 / (1 + Math.exp(-2 * beta * y[i])); },
  tanh: (y, beta) => { for (let i = 0; i < y.length; i++) y[i] = Math.tanh(beta * y[i]); },
};
const SLOPES = {
  linear: () => 1,
  relu: (y) => (y > 0 ? 1 : 0),
  sigmoid: (y, beta) => 2 * beta * y * (1 - y),
  tanh: (y, beta) => beta * (1 - y * y),
};
const hasGradient = (network) => layersIn(network).every(({ kind }) => kind in SLOPES);

/** A network and the letters (arrays of 35) that it is to return, with the loss it learns by. */
class Problem {
  constructor(network, letters, loss = "squared-error") {
    Object.assign(this, { network, letters, loss, layers: layersIn(network) });
    this.beta = network.beta;
    // the values of every layer, of every letter: rows[0] are the letters; a bias reads a constant 1
    this.rows = [letters, ...this.layers.map(({ units }) => letters.map(() => new Float64Array(units)))];
    this.deltas = [network.architecture[0], ...this.layers.map(({ units }) => units)]
      .map((units) => new Float64Array(units));
  }

  /** Values of the layers from one on, of one letter. */
  propagate(weights, letter, first = 0) {
    for (let l = first; l < this.layers.length; l++) {
      const { inputs, units, row, kind, at } = this.layers[l];
      const x = this.rows[l][letter], y = this.rows[l + 1][letter];
      for (let unit = 0, w = at; unit < units; unit++, w = at + unit * row) {
        let sum = 0;
        for (let i = 0; i < inputs; i++) sum += weights[w + i] * x[i];
        y[unit] = row > inputs ? sum + weights[w + inputs] : sum;
      }
      VALUES[kind](y, this.beta);
    }
    return this.rows.at(-1)[letter];
  }

  /** The study's error: half the squared distance, mean of the letters. */
  error(weights, first = 0) {
    let sum = 0;
    for (let k = 0; k < this.letters.length; k++) {
      const y = this.propagate(weights, k, first), t = this.letters[k];
      for (let i = 0; i < y.length; i++) sum += (t[i] - y[i]) ** 2;
    }
    return (0.5 * sum) / this.letters.length;
  }

  /** Add a letter's gradient of its loss to an array; what layers have is of these weights. */
  addGradient(weights, letter, gradient) {
    const y = this.propagate(weights, letter), t = this.letters[letter];
    const last = this.layers.length - 1;
    for (let i = 0; i < y.length; i++) {
      this.deltas[last + 1][i] = this.loss === "cross-entropy"
        ? 2 * this.beta * (y[i] - t[i]) : (y[i] - t[i]) * SLOPES[this.layers[last].kind](y[i], this.beta);
    }
    for (let l = last; l >= 0; l--) {
      const { inputs, units, row, at } = this.layers[l];
      const x = this.rows[l][letter], delta = this.deltas[l + 1], back = this.deltas[l];
      back.fill(0);
      for (let unit = 0; unit < units; unit++) {
        const d = delta[unit], w = at + unit * row;
        if (d === 0) continue;
        for (let i = 0; i < inputs; i++) {
          gradient[w + i] += d * x[i];
          back[i] += d * weights[w + i];
        }
        if (row > inputs) gradient[w + inputs] += d;
      }
      if (l === 0) return;
      const slope = SLOPES[this.layers[l - 1].kind];
      for (let i = 0; i < inputs; i++) back[i] *= slope(x[i], this.beta);
    }
  }

  /** The mean gradient of all letters, into an array. */
  gradient(weights, gradient) {
    gradient.fill(0);
    const n = this.letters.length;
    for (let k = 0; k < n; k++) this.addGradient(weights, k, gradient);
    for (let i = 0; i < gradient.length; i++) gradient[i] /= n;
    return gradient;
  }

  /** Codes of all letters: the latent layer's values. */
  codes(weights) {
    const middle = (this.network.architecture.length - 1) / 2;
    return this.letters.map((_, k) => {
      this.propagate(weights, k);
      return Array.from(this.rows[middle][k]);
    });
  }

  /** Wrong pixels of every letter. */
  wrong(weights, threshold) {
    return this.letters.map((t, k) => {
      const y = this.propagate(weights, k);
      return t.reduce((count, pixel, i) => count + ((y[i] > threshold) !== (pixel > threshold)), 0);
    });
  }
}

const GRADIENT_COST = 3; // evaluations of the loss that a gradient counts as

const rateAt = ({ learning_rate: rate, schedule, max_epochs: epochs }, epoch) =>
  (schedule === "cosine" ? rate * (0.5 + 0.5 * Math.cos((Math.PI * epoch) / epochs)) : rate);

/**
 * A training under way: weights, cost (evaluations of the loss), epoch, and the error where it is
 * known. step() does the least there is to do (an epoch by gradient, a line search of Powell), and
 * says whether there is more.
 */
class Training {
  constructor(problem, start, options, random = Math.random) {
    Object.assign(this, { problem, options, random, weights: Float64Array.from(start) });
    Object.assign(this, { epoch: 0, cost: 0, search: null, ended: "" });
    this.steps = OPTIMIZERS[options.optimizer](this);
  }

  step() {
    if (this.ended) return false;
    const { done, value } = this.steps.next();
    if (done) this.ended = value ?? "max_epochs";
    else if (!Number.isFinite(this.weights[0])) this.ended = "diverged";
    return !this.ended;
  }

  error() {
    return this.problem.error(this.weights);
  }
}

/** Descent by a rule of the full gradient. */
function* byRule(training, rule) {
  const { problem, weights, options } = training;
  const gradient = new Float64Array(weights.length);
  const memories = [new Float64Array(weights.length), new Float64Array(weights.length)];
  training.cost = 1;
  while (training.epoch < options.max_epochs) {
    const rate = rateAt(options, training.epoch++);
    rule(weights, problem.gradient(weights, gradient), ...memories, rate, training.epoch);
    training.cost += GRADIENT_COST;
    yield;
  }
}

/** Kingma and Ba 2015, algorithm 1. */
function adam(weights, gradient, mean, square, rate, epoch) {
  const step = rate / (1 - 0.9 ** epoch), correction = 1 / (1 - 0.999 ** epoch);
  for (let i = 0; i < weights.length; i++) {
    const g = gradient[i];
    mean[i] = 0.9 * mean[i] + (1 - 0.9) * g;
    square[i] = 0.999 * square[i] + (1 - 0.999) * g * g;
    weights[i] -= (step * mean[i]) / (Math.sqrt(square[i] * correction) + 1e-8);
  }
}

/** Tieleman and Hinton 2012, lecture 6.5. */
function rmsprop(weights, gradient, square, _, rate) {
  for (let i = 0; i < weights.length; i++) {
    const g = gradient[i];
    square[i] = 0.9 * square[i] + (1 - 0.9) * g * g;
    weights[i] -= (rate * g) / (Math.sqrt(square[i]) + 1e-8);
  }
}

/** The numbers below n, in an order drawn anew (Fisher and Yates). */
function shuffled(n, random) {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Letter by letter, with momentum. options.order(epoch), if any, gives the order of visits. */
function* backpropagation(training) {
  const { problem, weights, options } = training;
  const gradient = new Float64Array(weights.length), speed = new Float64Array(weights.length);
  training.cost = 1;
  while (training.epoch < options.max_epochs) {
    const rate = rateAt(options, training.epoch);
    const order = options.order?.(training.epoch) ?? shuffled(problem.letters.length, training.random);
    training.epoch++;
    for (const letter of order) {
      gradient.fill(0);
      problem.addGradient(weights, letter, gradient);
      for (let i = 0; i < weights.length; i++) {
        speed[i] = options.momentum * speed[i] - rate * gradient[i];
        weights[i] += speed[i];
      }
    }
    training.cost += GRADIENT_COST;
    yield;
  }
}

/** SciPy's line search: a bracket, then Brent's method. Returns the place and value of the least. */
function lineSearch(value, atZero, tolerance) {
  const gold = 1.618034;
  let xa = 0, xb = 1, fa = atZero, fb = value(1);
  if (fa < fb) [xa, xb, fa, fb] = [xb, xa, fb, fa];
  let xc = xb + gold * (xb - xa), fc = value(xc);
  for (let rounds = 0; fc < fb; rounds++) {
    const tmp1 = (xb - xa) * (fb - fc), tmp2 = (xb - xc) * (fb - fa), val = tmp2 - tmp1;
    let w = xb - ((xb - xc) * tmp2 - (xb - xa) * tmp1) / (Math.abs(val) < 1e-21 ? 2e-21 : 2 * val);
    const wlim = xb + 110 * (xc - xb);
    let fw;
    if (rounds > 1000) return [NaN, NaN]; // the loss falls without end
    if ((w - xc) * (xb - w) > 0) {
      fw = value(w);
      if (fw < fc) {
        [xa, xb, fa, fb] = [xb, w, fb, fw];
        break;
      }
      if (fw > fb) {
        [xc, fc] = [w, fw];
        break;
      }
      w = xc + gold * (xc - xb);
      fw = value(w);
    } else if ((w - wlim) * (wlim - xc) >= 0) {
      w = wlim;
      fw = value(w);
    } else if ((w - wlim) * (xc - w) > 0) {
      fw = value(w);
      if (fw < fc) {
        [xb, xc, fb, fc] = [xc, w, fc, fw];
        w = xc + gold * (xc - xb);
        fw = value(w);
      }
    } else {
      w = xc + gold * (xc - xb);
      fw = value(w);
    }
    [xa, xb, xc, fa, fb, fc] = [xb, xc, w, fb, fc, fw];
  }
  const falls = (fb < fc && fb <= fa) || (fb < fa && fb <= fc);
  const ordered = (xa < xb && xb < xc) || (xc < xb && xb < xa);
  if (!(falls && ordered && [xa, xb, xc].every(Number.isFinite))) {
    if ([xa, xb, xc, fa, fb, fc].some(Number.isNaN)) return [NaN, NaN];
    let best = [xa, fa];
    if (fb < best[1]) best = [xb, fb];
    return fc < best[1] ? [xc, fc] : best;
  }
  return brent(value, xa, xb, xc, fb, tolerance);
}

function brent(value, xa, xb, xc, fb, tolerance) {
  let x = xb, w = xb, v = xb, fx = fb, fw = fb, fv = fb;
  let [a, b] = xa < xc ? [xa, xc] : [xc, xa];
  let deltax = 0, rat = 0;
  for (let round = 0; round < 500; round++) {
    const tol1 = tolerance * Math.abs(x) + 1e-11, tol2 = 2 * tol1, xmid = 0.5 * (a + b);
    if (Math.abs(x - xmid) < tol2 - 0.5 * (b - a)) break;
    let golden = Math.abs(deltax) <= tol1;
    if (!golden) {
      let tmp1 = (x - w) * (fx - fv), tmp2 = (x - v) * (fx - fw), p = (x - v) * tmp2 - (x - w) * tmp1;
      tmp2 = 2 * (tmp2 - tmp1);
      if (tmp2 > 0) p = -p;
      tmp2 = Math.abs(tmp2);
      const before = deltax;
      deltax = rat;
      golden = !(p > tmp2 * (a - x) && p < tmp2 * (b - x) && Math.abs(p) < Math.abs(0.5 * tmp2 * before));
      if (!golden) {
        rat = p / tmp2;
        const u = x + rat;
        if (u - a < tol2 || b - u < tol2) rat = xmid - x >= 0 ? tol1 : -tol1;
      }
    }
    if (golden) {
      deltax = x >= xmid ? a - x : b - x;
      rat = 0.381966 * deltax;
    }
    const u = Math.abs(rat) < tol1 ? (rat >= 0 ? x + tol1 : x - tol1) : x + rat;
    const fu = value(u);
    if (fu > fx) {
      if (u < x) a = u;
      else b = u;
      if (fu <= fw || w === x) [v, w, fv, fw] = [w, u, fw, fu];
      else if (fu <= fv || v === x || v === w) [v, fv] = [u, fu];
    } else {
      if (u >= x) a = x;
      else b = x;
      [v, w, x, fv, fw, fx] = [w, x, u, fw, fx, fu];
    }
  }
  return [x, fx];
}

/** Powell's method in the steps of SciPy 1.17.1, without bounds; an epoch is an iteration. */
function* powell(training) {
  const { problem, weights, options } = training;
  const { layers } = problem, n = weights.length, tolerance = 100 * options.xtol;
  // a direction is an axis (which weight, how far), or moves all weights
  const directions = Array.from({ length: n }, (_, axis) => ({ axis, length: 1 }));
  let loss = problem.error(weights), prepared = 0; // the layer whose inputs are of the weights
  training.cost = 1;

  function search(direction) {
    const { axis, length, dense } = direction, tried = [[0, loss]];
    let layer = 0;
    while (!dense && layer + 1 < layers.length && axis >= layers[layer + 1].at) layer++;
    if (dense ? prepared !== 0 : layer !== prepared) problem.error(weights); // what is before stays
    prepared = dense ? 0 : layer;
    const base = dense ? Float64Array.from(weights) : weights[axis];
    const move = (alpha) => {
      if (dense) for (let i = 0; i < n; i++) weights[i] = base[i] + alpha * dense[i];
      else weights[axis] = base + alpha * length;
    };
    training.cost++; // the loss at 0 is known, but counts, as in SciPy
    const [alpha, value] = lineSearch((alpha) => {
      training.cost++;
      move(alpha);
      const error = problem.error(weights, prepared);
      tried.push([alpha, error]);
      return error;
    }, loss, tolerance);
    move(alpha);
    training.search = { axis: dense ? null : axis, layer: prepared, tried, alpha, value, before: loss };
    loss = value;
    return alpha;
  }

  const origin = Float64Array.from(weights);
  while (training.epoch < options.max_epochs) {
    const previous = loss;
    let delta = 0, best = 0;
    prepared = -1;
    for (let i = 0; i < n; i++) {
      const before = loss;
      search(directions[i]);
      if (before - loss > delta) [delta, best] = [before - loss, i];
      yield;
      if (!Number.isFinite(loss)) return "diverged";
    }
    if (++training.epoch === options.max_epochs) return "max_epochs";
    if (2 * (previous - loss) <= options.ftol * (Math.abs(previous) + Math.abs(loss)) + 1e-20) return "converged";
    // the extrapolated point, and whether its direction replaces the best one
    const dense = weights.map((w, i) => w - origin[i]);
    const beyond = problem.error(weights.map((w, i) => w + dense[i]));
    origin.set(weights);
    training.cost++;
    prepared = -1;
    if (!(previous > beyond)) continue;
    const t = 2 * (previous + beyond - 2 * loss) * (previous - loss - delta) ** 2 - delta * (previous - beyond) ** 2;
    if (!(t < 0) || dense.every((d) => d === 0)) continue;
    const alpha = search({ dense });
    yield;
    if (!Number.isFinite(loss)) return "diverged";
    if (alpha === 0) continue;
    directions[best] = directions[n - 1];
    directions[n - 1] = { dense: dense.map((d) => alpha * d) };
  }
}

const OPTIMIZERS = {
  adam: (training) => byRule(training, adam),
  rmsprop: (training) => byRule(training, rmsprop),
  backpropagation,
  powell,
};

/** The plane in which codes spread most: of up to two units the latent space itself. */
function principalPlane(codes) {
  const units = codes[0].length, axes = Math.min(2, units);
  const unit = (i) => Array.from({ length: units }, (_, j) => Number(i === j));
  if (units <= 2) return { origin: new Array(units).fill(0), basis: Array.from({ length: axes }, (_, i) => unit(i)) };
  const origin = unit(0).map((_, j) => codes.reduce((sum, code) => sum + code[j], 0) / codes.length);
  const product = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const basis = [];
  while (basis.length < axes) {
    // the power method on the covariance, without the axes found before
    let axis = unit(0).map((_, i) => 1 + i / 7);
    for (let round = 0; round < 200; round++) {
      let next = new Array(units).fill(0);
      for (const code of codes) {
        const from = code.map((c, j) => c - origin[j]), along = product(from, axis);
        next = next.map((value, j) => value + along * from[j]);
      }
      for (const found of basis) {
        const along = product(next, found);
        next = next.map((value, j) => value - along * found[j]);
      }
      const length = Math.sqrt(product(next, next));
      if (!(length > 0)) break;
      axis = next.map((value) => value / length);
    }
    const largest = axis.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
    basis.push(axis.map((value) => value * Math.sign(largest)));
  }
  return { origin, basis };
}

const project = ({ origin, basis }, code) =>
  [0, 1].map((i) => (basis[i] ? basis[i].reduce((sum, b, j) => sum + b * (code[j] - origin[j]), 0) : 0));

/** The window that holds all points, with a margin as a share of its sides. */
function fittingWindow(points, margin = 0.08) {
  const sides = [0, 1].map((i) => points.map((point) => point[i]))
    .map((values) => [Math.min(...values), Math.max(...values)]);
  const longest = Math.max(...sides.map(([low, high]) => high - low)) || 1;
  return sides.map(([low, high]) => {
    const pad = high - low > 1e-9 * longest ? margin * (high - low) : longest / 2;
    return [low - pad, high + pad];
  });
}

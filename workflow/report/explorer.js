// The explorer: trained networks, run in the page. In this order: words, numbers (weights, the
// forward pass, nearest letters and classes), drawing, the plane that a point moves on, the rooms
// (letters, denoiser, images; learn and race are in learning.js), each of which knows its own state
// for the address and its words in another language, and the guided steps.

const ROWS = 7, COLUMNS = 5, PIXELS = ROWS * COLUMNS;
const data = JSON.parse(document.getElementById("data").textContent);
const find = (selector, within = document) => within.querySelector(selector);

// ------------------------------------------------------------------ words

/** A message in the page's language, with what stands in its places. */
function tell(message, places) {
  const texts = data.words[document.documentElement.lang]?.texts ?? {};
  // a reader's own name may be that of a method, or of a message with forms
  const known = Object.hasOwn(texts, message) && typeof texts[message] === "string";
  return filled(known ? texts[message] : message, places);
}

/** A message that depends on a number: {n} in it. */
function count(one, many, n, places) {
  const { plural, texts } = data.words[document.documentElement.lang] ?? data.words.en;
  const form = Number(plural[n < 200 ? n : 100 + (n % 100)]);
  return filled(texts[one]?.[form] ?? (n === 1 ? one : many), { n, ...places });
}

function filled(text, places = {}) {
  return String(text).replace(/\{(\w+)\}/g, (whole, name) => places[name] ?? whole);
}

/** A message that is said later, by tell. */
function mark(message) {
  return message;
}

/** A name of a network as a title. */
function titled(name) {
  const text = tell(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const NAMES = {
  linear: mark("linear"), relu: "ReLU", relu_as_run: mark("ReLU as the code ran it"),
  step: mark("step"), sigmoid: mark("sigmoid"), tanh: "tanh", gelu: "GELU", silu: "SiLU", powell: "Powell", adam: "Adam",
  rmsprop: "RMSprop", backpropagation: mark("backpropagation"), "powell-adam": mark("Powell, then Adam"),
  "squared-error": mark("squared error"), "cross-entropy": mark("cross entropy"),
  constant: mark("constant"), cosine: mark("half a cosine to 0"), uniform: mark("uniform noise"),
  uniform_as_run: mark("uniform noise as the code ran it"), salt_and_pepper: mark("salt and pepper"),
  bit_flip: mark("bit flips"), gaussian: mark("normal noise"), masking: mark("masking"),
};
const named = (name) => (Object.hasOwn(NAMES, name) ? tell(NAMES[name]) : name.replaceAll("_", " "));
const fontName = (name) => (name === "all" ? tell("all fonts") : name);

// ------------------------------------------------------------------ numbers

const TYPES = { f8: Float64Array, f4: Float32Array, i2: Int16Array, i1: Int8Array, u1: Uint8Array };
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%,()*+-;.=/?@^_`{|}~";
const DIGIT = new Uint8Array(128);
[...DIGITS].forEach((digit, i) => (DIGIT[digit.charCodeAt(0)] = i));

/** The numbers of a stored tensor: little-endian bytes, four of them as five digits of base 85. */
function tensor({ type, data: text, bytes: length }) {
  const bytes = new DataView(new ArrayBuffer(4 * Math.ceil(length / 4)));
  for (let at = 0, from = 0; from < text.length; at += 4) {
    let word = 0;
    for (let i = 0; i < 5; i++) word = 85 * word + DIGIT[text.charCodeAt(from++)];
    bytes.setUint32(at, word);
  }
  return new TYPES[type](bytes.buffer.slice(0, length));
}

/** A stored layer with its weights as floats; those of 8 or 16 bits are multiples of a step a row. */
function restored(layer) {
  let weights = tensor(layer.weights);
  if (layer.weights.steps) {
    const steps = tensor(layer.weights.steps);
    weights = Float64Array.from(weights, (w, i) => w * steps[Math.floor(i / layer.columns)]);
  }
  return { ...layer, weights, bias: layer.bias && tensor(layer.bias) };
}

/** The layers of a model, of a letter network its decoder's, unpacked when first asked for. */
function layersOf(model) {
  return (model.unpacked ??= model.layers.map(restored));
}

function encoderOf(model) {
  return (model.unpackedEncoder ??= model.encoder.map(restored));
}

/** The code of a picture in a letter network: latent units, as an array of its own. */
const encode = (model, picture) => Array.from(forward(encoderOf(model), picture));

/** The error function: a series of positive terms, so that nothing cancels. */
function erf(x) {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  let term = a, sum = a;
  for (let n = 1; term > 1e-17 * sum; n++) sum += term *= (2 * a * a) / (2 * n + 1);
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
}

/** As in the study: sigmoid 1 / (1 + exp(-2 beta h)), tanh(beta h). */
const ACTIVATIONS = {
  linear: (h) => h,
  relu: (h) => Math.max(h, 0),
  // the published code's: integers where the layer's first unit is not above 0
  relu_as_run: (h, beta, first) => (first > 0 ? Math.max(h, 0) : Math.trunc(Math.max(h, 0))),
  step: (h) => (h > 0 ? 1 : 0),
  sigmoid: (h, beta) => 1 / (1 + Math.exp(-2 * beta * h)),
  tanh: (h, beta) => Math.tanh(beta * h),
  gelu: (h) => 0.5 * h * (1 + erf(h / Math.SQRT2)),
  silu: (h) => h / (1 + Math.exp(-h)),
};

/** A transposed convolution: each pixel of a square image adds its multiple of the kernel. */
function spread(layer, input) {
  const { rows, columns, weights, bias, beta, grid } = layer;
  const { side, kernel, stride } = grid;
  const channels = rows / (kernel * kernel);
  const whole = side * stride;
  const before = Math.floor(Math.max(0, kernel - stride) / 2);
  const output = (layer.output ??= new Float64Array(whole * whole * channels));
  for (let i = 0; i < output.length; i++) output[i] = bias ? bias[i % channels] : 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const from = (y * side + x) * columns;
      for (let row = 0; row < rows; row++) {
        const channel = row % channels;
        const place = (row - channel) / channels;
        const toX = x * stride + (place % kernel) - before;
        const toY = y * stride + Math.floor(place / kernel) - before;
        if (toX < 0 || toY < 0 || toX >= whole || toY >= whole) continue;
        let sum = 0;
        for (let c = 0, at = row * columns; c < columns; c++) sum += weights[at++] * input[from + c];
        output[(toY * whole + toX) * channels + channel] += sum;
      }
    }
  }
  const activation = ACTIVATIONS[layer.activation];
  for (let i = 0; i < output.length; i++) output[i] = activation(output[i], beta, 1);
  return output;
}

/** What the layers make of one input. The array returned is used again by the next call. */
function forward(layers, input) {
  for (const layer of layers) {
    if (layer.grid) {
      input = spread(layer, input);
      continue;
    }
    const { rows, columns, weights, bias, beta } = layer;
    const activation = ACTIVATIONS[layer.activation];
    const output = (layer.output ??= new Float64Array(rows));
    let first = 0;
    for (let row = 0, at = 0; row < rows; row++) {
      let sum = 0;
      for (let column = 0; column < columns; column++) sum += weights[at++] * input[column];
      if (bias) sum += bias[row];
      if (row === 0) first = sum;
      output[row] = activation(sum, beta, first);
    }
    input = output;
  }
  return input;
}

/** The code (latent units) of a point of a model's plane. */
function lift({ origin, basis }, point) {
  return origin.map((o, unit) => basis.reduce((sum, axis, i) => sum + point[i] * axis[unit], o));
}

const decode = (model, point) => forward(layersOf(model), lift(model, point));

function bitCount(n) {
  n -= (n >>> 1) & 0x55555555;
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return (((n + (n >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** 35 pixels as two integers of bits: 32 and 3. */
function bits(values, threshold) {
  let low = 0, high = 0;
  for (let i = 0; i < 32; i++) if (values[i] > threshold) low |= 1 << i;
  for (let i = 32; i < PIXELS; i++) if (values[i] > threshold) high |= 1 << (i - 32);
  return [low, high];
}

/** The model's letter with the fewest other pixels, and how many; ties go to the first. */
function nearestLetter(model, values) {
  model.bits ??= model.pixels.map((text) => bits(text, 0.5));
  const [low, high] = bits(values, model.threshold);
  let letter = 0, distance = Infinity;
  model.bits.forEach(([l, h], i) => {
    const d = bitCount(low ^ l) + bitCount(high ^ h);
    if (d < distance) [letter, distance] = [i, d];
  });
  return { letter, distance };
}

/** Which pixels differ from a letter's. */
function differing(model, letter, values) {
  return Array.from(model.pixels[letter], (p, i) => (values[i] > model.threshold) !== (p === "1"));
}

const VOTERS = 15;

/** The class that most of the nearest test codes have, and how many of them. */
function nearestClass(model, [x, y]) {
  model.points ??= tensor(model.codes);
  model.classes ??= tensor(model.labels);
  const near = []; // sorted, nearest first
  for (let i = 0; i < model.classes.length; i++) {
    const d = (model.points[2 * i] - x) ** 2 + (model.points[2 * i + 1] - y) ** 2;
    if (near.length === VOTERS && d >= near[VOTERS - 1].d) continue;
    let at = near.length;
    while (at > 0 && near[at - 1].d > d) at--;
    near.splice(at, 0, { d, label: model.classes[i] });
    near.length = Math.min(near.length, VOTERS);
  }
  const votes = new Map();
  for (const { label } of near) votes.set(label, (votes.get(label) ?? 0) + 1);
  const [label, count] = [...votes].reduce((best, vote) => (vote[1] > best[1] ? vote : best));
  return { label, count, of: near.length };
}

const normal = () =>
  Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

/** Kinds of noise on a clean pixel, as in the study; the hit decides how many pixels. */
const NOISES = {
  uniform: (p, range) => (p > 0.5 ? p - range * Math.random() : p + range * Math.random()),
  salt_and_pepper: () => (Math.random() < 0.5 ? 1 : 0),
  bit_flip: (p) => 1 - p,
  gaussian: (p, range) => p + range * normal(),
  masking: () => 0,
};
NOISES.uniform_as_run = NOISES.uniform;

function noisy(pixels, { kind, probability, range }) {
  const spoiled = pixels.map((p) => (Math.random() < probability ? NOISES[kind](p, range) : p));
  // the published code cut a letter to integers unless its first pixel was hit
  const cut = kind === "uniform_as_run" && spoiled[0] === pixels[0];
  return cut ? spoiled.map(Math.trunc) : spoiled;
}

/**
 * What comes of so many noisy letters: of the network and of what it must beat, the error (half the
 * squared distance), and the shares of answers within a pixel of the letter and nearest to it.
 */
function tried(model, noise, number, random = noisy) {
  const { threshold } = model, letters = model.pixels.map((text) => Array.from(text, Number));
  const answers = {
    network: (input) => forward(layersOf(model), input),
    nearest: (input) => letters[nearestLetter(model, input).letter],
    threshold: (input) => input.map((value) => Number(value > threshold)),
    nothing: (input) => input,
  };
  const scores = Object.fromEntries(Object.keys(answers).map((name) => [name, { error: 0, within: 0, right: 0 }]));
  for (let k = 0; k < number; k++) {
    const letter = k % letters.length, clean = letters[letter], input = random(clean, noise);
    for (const [name, answer] of Object.entries(answers)) {
      const output = Array.from(answer(input)), score = scores[name];
      score.error += output.reduce((sum, value, i) => sum + (value - clean[i]) ** 2 / 2, 0) / number;
      score.within += (differing(model, letter, output).filter(Boolean).length <= 1) / number;
      score.right += (nearestLetter(model, output).letter === letter) / number;
    }
  }
  return scores;
}

/** A line through points, walked by length: at(0) is its start, at(1) its end. */
class Path {
  constructor(points) {
    this.points = points;
    this.lengths = [0];
    for (let i = 1; i < points.length; i++) {
      const step = Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]);
      this.lengths.push(this.lengths[i - 1] + step);
    }
    this.length = this.lengths.at(-1);
  }

  at(share) {
    const wanted = share * this.length;
    const i = Math.max(1, this.lengths.findIndex((length) => length >= wanted));
    const [a, b] = [this.points[i - 1], this.points[i]];
    const t = (wanted - this.lengths[i - 1]) / (this.lengths[i] - this.lengths[i - 1] || 1);
    return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
  }

  /** The same line through at most so many points, short enough for an address. */
  thinned(most) {
    if (this.points.length <= most) return this;
    return new Path(Array.from({ length: most }, (_, i) => this.at(i / (most - 1))));
  }
}

const digits = (value) => Number(value.toPrecision(5));
const written = (points) => points.map((point) => point.map(digits).join(",")).join(";");

/** Points from an address; null where there is none, or it is damaged. */
function readPoints(text) {
  const points = (text ?? "").split(";").map((part) => part.split(",").map(Number));
  const good = text && points.every((p) => p.length === 2 && p.every(Number.isFinite));
  return good ? points : null;
}

// ------------------------------------------------------------------ drawing

/** Calls of the function returned lead to one call of draw, in the next frame. */
function onceAFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

const BUDGET = 7; // milliseconds a frame for what may take many frames
const jobs = [];

const work = onceAFrame(() => {
  const until = performance.now() + BUDGET;
  while (jobs.length && performance.now() < until) {
    if (jobs[0].steps.next().done) jobs.shift().finished();
  }
  if (jobs.length) work();
});

/** Run a generator a slice a frame; a later job of the same owner takes its place. */
function inSlices(owner, steps, finished) {
  const at = jobs.findIndex((job) => job.owner === owner);
  if (at >= 0) jobs.splice(at, 1);
  jobs.push({ owner, steps, finished });
  work();
}

const still = matchMedia("(prefers-reduced-motion: reduce)");
let colors;
const inks = new Uint32Array(256); // of an image's gray levels, as a picture's pixels

function rgb(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

/** The style sheet's colors, as three numbers each. */
function readColors() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ink", "muted", "line", "ground", "accent", "on", "off", "ring"];
  colors = Object.fromEntries(names.map((n) => [n, rgb(style.getPropertyValue(`--${n}`).trim())]));
  const bytes = new Uint8Array(inks.buffer);
  inks.forEach((_, i) => bytes.set([...mixed(colors.ground, colors.on, i / 255), 255], 4 * i));
}

const css = (color) => `rgb(${color.map(Math.round).join(" ")})`;
const mixed = (a, b, share) => a.map((value, i) => value + share * (b[i] - value));

function hsl(hue, saturation, lightness) {
  const a = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return 255 * (lightness - a * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  });
}

const GROUNDS = [0.75, 0.45, 0.3, 0.19, 0.1]; // share of a letter's color, by pixels that differ

/** Ground of the nearest letter; the golden angle parts the hues of neighbors. */
function groundColor({ letter, distance }) {
  const dark = colors.ground[0] < 128;
  const color = hsl((letter * 137.508) % 360, dark ? 0.42 : 0.6, dark ? 0.42 : 0.68);
  return mixed(colors.ground, color, GROUNDS[Math.min(distance, GROUNDS.length - 1)]);
}

// Okabe and Ito's colors and three between: the same as in the report's figures
const CLASSES = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7",
  "#56b4e9", "#8c6d1f", "#5c5c66", "#7a3b9a", "#94b817"];
const classColor = (label) => CLASSES[label % CLASSES.length];

/** Set a canvas' size, which also clears it, where it has another. */
function sized(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
}

/** Draw 35 pixels as squares; a ring around those marked. */
function drawLetter(canvas, values, rings) {
  const side = 60, gap = 3, size = side - 2 * gap;
  sized(canvas, side * COLUMNS, side * ROWS);
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < PIXELS; i++) {
    const x = (i % COLUMNS) * side + gap, y = Math.floor(i / COLUMNS) * side + gap;
    pen.fillStyle = css(mixed(colors.off, colors.on, Math.min(1, Math.max(0, values[i]))));
    pen.fillRect(x, y, size, size);
    if (!rings[i]) continue;
    pen.strokeStyle = css(colors.ring);
    pen.lineWidth = 6;
    pen.strokeRect(x + 3, y + 3, size - 6, size - 6);
  }
}

/** Ink on paper as a picture, like the letters: values from 0 to a largest one. */
function inked(values, [height, width], largest = 1) {
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < values.length; i++) pixels[i] = inks[Math.round((255 * values[i]) / largest)];
  return image;
}

function drawImage(canvas, image) {
  sized(canvas, image.width, image.height);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A round distance between ticks, for about so many in a span. */
function tickStep(span, count) {
  const power = 10 ** Math.floor(Math.log10(span / count));
  return power * [1, 2, 5, 10].find((factor) => factor * power * count >= span);
}

function ticks(low, high, count) {
  const step = tickStep(high - low, count), found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(digits(i * step));
  return found;
}

// ------------------------------------------------------------------ the plane

const FONT = '600 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const SMALL = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * A model's latent plane (or line, where it has one unit) with a point to move.
 *
 * moved(plane): the reader moved the point; drawn(plane): drew a path; ground(plane): a generator
 * that fills plane.back, a part a step; marks: letters at their codes. Without moved there is no
 * point: the plane is a picture.
 */
class Plane {
  constructor(canvas, tools, { moved, drawn, ground, equal = false }) {
    Object.assign(this, { canvas, moved, drawn, ground, equal }); // equal: both axes have one scale
    this.back = document.createElement("canvas"); // the ground, at a resolution of its own
    this.scene = document.createElement("canvas"); // all that stays while the point moves
    this.marks = [];
    this.dots = []; // points without a letter
    this.circles = []; // radii around the origin
    this.common = null; // a window shared with other planes
    this.path = null;
    this.drawing = false;
    this.draw = onceAFrame(() => this.drawNow());
    new ResizeObserver(() => this.resize()).observe(canvas);
    new IntersectionObserver((entries) => this.seen(entries.at(-1).isIntersecting), {
      rootMargin: "200px",
    }).observe(canvas);
    if (moved) {
      canvas.addEventListener("pointerdown", (event) => this.down(event));
      canvas.addEventListener("pointermove", (event) => this.drag(event));
      for (const end of ["pointerup", "pointercancel"]) {
        canvas.addEventListener(end, () => this.up());
      }
      canvas.addEventListener("keydown", (event) => this.key(event));
    }
    for (const button of tools.querySelectorAll("button")) {
      button.addEventListener("click", () => this.zoom(button.dataset.zoom));
    }
  }

  get flat() {
    return this.model.basis.length === 1;
  }

  get window() {
    return this.common ?? this.model.window;
  }

  /** Another model, seen whole. */
  show(model, marks, label) {
    Object.assign(this, { model, marks, path: null });
    this.canvas.classList.toggle("line", this.flat);
    this.canvas.setAttribute("aria-label", label);
    this.canvas.setAttribute("role", !this.moved ? "img" : this.flat ? "slider" : "application");
    if (!this.flat && this.moved) this.canvas.setAttribute("aria-roledescription", "plane with a point");
    else this.canvas.removeAttribute("aria-roledescription");
    this.view = null;
    this.fit();
    this.resize();
  }

  /** See the whole window. */
  fit() {
    const center = this.window.map(([low, high]) => (low + high) / 2);
    const seen = this.view?.zoom === 1 && center.every((c, i) => c === this.view.center[i]);
    this.view = { center, zoom: 1 };
    if (!seen) this.repaint();
    this.refresh();
  }

  /** The intervals that are seen, of both coordinates. */
  get span() {
    const halves = this.window.map(([low, high]) => (high - low) / 2 / this.view.zoom);
    const sides = [this.width, this.height];
    const unit = Math.max(...halves.map((half, i) => half / sides[i])); // of a pixel
    const equal = this.equal && !this.flat && Number.isFinite(unit);
    return halves.map((own, i) => {
      const half = equal ? unit * sides[i] : own;
      return [this.view.center[i] - half, this.view.center[i] + half];
    });
  }

  toPixel([x, y]) {
    const [[x0, x1], [y0, y1]] = this.span;
    return [((x - x0) / (x1 - x0)) * this.width, ((y1 - y) / (y1 - y0)) * this.height];
  }

  /** The point of the plane at shares (0 to 1) of its width and height, from the top left. */
  pointAt(right, down) {
    const [[x0, x1], [y0, y1]] = this.span;
    return [x0 + right * (x1 - x0), this.flat ? 0 : y1 - down * (y1 - y0)];
  }

  /** Put the point somewhere; the view follows where it would be lost. */
  place(point) {
    this.point = this.flat ? [point[0], 0] : point;
    const seen = this.span.every(([low, high], i) => low <= this.point[i] && this.point[i] <= high);
    if (!seen && !this.held) this.look(this.point, this.view.zoom);
    if (this.flat) this.describe();
    this.draw();
  }

  describe() {
    const [[low, high]] = this.window;
    const values = { valuemin: low, valuemax: high, valuenow: this.point[0] };
    for (const [name, value] of Object.entries(values)) {
      this.canvas.setAttribute(`aria-${name}`, digits(value));
    }
  }

  look(center, zoom) {
    this.view = { center: [...center], zoom: Math.min(4096, Math.max(0.25, zoom)) };
    this.repaint();
    this.refresh();
  }

  zoom(how) {
    if (how === "fit") this.fit();
    else this.look(this.moved ? this.point : this.view.center, this.view.zoom * (how === "in" ? 2 : 0.5));
    this.refresh();
    this.moved?.(this);
  }

  seen(visible) {
    this.visible = visible;
    if (visible && this.stale) this.repaint();
  }

  /** Compute the ground anew, once it can be seen. */
  repaint() {
    this.stale = !this.visible;
    if (this.visible) inSlices(this, this.ground(this), () => this.refresh());
  }

  resize() {
    const ratio = Math.min(2, devicePixelRatio), before = this.width / this.height;
    [this.width, this.height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (this.equal && this.view && this.width / this.height !== before) this.repaint(); // sees more, or less
    for (const canvas of [this.canvas, this.scene]) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.refresh();
  }

  // --- what the reader does

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = (value) => Math.min(1, Math.max(0, value));
    return this.pointAt(
      share((event.clientX - box.left) / box.width),
      share((event.clientY - box.top) / box.height),
    );
  }

  down(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.held = true;
    if (this.drawing) this.path = new Path([this.at(event)]);
    this.drag(event);
  }

  drag(event) {
    if (!this.held) return;
    const point = this.at(event);
    if (this.drawing) {
      const [a, b] = [this.toPixel(point), this.toPixel(this.path.points.at(-1))];
      if (Math.hypot(a[0] - b[0], a[1] - b[1]) > 3) {
        this.path = new Path([...this.path.points, point]);
      }
    }
    this.place(point);
    this.moved(this);
  }

  up() {
    if (!this.held) return;
    this.held = false;
    if (!this.drawing) return;
    this.path = this.path.points.length > 1 ? this.path.thinned(40) : null;
    this.drawn(this);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const zoom = { "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key];
    if (zoom) this.zoom(zoom);
    const step = STEPS[event.key];
    if (step) {
      const share = event.shiftKey ? 0.08 : 0.01;
      const sides = this.span.map(([low, high]) => share * (high - low));
      this.place(this.point.map((value, i) => value + step[i] * sides[i]));
      this.moved(this);
    }
    if (zoom || step) event.preventDefault();
  }

  // --- what is seen

  /** Draw anew what stays while the point moves, too. */
  refresh() {
    this.changed = true;
    this.draw();
  }

  drawNow() {
    if (!this.width || (this.moved && !this.point)) return;
    if (this.changed) this.drawScene();
    this.pen = this.canvas.getContext("2d");
    this.pen.clearRect(0, 0, this.width, this.height);
    this.pen.drawImage(this.scene, 0, 0, this.width, this.height);
    if (this.path) this.drawPath();
    if (this.moved) this.drawPoint();
  }

  drawScene() {
    const { width, height } = this, pen = this.scene.getContext("2d");
    this.pen = pen;
    this.changed = false;
    pen.clearRect(0, 0, width, height);
    pen.imageSmoothingEnabled = false;
    if (this.back.width) pen.drawImage(this.back, 0, 0, width, height);
    this.drawTicks();
    for (const radius of this.circles) this.drawCircle(radius);
    for (const mark of this.marks) this.drawMark(mark);
    for (const dot of this.dots) this.drawDot(dot);
  }

  drawTicks() {
    const { pen, width, height } = this;
    const [[x0, x1], [y0, y1]] = this.span;
    pen.font = SMALL;
    pen.textAlign = "center";
    for (const x of ticks(x0, x1, width / 90)) {
      this.text(String(x), this.toPixel([x, 0])[0], height - 8, colors.muted);
    }
    if (this.flat) return;
    pen.textAlign = "left";
    for (const y of ticks(y0, y1, height / 90)) {
      const at = this.toPixel([0, y])[1];
      if (at < height - 24 && at > 8) this.text(String(y), 5, at, colors.muted);
    }
  }

  /** A circle around the origin, of the prior's deviations. */
  drawCircle(radius) {
    const { pen } = this, [x, y] = this.toPixel([0, 0]), [right, up] = this.toPixel([radius, radius]);
    for (const [width, color] of [[4, colors.ground], [1.5, colors.ink]]) {
      pen.beginPath();
      if (this.flat) {
        for (const at of [right, 2 * x - right]) {
          pen.moveTo(at, 0);
          pen.lineTo(at, this.height - 26);
        }
      } else pen.ellipse(x, y, Math.abs(right - x), Math.abs(y - up), 0, 0, 7);
      pen.setLineDash([5, 4]);
      pen.lineWidth = width;
      pen.strokeStyle = css(color);
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  drawDot(point) {
    const { pen } = this, [x, y] = this.toPixel(point);
    pen.beginPath();
    pen.arc(x, this.flat ? this.height / 2 : y, 5, 0, 7);
    pen.fillStyle = css(colors.ring);
    pen.fill();
    pen.lineWidth = 2;
    pen.strokeStyle = css(colors.ground);
    pen.stroke();
  }

  /** Text with a rim of the ground's color, readable on anything. */
  text(text, x, y, color) {
    const { pen } = this;
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 3.5;
    pen.strokeStyle = css(colors.ground);
    pen.strokeText(text, x, y);
    pen.fillStyle = css(color);
    pen.fillText(text, x, y);
  }

  drawMark({ point, text, rank }) {
    let [x, y] = this.toPixel(point);
    if (x < -9 || x > this.width + 9 || y < -9 || y > this.height + 9) return;
    const { pen } = this;
    if (this.flat) {
      // neighbors at different heights, each above its place
      y = 18 + (rank % 6) * ((this.height - 70) / 5);
      pen.fillStyle = css(colors.muted);
      pen.fillRect(x - 0.5, y, 1, this.height - 26 - y);
    }
    pen.font = FONT;
    pen.textAlign = "center";
    this.text(text, x, y, colors.ink);
  }

  drawPath() {
    const { pen } = this;
    pen.beginPath();
    for (const point of this.path.points) pen.lineTo(...this.toPixel(point));
    pen.lineJoin = pen.lineCap = "round";
    for (const [width, color] of [[6, colors.ground], [2.5, colors.ring]]) {
      pen.lineWidth = width;
      pen.strokeStyle = css(color);
      pen.stroke();
    }
  }

  drawPoint() {
    const { pen } = this;
    let [x, y] = this.toPixel(this.point);
    if (this.flat) {
      y = this.height - 26;
      pen.fillStyle = css(colors.accent);
      pen.fillRect(x - 1, 0, 2, y);
    }
    pen.beginPath();
    pen.arc(x, y, this.model.pixels && !this.flat ? 13 : 8, 0, 7);
    for (const [width, color] of [[6, colors.ground], [3, colors.accent]]) {
      pen.lineWidth = width;
      pen.strokeStyle = css(color);
      pen.stroke();
    }
  }
}

// ------------------------------------------------------------------ what rooms share

const rooms = {};
let current = null; // the room used last: where an address leads

/** The whole page's state as an address after "#": only what was shown. */
function address() {
  const state = new URLSearchParams(current ? { in: current } : {});
  for (const room of Object.values(rooms)) {
    for (const [key, value] of Object.entries(room.state())) state.set(key, value);
  }
  // of a point or an identifier these need no escape after a "#"
  return `#${state}`.replaceAll("%2C", ",").replaceAll("%3B", ";").replaceAll("%2F", "/");
}

let saving;

/** Keep the address up to date, not too often: browsers limit that. */
function save(room) {
  current = room;
  clearTimeout(saving);
  saving = setTimeout(() => history.replaceState(null, "", address()), 300);
}

function restore() {
  if (!location.hash.includes("=")) return;
  const state = new URLSearchParams(location.hash.slice(1));
  for (const room of Object.values(rooms)) room.restore(state);
  current = Object.hasOwn(rooms, state.get("in")) ? state.get("in") : null;
  guide(state.get("step"));
  if (current) visit(current);
}

/** Go to a room. */
function visit(room) {
  current = room;
  document.getElementById(room).scrollIntoView({ behavior: "instant" });
}

/** Say something to screen readers, once it stays the same for a moment. */
function announcer(element) {
  let timer;
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => (element.textContent = text), 700);
  };
}

/** Fill a select anew and choose a value, where it is there. */
function fill(select, entries, value) {
  select.replaceChildren();
  options(select, entries);
  if (entries.some((entry) => String(entry.value) === String(value))) select.value = value;
}

function options(select, entries) {
  const groups = new Map();
  for (const { group, value, text } of entries) {
    if (!groups.has(group)) {
      const parent = group ? document.createElement("optgroup") : select;
      if (group) select.append(Object.assign(parent, { label: group }));
      groups.set(group, parent);
    }
    groups.get(group).append(new Option(text, value));
  }
}

/** Radio buttons that look like one row; changed(value). */
function radios(fieldset, name, entries, changed) {
  for (const { value, text } of entries) {
    const label = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, { type: "radio", name, value });
    label.append(input, Object.assign(document.createElement("span"), { textContent: text }));
    fieldset.append(label);
  }
  fieldset.onchange = (event) => changed(event.target.value);
}

function check(name, value) {
  const input = [...document.getElementsByName(name)].find((i) => i.value === String(value));
  if (input) input.checked = true;
  return Boolean(input);
}

const glyph = (name) => ({ space: "␣", delete: "⌦" })[name] ?? name;

/** "Nearest letter A, exactly": in parts, the name apart. */
function likeness(model, { letter, distance }) {
  const rest = distance ? count(", but for {n} pixel", ", but for {n} pixels", distance) : tell(", exactly");
  return [model.characters[letter], rest];
}

/** Write a sentence with one word in bold. */
function say(element, before, bold, after) {
  const strong = Object.assign(document.createElement("strong"), { textContent: bold });
  element.replaceChildren(before, strong, after);
}

function learned(model) {
  const [encoder, latent, decoder, output] = model.activations.map(named);
  const places = {
    shape: model.architecture.join("-"), encoder, latent, decoder, output,
    optimizer: named(model.optimizer), error: significant(model.error),
  };
  return tell("{shape}; encoder {encoder}, latent layer {latent}, decoder {decoder}, output {output}. Trained by {optimizer}, error {error};", places)
    + ` ${count("{n} start.", "the best of {n} starts.", model.starts)}`;
}

/** The letters at their codes, for a plane. */
function marksOf(model) {
  const ranks = model.codes.map((_, i) => i).sort((a, b) => model.codes[a][0] - model.codes[b][0]);
  return model.codes.map((code, i) => ({
    point: code, text: glyph(model.characters[i]), rank: ranks.indexOf(i),
  }));
}

/** 35 squares to click, to paint and to walk with keys; changed(pixel, value). */
class PixelGrid {
  constructor(holder, changed) {
    Object.assign(this, { holder, changed, values: new Array(PIXELS).fill(0) });
    this.cells = Array.from({ length: PIXELS }, (_, i) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", tabIndex: i ? -1 : 0 });
      button.dataset.pixel = i;
      holder.append(button);
      return button;
    });
    const pixel = (element) => (holder.contains(element) ? element.closest("[data-pixel]")?.dataset.pixel : undefined);
    const to = (i) => (this.values[i] > 0.5 ? 0 : 1);
    holder.addEventListener("pointerdown", (event) => {
      const i = pixel(event.target);
      if (i === undefined || event.button !== 0) return;
      event.target.releasePointerCapture(event.pointerId);
      this.paint = to(i);
      changed(Number(i), this.paint);
    });
    holder.addEventListener("pointermove", (event) => {
      if (this.paint === undefined) return;
      const i = pixel(document.elementFromPoint(event.clientX, event.clientY));
      if (i !== undefined && this.values[i] !== this.paint) changed(Number(i), this.paint);
    });
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (this.paint = undefined));
    holder.addEventListener("click", (event) => {
      const i = pixel(event.target);
      // a pointer's click was dealt with when it came down; this is the keyboard's
      if (i !== undefined && event.detail === 0) changed(Number(i), to(i));
    });
    holder.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const at = Number(event.target.dataset.pixel);
    const column = Math.min(COLUMNS - 1, Math.max(0, (at % COLUMNS) + step[0]));
    const row = Math.min(ROWS - 1, Math.max(0, Math.floor(at / COLUMNS) - step[1]));
    const next = this.cells[row * COLUMNS + column];
    for (const cell of this.cells) cell.tabIndex = cell === next ? 0 : -1;
    next.focus();
  }

  show(values) {
    this.values = values;
    this.cells.forEach((cell, i) => {
      const value = Math.min(1, Math.max(0, values[i]));
      cell.style.background = css(mixed(colors.off, colors.on, value));
      cell.setAttribute("aria-pressed", values[i] > 0.5);
      const places = { row: Math.floor(i / COLUMNS) + 1, column: (i % COLUMNS) + 1, ink: Math.round(100 * value) };
      cell.setAttribute("aria-label", value > 0 && value < 1
        ? tell("row {row}, column {column}, {ink} % ink", places) : tell("row {row}, column {column}", places));
    });
  }
}

// ------------------------------------------------------------------ letters

class Letters {
  constructor(models) {
    this.models = models;
    this.section = document.getElementById("letters");
    this.announce = announcer(find("#letters-live"));
    this.update = onceAFrame(() => this.updateNow());
    this.plane = new Plane(find("#letters-plane"), find(".tools", this.section), {
      moved: () => this.moved(),
      drawn: () => this.pathDrawn(),
      ground: (plane) => regions(plane),
    });
    this.own = new PixelGrid(find("#letters-own"), (pixel, value) => {
      this.give(this.own.values.map((v, i) => (i === pixel ? value : v)));
      save("letters");
    });
    this.input = null; // the picture that the network was given; none: the point was moved
    this.other = new OtherNetwork(this);
    this.connect();
    this.label();
    this.show(this.first());
  }

  /** To begin with: the study's own font, a plane, as few wrong pixels as can be. */
  first() {
    const rank = (m) => [m.font !== this.models[0].font, m.basis.length === 1, m.worst];
    const order = (a, b) => rank(a).map((r, i) => r - rank(b)[i]).find((d) => d) ?? 0;
    return this.models.toSorted(order)[0];
  }

  connect() {
    this.select = find("#letters-network");
    this.second = find("#letters-second");
    this.second.onchange = () => {
      this.other.show(this.models.find((m) => m.id === this.second.value) ?? null);
      this.update();
      save("letters");
    };
    find("#letters-give").onclick = () => {
      const near = nearestLetter(this.model, this.shown);
      this.give(Array.from(this.model.pixels[near.letter], Number));
      save("letters");
    };
    find("#letters-blank").onclick = () => {
      this.give(new Array(PIXELS).fill(0));
      save("letters");
    };
    this.select.onchange = () => {
      this.show(this.models.find((m) => m.id === this.select.value));
      save("letters");
    };
    for (const input of document.getElementsByName("shades")) input.onchange = () => this.moved();
    for (const input of document.getElementsByName("pointer")) {
      input.onchange = () => (this.plane.drawing = input.value === "draw");
    }
    this.play = find("#letters-play");
    this.play.onclick = () => (this.playing ? this.stop() : this.start());
    this.along = find("#letters-along");
    this.along.oninput = () => {
      this.stop();
      this.walk(this.along.value / 1000);
      save("letters");
    };
    find("#letters-clear").onclick = () => {
      this.follow(null);
      save("letters");
    };
    find("#letters-go").onclick = () => this.travel();
  }

  /** Fill what has words: at the start, and in another language. */
  label() {
    const entries = this.models.map((m) => ({
      group: fontName(m.font), value: m.id, text: `${titled(m.name)}, ${fontName(m.font)} (${halfOf(m.architecture)})`,
    }));
    fill(this.select, entries, this.select.value);
    fill(this.second, [{ value: "", text: tell("none") }, ...entries], this.second.value);
  }

  translate() {
    this.label();
    this.describe();
    this.play.textContent = this.playing ? tell("Pause") : tell("Play");
    if (this.other.model) this.other.show(this.other.model);
    this.update();
  }

  /** Take a network that was trained in the page, in place of one taken before. */
  adopt(model) {
    this.models = [...this.models.filter((m) => m.id !== model.id), model];
    this.label();
    this.show(model);
    save("letters");
  }

  /** Give the network a picture: where does it land, what returns? */
  give(picture, drawn = false) {
    this.stop();
    this.input = picture;
    this.drawn = drawn; // by the other network, whose point stays where it is
    this.plane.place(project(this.model, encode(this.model, picture)));
    this.update();
  }

  describe() {
    const { model } = this, [first, second] = model.axes.map((name) => tell(name));
    this.plane.canvas.setAttribute("aria-label", tell("Latent plane: {network}, {font}", { network: titled(model.name), font: fontName(model.font) }));
    find("#letters-axes").textContent = this.plane.flat ? `→ ${first}` : `→ ${first}, ↑ ${second}`;
    find("#letters-facts").textContent = `${learned(model)} `
      + count("Of {n} letter {exact} returns without a wrong pixel;", "Of {n} letters {exact} return without a wrong pixel;", model.characters.length, { exact: model.exact })
      + ` ${tell("the worst has {worst} wrong.", { worst: model.worst })}`;
  }

  show(model, point) {
    this.stop();
    this.model = model;
    this.input = null;
    this.select.value = model.id;
    this.plane.show(model, marksOf(model), "");
    for (const [select, chosen] of [["#letters-from", 1], ["#letters-to", 2]]) {
      find(select).replaceChildren();
      options(find(select), model.characters.map((text, value) => ({ value, text })));
      find(select).value = Math.min(chosen, model.characters.length - 1);
    }
    this.describe();
    this.follow(null);
    this.plane.place(point ?? model.codes[Math.min(1, model.codes.length - 1)]);
    this.update();
  }

  moved() {
    if (this.plane.held) this.stop();
    this.input = null;
    this.update();
    save("letters");
  }

  updateNow() {
    const { model, plane, input } = this;
    // a picture goes through the network itself: a plane of more units shows its code from aside
    const values = Array.from(input ? forward(layersOf(model), encode(model, input)) : decode(model, plane.point));
    this.shown = values;
    const near = nearestLetter(model, values);
    drawLetter(find("#letters-picture"), this.shaded(model, values), differing(model, near.letter, values));
    const [name, rest] = likeness(model, near);
    say(find("#letters-reading"), input ? tell("It returns ") : tell("Nearest letter: "), name, rest);
    this.own.show(input ?? values.map((v) => Number(v > model.threshold)));
    if (!input || !this.drawn) this.other.take(input ?? values);
    const where = `${plane.point.slice(0, model.basis.length).map((v) => v.toFixed(2)).join(", ")}`;
    find("#letters-picture").setAttribute("aria-label", tell("The decoded letter: {letter}", { letter: `${name}${rest}` }));
    if (plane.flat) plane.canvas.setAttribute("aria-valuetext", `${where}: ${name}${rest}`);
    if (!this.playing) this.announce(tell("At {where}: {letter}", { where, letter: `${name}${rest}` }));
  }

  /** Values as decoded, or on and off. */
  shaded(model, values) {
    const cut = find("input[name=shades]:checked").value === "threshold";
    return cut ? values.map((v) => Number(v > model.threshold)) : values;
  }

  recolor() {
    this.plane.repaint();
    this.other.plane.model && this.other.plane.repaint();
    this.update();
  }

  // --- paths

  /** Take a path, or none. */
  follow(path) {
    this.stop();
    this.plane.path = path;
    for (const control of [this.play, this.along, find("#letters-clear")]) control.disabled = !path;
    this.along.value = 0;
    this.plane.draw();
  }

  pathDrawn() {
    this.follow(this.plane.path);
    if (this.plane.path && !still.matches) this.start();
    save("letters");
  }

  travel() {
    const ends = ["#letters-from", "#letters-to"].map((s) => this.model.codes[find(s).value]);
    this.follow(new Path(ends));
    this.start();
    save("letters");
  }

  walk(share) {
    this.input = null;
    this.plane.place(this.plane.path.at(share));
    this.update();
  }

  start() {
    const seen = Math.hypot(...this.plane.span.map(([low, high], i) => (this.plane.flat && i ? 0 : high - low)));
    const seconds = 2 + Math.min(8, (6 * this.plane.path.length) / seen);
    let share = this.along.value < 1000 ? this.along.value / 1000 : 0;
    let last = performance.now();
    this.play.textContent = tell("Pause");
    const tick = (now) => {
      share = Math.min(1, share + Math.max(0, now - last) / 1000 / seconds);
      last = now;
      this.along.value = 1000 * share;
      this.walk(share);
      if (share < 1) this.playing = requestAnimationFrame(tick);
      else this.stop();
    };
    this.playing = requestAnimationFrame(tick);
  }

  stop() {
    if (!this.playing) return;
    cancelAnimationFrame(this.playing);
    this.playing = null;
    this.play.textContent = tell("Play");
    this.update();
    save("letters");
  }

  // --- the address

  state() {
    const { plane } = this;
    return {
      network: this.model.id,
      at: written([plane.point]),
      ...(plane.view.zoom !== 1 && { look: `${written([plane.view.center])};${plane.view.zoom},0` }),
      shades: find("input[name=shades]:checked").value,
      ...(this.input && { own: this.input.map((v) => Number(v > 0.5)).join("") }),
      ...(this.other.model && { second: this.other.model.id }),
      ...(plane.path && { path: written(plane.path.points), along: this.along.value }),
    };
  }

  restore(state) {
    const model = this.models.find((m) => m.id === state.get("network"));
    if (!model) return;
    check("shades", state.get("shades"));
    this.show(model, readPoints(state.get("at"))?.[0]);
    const look = readPoints(state.get("look"));
    if (look?.length === 2) this.plane.look(look[0], look[1][0]);
    const path = readPoints(state.get("path"));
    if (path?.length > 1) {
      this.follow(new Path(path));
      this.along.value = state.get("along") ?? 0;
    }
    this.other.show(this.models.find((m) => m.id === state.get("second")) ?? null);
    this.second.value = this.other.model?.id ?? "";
    if (/^[01]{35}$/.test(state.get("own") ?? "")) this.give(Array.from(state.get("own"), Number));
  }
}

/** A second network beside the first: both have the same picture, each at its own place. */
class OtherNetwork {
  constructor(room) {
    this.room = room;
    this.holder = find("#letters-other");
    this.model = null;
    this.plane = new Plane(find(".plane", this.holder), find(".tools", this.holder), {
      moved: () => this.moved(),
      drawn: () => {},
      ground: (plane) => regions(plane),
    });
  }

  show(model) {
    this.model = model;
    this.holder.hidden = !model;
    if (!model) return;
    const title = `${titled(model.name)}, ${fontName(model.font)}`;
    find("h3", this.holder).textContent = title;
    this.plane.show(model, marksOf(model), tell("Latent plane: {network}, {font}", { network: titled(model.name), font: fontName(model.font) }));
    this.plane.place(model.codes[0]);
  }

  /** Where does it put a picture, what does it return? */
  take(picture) {
    if (!this.model) return;
    const code = encode(this.model, picture);
    this.plane.place(project(this.model, code));
    this.draw(Array.from(forward(layersOf(this.model), code)));
  }

  /** Its own point was moved: the first network gets what it draws there. */
  moved() {
    const values = Array.from(decode(this.model, this.plane.point));
    this.room.give(values, true);
    this.draw(values);
    save("letters");
  }

  draw(values) {
    const { model, holder } = this, near = nearestLetter(model, values), [name, rest] = likeness(model, near);
    const canvas = find(".pixels", holder);
    drawLetter(canvas, this.room.shaded(model, values), differing(model, near.letter, values));
    canvas.setAttribute("aria-label", tell("The decoded letter: {letter}", { letter: `${name}${rest}` }));
    say(find(".reading", holder), tell("It returns "), name, rest);
    const { plane } = this;
    if (plane.flat) plane.canvas.setAttribute("aria-valuetext", `${plane.point[0].toFixed(2)}: ${name}${rest}`);
  }
}

/** The ground of a letter plane: nearest letters, coarse at once, then finer and finer. */
function* regions(plane, sides = [40, 160, 400]) {
  for (const side of sides) {
    const columns = plane.flat ? 3 * side : side, rows = plane.flat ? 1 : side;
    const image = new ImageData(columns, rows);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at += 4) {
        const point = plane.pointAt((column + 0.5) / columns, (row + 0.5) / rows);
        const color = groundColor(nearestLetter(plane.model, decode(plane.model, point)));
        image.data.set([...color, 255], at);
        if (column % 16 === 0) yield;
      }
    }
    [plane.back.width, plane.back.height] = [columns, rows];
    plane.back.getContext("2d").putImageData(image, 0, 0);
    plane.refresh();
  }
}

// ------------------------------------------------------------------ denoiser

class Denoiser {
  constructor(models) {
    this.models = models;
    this.announce = announcer(find("#denoiser-live"));
    this.update = onceAFrame(() => this.updateNow());
    this.grid = new PixelGrid(find("#denoiser-grid"), (pixel, value) => this.change(pixel, value));
    this.select = find("#denoiser-network");
    this.kind = find("#denoiser-kind");
    this.probability = find("#denoiser-probability");
    this.select.onchange = () => {
      this.show(models.find((m) => m.id === this.select.value));
      save("denoiser");
    };
    this.kind.onchange = this.probability.oninput = () => {
      this.describeNoise();
      this.forget();
      save("denoiser");
    };
    find("#denoiser-noise").onclick = () => this.set(noisy(this.clean(), this.noise()));
    find("#denoiser-clean").onclick = () => this.set(this.clean());
    find("#denoiser-try").onclick = () => this.try();
    this.label();
    this.show(models[0]);
  }

  /** Fill what has words: at the start, and in another language. */
  label() {
    fill(this.select, this.models.map((m) => ({ group: titled(m.name), value: m.id, text: `${this.title(m)} (${titled(m.name)})` })), this.select.value);
    fill(this.kind, Object.keys(NOISES).map((value) => ({ value, text: named(value) })), this.kind.value);
  }

  translate() {
    this.label();
    this.describe();
    this.describeNoise();
    if (this.scores) this.showScores();
    this.update();
  }

  /** What a network learned. */
  title(model) {
    const letters = model.characters.length > 8
      ? count("{n} letter", "{n} letters", model.characters.length) : model.characters.map(glyph).join("");
    return tell("{letters} of {font}, {noise}, {percent} % of the pixels", {
      letters, font: fontName(model.font), noise: named(model.noise.kind), percent: digits(100 * model.noise.probability),
    });
  }

  /** The noise that is set: of the slider, the rest as the network learned. */
  noise() {
    return { kind: this.kind.value, probability: this.probability.value / 100, range: this.model.noise.range ?? 0.5 };
  }

  describeNoise() {
    find("#denoiser-percent").textContent = `${this.probability.value} %`;
  }

  /** Put 500 noisy letters through the network, and through what it must beat. */
  try() {
    this.scores = tried(this.model, this.noise(), 500);
    this.showScores();
  }

  forget() {
    this.scores = null;
    find("#denoiser-scores").hidden = true;
  }

  showScores() {
    const names = { network: tell("the network"), nearest: tell("the nearest letter"), threshold: tell("the threshold alone"), nothing: tell("doing nothing") };
    const body = find("#denoiser-scores tbody");
    body.replaceChildren(...Object.entries(this.scores).map(([name, { error, within, right }]) => {
      const row = document.createElement("tr"), head = document.createElement("th");
      Object.assign(head, { scope: "row", textContent: names[name] });
      const cells = [within, right].map((share) => {
        const cell = document.createElement("td"), bar = document.createElement("span");
        bar.className = "bar";
        bar.style.setProperty("--share", share);
        cell.append(bar, `${(100 * share).toFixed(1)} %`);
        return cell;
      });
      row.append(head, ...cells, Object.assign(document.createElement("td"), { textContent: error.toFixed(2) }));
      return row;
    }));
    find("#denoiser-scores").hidden = false;
    this.announce([...body.rows].map((row) => [...row.cells].map((cell) => cell.textContent).join(" ")).join("; "));
  }

  describe() {
    const { kind, probability } = this.model.noise;
    find("#denoiser-facts").textContent = `${learned(this.model)} `
      + tell("It learned from copies with {noise} on {percent} % of the pixels.", { noise: named(kind), percent: digits(100 * probability) });
  }

  show(model, letter = 0) {
    this.model = model;
    this.select.value = model.id;
    const choice = find("#denoiser-letters");
    choice.replaceChildren(find("legend", choice));
    const letters = model.characters.map((name, value) => ({ value, text: glyph(name) }));
    radios(choice, "letter", letters, (value) => {
      this.letter = Number(value);
      this.set(this.clean());
    });
    const known = Object.hasOwn(NOISES, model.noise.kind);
    if (known) {
      this.kind.value = model.noise.kind;
      this.probability.value = Math.round(100 * model.noise.probability);
    }
    this.describeNoise();
    this.forget();
    this.letter = Math.min(letter, model.characters.length - 1);
    check("letter", this.letter);
    this.describe();
    this.input = this.clean();
    for (const i of [2, 11, 23]) this.input[i] = 1 - this.input[i]; // to begin with something to mend
    this.update();
  }

  recolor() {
    this.update();
  }

  clean() {
    return Array.from(this.model.pixels[this.letter], Number);
  }

  set(input) {
    this.input = input;
    this.update();
    save("denoiser");
  }

  change(pixel, value) {
    this.set(this.input.map((v, i) => (i === Number(pixel) ? value : v)));
  }

  updateNow() {
    const { model, input } = this;
    const clean = this.clean();
    this.grid.show(input);
    const answer = forward(layersOf(model), input);
    const wrong = differing(model, this.letter, answer);
    drawLetter(find("#denoiser-picture"), answer, wrong);
    drawLetter(find("#denoiser-clean-picture"), clean, []);
    const near = nearestLetter(model, answer);
    const spoiled = clean.filter((c, i) => (input[i] > 0.5) !== (c > 0.5)).length;
    const missed = wrong.filter(Boolean).length;
    const verdict = near.letter !== this.letter ? tell(": it takes it for another letter")
      : missed ? count(", with {n} wrong pixel", ", with {n} wrong pixels", missed)
      : spoiled ? tell(": mended") : tell(": as it was");
    const text = `${count("{n} pixel spoiled.", "{n} pixels spoiled.", spoiled)} `;
    say(find("#denoiser-reading"), text, model.characters[near.letter], verdict);
    const label = tell("The answer: {letter}", { letter: `${model.characters[near.letter]}${verdict}` });
    find("#denoiser-picture").setAttribute("aria-label", label);
    this.announce(text + label);
  }

  // --- the address: 35 pixels as two hexadecimal digits each, -1 to 2 in steps of 1/64

  state() {
    const byte = (v) => Math.round(Math.min(191, Math.max(0, 64 * (v + 1)))).toString(16).padStart(2, "0");
    return {
      denoiser: this.model.id, letter: this.letter, input: this.input.map(byte).join(""),
      noise: this.kind.value, percent: this.probability.value,
    };
  }

  restore(state) {
    // the first of several with the same letters, network and kind of noise, where that is asked
    const asked = state.get("denoiser") ?? "", models = this.models;
    const model = models.find((m) => m.id === asked) ?? models.find((m) => asked && m.id.startsWith(`${asked}/`));
    if (!model) return;
    const letter = Number(state.get("letter"));
    this.show(model, Number.isInteger(letter) && letter >= 0 ? letter : 0);
    if (Object.hasOwn(NOISES, state.get("noise"))) this.kind.value = state.get("noise");
    if (/^\d{1,2}$/.test(state.get("percent") ?? "")) this.probability.value = state.get("percent");
    this.describeNoise();
    const input = state.get("input") ?? "";
    if (!/^[0-9a-f]{70}$/.test(input)) return;
    this.input = input.match(/../g).map((byte) => parseInt(byte, 16) / 64 - 1);
    this.update();
  }
}

// ------------------------------------------------------------------ images

class Images {
  constructor(sets) {
    this.sets = sets;
    this.announce = announcer(find("#images-live"));
    radios(find("#images-sets"), "set", sets.map((s) => ({ value: s.name, text: titled(s.title) })), (name) => {
      this.show(sets.find((s) => s.name === name));
      save("images");
    });
    for (const input of document.getElementsByName("scale")) {
      input.onchange = () => {
        this.rescale();
        save("images");
      };
    }
    find("#images-prior").onclick = () => {
      this.draw((this.prior ?? 0) + 1);
      save("images");
    };
    for (const input of document.getElementsByName("ground")) {
      input.onchange = () => {
        this.reground();
        save("images");
      };
    }
    this.show(sets[0]);
  }

  get ground() {
    return find("input[name=ground]:checked").value;
  }

  show(set) {
    this.set = set;
    check("set", set.name);
    set.bytes ??= tensor(set.samples.images);
    this.showSamples();
    const holder = find("#images-models");
    this.cards?.forEach((card) => jobs.splice(0, jobs.length, ...jobs.filter((j) => j.owner !== card.plane)));
    holder.replaceChildren();
    this.cards = set.models.map((model) => new ModelCard(this, model, holder));
    this.rescale();
    this.reground();
    this.draw(null);
    this.choose(0);
  }

  /** Each plane in its own window, or all in one square that holds them all. */
  rescale() {
    const one = find("input[name=scale]:checked").value === "one";
    // a window holds the middle of the codes: more of them here, where the planes are compared
    const reach = 1.4 * Math.max(...this.set.models.flatMap(({ window }) => window.flat().map(Math.abs)));
    for (const { plane } of this.cards) {
      plane.common = one ? [[-reach, reach], [-reach, reach]] : null;
      plane.view = null;
      plane.fit();
    }
  }

  /** The same twelve codes from the prior, N(0, 1), decoded by all models; null: none. */
  draw(seed) {
    this.prior = seed;
    for (const card of this.cards) card.sample(seed);
  }

  translate() {
    this.sets.forEach((set, i) => (find("#images-sets").querySelectorAll("span")[i].textContent = titled(set.title)));
    const { prior } = this, points = this.cards.map(({ plane }) => plane.point), { sample } = this;
    this.show(this.set);
    this.draw(prior);
    if (sample !== null) this.choose(sample);
    else {
      this.choose(null);
      this.cards.forEach((card, i) => card.go(points[i]));
    }
  }

  picture(sample) {
    const [height, width] = this.set.size, size = height * width;
    return inked(this.set.bytes.subarray(sample * size, (sample + 1) * size), this.set.size, 255);
  }

  showSamples() {
    const holder = find("#images-samples");
    holder.replaceChildren(...this.set.samples.labels.map((label, i) => {
      const button = document.createElement("button"), canvas = document.createElement("canvas");
      button.type = "button";
      button.setAttribute("aria-label", tell("test image of class {label}", { label: tell(this.set.classes[label]) }));
      button.title = tell(this.set.classes[label]);
      drawImage(canvas, this.picture(i));
      button.append(canvas);
      button.onclick = () => {
        this.choose(i);
        save("images");
      };
      return button;
    }));
  }

  /** Put all models' points at the codes of one test image, or (null) mark none. */
  choose(sample) {
    this.sample = sample;
    [...find("#images-samples").children].forEach((b, i) => b.setAttribute("aria-pressed", i === sample));
    if (sample === null) return;
    for (const card of this.cards) card.take(sample);
  }

  reground() {
    for (const card of this.cards) {
      card.legend.hidden = this.ground !== "codes";
      card.plane.repaint();
    }
  }

  recolor() {
    this.showSamples();
    if (this.sample !== null) this.choose(this.sample);
    for (const card of this.cards) {
      card.plane.repaint();
      card.sample(this.prior);
      card.update();
    }
  }

  state() {
    return {
      set: this.set.name,
      ground: this.ground,
      scale: find("input[name=scale]:checked").value,
      ...(this.prior && { prior: this.prior }),
      ...(this.sample === null
        ? { points: written(this.cards.map((card) => card.plane.point)) } : { sample: this.sample }),
    };
  }

  restore(state) {
    const set = this.sets.find((s) => s.name === state.get("set"));
    if (!set) return;
    check("ground", state.get("ground"));
    check("scale", state.get("scale"));
    this.show(set);
    if (/^[1-9]\d{0,5}$/.test(state.get("prior") ?? "")) this.draw(Number(state.get("prior")));
    const sample = Number(state.get("sample") ?? NaN);
    const points = readPoints(state.get("points"));
    if (sample in set.samples.labels) this.choose(sample);
    else if (points?.length === this.cards.length) {
      this.choose(null);
      this.cards.forEach((card, i) => card.go(points[i]));
    }
  }
}

/** One model of an image set: its plane, what is decoded, and the class that is near. */
class ModelCard {
  constructor(room, model, holder) {
    Object.assign(this, { room, model });
    const card = find("#image-model").content.cloneNode(true).firstElementChild;
    translated(card);
    holder.append(card);
    find("h3", card).textContent = titled(model.name);
    this.legend = find(".legend", card);
    this.legend.replaceChildren(...room.set.classes.map((name, label) => {
      const item = document.createElement("li"), dot = document.createElement("i");
      dot.style.background = classColor(label);
      item.append(dot, tell(name));
      return item;
    }));
    this.reading = find(".reading", card);
    find(".facts", card).textContent =
      `${model.basis[0].length}-${model.hidden.join("-")}-${room.set.size[0] * room.set.size[1]}, ${named(model.activation)}`;
    this.drawn = find(".drawn", card);
    this.original = find(".original", card);
    this.answer = find(".answer", card);
    this.update = onceAFrame(() => this.updateNow());
    this.plane = new Plane(find(".plane", card), find(".tools", card), {
      moved: () => this.moved(),
      drawn: () => {},
      equal: true, // else the prior's circles would be ellipses
      ground: (plane) => (room.ground === "codes" ? scatter(plane) : manifold(plane, room.set.size)),
    });
    this.plane.show(model, [], tell("Latent plane: {network}, {font}", { network: titled(model.name), font: titled(room.set.title) }));
  }

  /** Twelve codes from the prior, decoded, and where they lie. */
  sample(seed) {
    const { model, plane, room } = this;
    this.drawn.hidden = seed === null;
    plane.circles = seed === null ? [] : [1, 2];
    const random = generator(seed ?? 0);
    const codes = seed === null ? [] : Array.from({ length: 12 }, () =>
      [0, 1].map(() => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())));
    plane.dots = codes.map(([x, y]) => (plane.flat ? [x, 0] : [x, y]));
    find("div", this.drawn).replaceChildren(...plane.dots.map((code) => {
      const canvas = document.createElement("canvas");
      drawImage(canvas, inked(decode(model, code), room.set.size));
      return canvas;
    }));
    plane.refresh();
  }

  moved() {
    this.original.hidden = true;
    this.room.choose(null);
    this.update();
    save("images");
  }

  go(point) {
    this.original.hidden = true;
    this.plane.place(point);
    this.update();
  }

  /** Show what becomes of a test image. */
  take(sample) {
    const { set } = this.room;
    this.plane.fit();
    this.plane.place(this.model.samples[sample]);
    this.original.hidden = false;
    const canvas = find("canvas", this.original);
    drawImage(canvas, this.room.picture(sample));
    canvas.setAttribute("aria-label", tell("test image of class {label}", { label: tell(set.classes[set.samples.labels[sample]]) }));
    this.update();
  }

  updateNow() {
    const { plane, model, room } = this;
    drawImage(this.answer, inked(decode(model, plane.point), room.set.size));
    const { label, count: votes, of } = nearestClass(model, plane.point);
    const name = tell(room.set.classes[label] ?? String(label));
    say(this.reading, tell("Nearest class: "), name, ` (${votes}/${of})`);
    const where = plane.point.slice(0, model.basis.length).map((v) => v.toFixed(2)).join(", ");
    const text = tell("{network}, at {where}: nearest class {label}, {votes} of {of}", { network: titled(model.name), where, label: name, votes, of });
    this.answer.setAttribute("aria-label", tell("Decoded image. {text}", { text }));
    if (plane.flat) plane.canvas.setAttribute("aria-valuetext", `${where}: ${name}`);
    if (this.original.hidden) room.announce(text);
  }
}

/** The ground of an image plane: what is decoded at the middle of each tile. */
function* manifold(plane, [height, width]) {
  const side = 15, rows = plane.flat ? 6 : side;
  const pen = plane.back.getContext("2d");
  [plane.back.width, plane.back.height] = [side * width, rows * height];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < side; column++) {
      const point = plane.pointAt((column + 0.5) / side, (row + 0.5) / rows);
      pen.putImageData(inked(decode(plane.model, point), [height, width]), column * width, row * height);
      yield;
    }
    plane.refresh();
  }
}

/** The other ground: codes of test images, by class. */
function* scatter(plane) {
  nearestClass(plane.model, plane.point); // unpacks the codes
  const { points, classes } = plane.model, ratio = Math.min(2, devicePixelRatio);
  const pen = plane.back.getContext("2d");
  [plane.back.width, plane.back.height] = [plane.width * ratio, plane.height * ratio];
  pen.scale(ratio, ratio);
  pen.globalAlpha = 0.75;
  for (let i = 0; i < classes.length; i++) {
    const [x, y] = plane.toPixel([points[2 * i], points[2 * i + 1]]);
    pen.fillStyle = classColor(classes[i]);
    pen.beginPath();
    pen.arc(x, plane.flat ? plane.height * (0.1 + 0.7 * ((i * 0.618) % 1)) : y, 2.6, 0, 7);
    pen.fill();
    if (i % 64 === 0) yield;
  }
}

// ------------------------------------------------------------------ guided steps

// what the page's template of an image model says, which the button of the language does not reach
[mark("All"), mark("Zoom in"), mark("Zoom out"), mark("Part of the plane that is seen"), mark("Classes"),
  mark("test image"), mark("decoded"), mark("Twelve codes drawn from N(0, 1), decoded:")].forEach(mark);

/** Texts and labels of a piece of the page that stood in a template, in its language. */
function translated(piece) {
  const walker = document.createTreeWalker(piece, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.data.trim()) node.data = tell(node.data.trim());
  }
  for (const element of piece.querySelectorAll("[aria-label]")) {
    element.setAttribute("aria-label", tell(element.getAttribute("aria-label")));
  }
}

/** What each step does in its room, before the reader goes on. */
const GUIDE = {
  learn: ({ learn }) => learn.begin(1),
  starts: ({ learn }) => learn.begin(2),
  powell: ({ learn }) => learn.begin(1, "powell"),
  race: ({ race }) => {
    race.take(race.races[0]);
    race.run();
  },
  between: ({ letters }) => {
    letters.show(letters.first());
    letters.travel();
  },
  own: ({ letters }) => {
    letters.show(letters.first());
    const given = Array.from(letters.model.pixels[1], Number);
    for (const i of [7, 17, 27]) given[i] = 1 - given[i]; // a letter that no font has
    letters.give(given);
  },
  linear: ({ letters }) => {
    const model = letters.first();
    const plain = letters.models.find((m) => m.font === model.font && m.activations.every((a) => a === "linear"));
    letters.show(model);
    letters.other.show(plain ?? letters.models.find((m) => m !== model) ?? null);
    letters.second.value = letters.other.model?.id ?? "";
    letters.give(Array.from(model.pixels[1], Number));
  },
  noise: ({ denoiser }) => {
    const known = denoiser.models.filter((m) => Object.hasOwn(NOISES, m.noise.kind));
    // all letters of a font, the study's own if it is there
    const rank = (m) => m.characters.length + (m.font === "font2") / 2;
    denoiser.show(known.toSorted((a, b) => rank(b) - rank(a))[0] ?? denoiser.models[0], 1);
    denoiser.set(noisy(denoiser.clean(), denoiser.noise()));
    denoiser.try();
  },
  prior: ({ images }) => {
    check("ground", "codes");
    check("scale", "one");
    images.show(images.sets.find(({ name }) => name === "mnist") ?? images.sets[0]);
    images.draw(1);
  },
};
let step = null; // the guided step that the reader is at

/** Take the reader to a step: its room set up, its question there, and the way to the next. */
function guide(name) {
  const item = Object.hasOwn(GUIDE, name ?? "") && find(`[data-step=${name}]`);
  step = item ? name : null;
  ask();
  if (!item) return;
  current = item.dataset.room;
  GUIDE[name](rooms);
}

function ask() {
  const asked = find("#asked"), item = step && find(`[data-step=${step}]`);
  asked.hidden = !item;
  if (!item) return;
  find("p", asked).textContent = find(".ask", item).textContent;
  const next = item.nextElementSibling, link = find("a", asked);
  link.hidden = !next;
  if (next) link.href = `#step=${next.dataset.step}`;
  find(`#${item.dataset.room} .question`).after(asked);
}

// ------------------------------------------------------------------ the page

readColors();
if (data.learning.length) rooms.learn = new Learn(data.learning, data.fonts);
if (data.races.length) rooms.race = new Race(data.races, data.fonts);
if (data.letters.length) rooms.letters = new Letters(data.letters);
if (data.denoising.length) rooms.denoiser = new Denoiser(data.denoising);
if (data.vae.length) rooms.images = new Images(data.vae);
restore();
addEventListener("hashchange", restore);
function leadBack() { // to the report in the same language, and there to where the reader was
  const there = new URLSearchParams({ lang: document.documentElement.lang });
  const part = new URLSearchParams(location.search).get("part");
  if (part) there.set("part", part);
  document.getElementById("report").href = `index.html?${there}`;
}
leadBack();
document.addEventListener("languagechange", () => {
  leadBack();
  for (const room of Object.values(rooms)) room.translate();
  ask();
});

// its "matches" is never read: in Chromium a look between change and event loses the event
const scheme = matchMedia("(prefers-color-scheme: dark)");
scheme.addEventListener("change", () => {
  readColors();
  for (const room of Object.values(rooms)) room.recolor();
});

const share = document.getElementById("share");
share.onclick = async () => {
  history.replaceState(null, "", address());
  const said = document.getElementById("shared");
  try {
    await navigator.clipboard.writeText(location.href);
    said.textContent = tell("Copied.");
  } catch {
    said.textContent = tell("The address of this page now holds it.");
  }
  setTimeout(() => (said.textContent = ""), 4000);
};

// for tests and measurements
globalThis.explorer = {
  rooms,
  jobs,
  restored,
  layersOf,
  encode,
  tried,
  forward: (layers, inputs) => inputs.map((input) => Array.from(forward(layers, input))),
};

// The two rooms in which networks learn before the reader's eyes, and their drawings: Learn (one
// training, its plane, its error, Powell's line searches) and Race (optimizers at equal cost).

const FRAME = 11; // milliseconds a frame for drawing and training, at most; the browser needs some itself
const PAINT = 2; // of them at most for the plane's ground
const LEAST = 2; // of them at least for training
let budget = 4; // so many are there: fewer where frames come late, more where they come in time
let period = 20; // milliseconds from frame to frame on this screen, at its best

/**
 * Milliseconds for training in a frame that began so long after the one before, when so many are
 * spent. Where another program keeps frames from coming, a few long ones learn sooner than a few short.
 */
function slice(since, spent) {
  if (since > 0) period = Math.min(1.01 * period, Math.max(since, 8));
  budget = since > 1.25 * period ? Math.max(LEAST, budget - 1) : Math.min(FRAME, budget + 0.1);
  return since > 50 ? Math.min(200, since) / 2 : Math.max(LEAST, budget - spent);
}

const lettersOf = ({ pixels }) => pixels.map((text) => Float64Array.from(text, Number));

/** Layers as the rooms compute with them, of the flat weights of a training. */
function unpackedLayers({ layers, network }, weights) {
  return layers.map(({ inputs, units, row, kind, at }) => {
    const kernel = new Float64Array(units * inputs);
    for (let unit = 0; unit < units; unit++) {
      kernel.set(weights.subarray(at + unit * row, at + unit * row + inputs), unit * inputs);
    }
    const bias = row > inputs ? Float64Array.from({ length: units }, (_, u) => weights[at + u * row + inputs]) : null;
    return { rows: units, columns: inputs, weights: kernel, bias, activation: kind, beta: network.beta };
  });
}

/** What is trained, as a model like those that the page has: for planes, and for the other rooms. */
function liveModel(training, alphabet, about) {
  const { problem, weights } = training, { architecture } = problem.network;
  const codes = problem.codes(weights), plane = principalPlane(codes);
  const points = codes.map((code) => project(plane, code));
  const layers = unpackedLayers(problem, weights), middle = (architecture.length - 1) / 2;
  return {
    ...alphabet,
    ...about,
    ...plane,
    axes: architecture[middle] > 2
      ? [mark("first principal component"), mark("second principal component")]
      : [mark("latent unit 1"), mark("latent unit 2")],
    window: fittingWindow(points),
    codes: points,
    unpackedEncoder: layers.slice(0, middle),
    unpacked: layers.slice(middle),
  };
}

/** So many points of a history, evenly spaced, once it has grown to twice as many. */
function thinned(history, most) {
  return history.length < 2 * most ? history : history.filter((_, i) => i % 2 === 0 || i === history.length - 1);
}

// ------------------------------------------------------------------ drawings

/** A canvas as large as it is shown, cleared; returns its pen and its size. */
function cleared(canvas) {
  const ratio = Math.min(2, devicePixelRatio), { clientWidth: width, clientHeight: height } = canvas;
  sized(canvas, Math.round(width * ratio), Math.round(height * ratio));
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

const short = (value) => (value >= 1000 ? `${digits(value / 1000)}k` : String(digits(value)));
const DASHES = [[], [7, 3], [2, 3], [10, 3, 2, 3], [4, 2]];

/** Errors by cost: series of {color, dash, points: [[cost, error]]}, the error on a logarithmic scale. */
function drawCurves(canvas, series, longest) {
  const { pen, width, height } = cleared(canvas);
  const errors = series.flatMap(({ points }) => points.map(([, error]) => error)).filter((e) => e > 0 && e < 1e9);
  if (!width || !errors.length) return;
  const high = Math.ceil(Math.log10(Math.max(...errors)) * 2 + 0.1) / 2;
  const low = Math.min(Math.floor(Math.log10(Math.min(...errors)) * 2) / 2, high - 1);
  const left = 44, bottom = height - 22, right = width - 10, top = 8;
  const x = (cost) => left + (cost / longest) * (right - left);
  const y = (error) => top + ((high - Math.log10(Math.max(error, 10 ** low))) / (high - low)) * (bottom - top);
  pen.font = SMALL;
  pen.fillStyle = css(colors.muted);
  pen.strokeStyle = css(colors.line);
  pen.lineWidth = 1;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (let power = Math.ceil(low); power <= high; power++) {
    pen.fillText(power < -3 ? `1e${power}` : String(digits(10 ** power)), left - 6, y(10 ** power));
    pen.strokeRect(left, y(10 ** power), right - left, 0);
  }
  pen.textAlign = "center";
  for (const cost of ticks(0, longest, width / 90)) pen.fillText(short(cost), Math.min(x(cost), right - 8), height - 9);
  series.forEach(({ color, points }, i) => {
    pen.beginPath();
    for (const [cost, error] of points) pen.lineTo(x(cost), y(error));
    pen.strokeStyle = css(color);
    pen.setLineDash(DASHES[i % DASHES.length]);
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    pen.stroke();
  });
  pen.setLineDash([]);
  pen.textAlign = "left";
  pen.fillText(tell("error a letter"), left + 6, top + 6);
  pen.textAlign = "right";
  pen.fillText(tell("evaluations"), right, bottom - 9);
}

/** The line of a series, to stand before its name. */
function lineKey(color, i) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 60, height: 12, className: "key" });
  canvas.setAttribute("aria-hidden", "true");
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  pen.strokeStyle = css(color);
  pen.lineWidth = 2;
  pen.setLineDash(DASHES[i % DASHES.length]);
  pen.moveTo(0, 3);
  pen.lineTo(30, 3);
  pen.stroke();
  return canvas;
}

/** All letters as a network returns them, a point a pixel, wrong pixels in the ring's color. */
function drawAnswers(canvas, problem, weights, threshold) {
  const n = problem.letters.length, columns = n > 40 ? 16 : 8;
  const image = new ImageData(columns * (COLUMNS + 1) - 1, Math.ceil(n / columns) * (ROWS + 1) - 1);
  problem.letters.forEach((letter, k) => {
    const y = problem.propagate(weights, k);
    const left = (k % columns) * (COLUMNS + 1), top = Math.floor(k / columns) * (ROWS + 1);
    for (let i = 0; i < PIXELS; i++) {
      const wrong = y[i] > threshold !== letter[i] > 0.5;
      const color = wrong ? colors.ring : mixed(colors.off, colors.on, Math.min(1, Math.max(0, y[i] || 0)));
      const at = (top + Math.floor(i / COLUMNS)) * image.width + left + (i % COLUMNS);
      image.data.set([...color, 255], 4 * at);
    }
  });
  canvas.style.aspectRatio = `${image.width} / ${image.height}`;
  drawImage(canvas, image);
}

/** What a line search tried: each evaluation by its number, the least one ringed. */
function drawSearch(canvas, { tried, alpha, value }, along) {
  const { pen, width, height } = cleared(canvas);
  const points = tried.filter(([a, e]) => Number.isFinite(a) && Number.isFinite(e));
  if (!width || !points.length) return;
  // brackets reach far: places on a scale that is linear near 0 and logarithmic far from it
  const bent = (a) => Math.asinh(2 * a), all = points.map(([a]) => bent(a));
  const [first, last] = [Math.min(...all), Math.max(...all)], spread = last - first || 1;
  const errors = points.map(([, e]) => e), least = Math.min(...errors), most = Math.max(...errors, tried[0][1]);
  const x = (a) => 16 + ((bent(a) - first) / spread) * (width - 32);
  const y = (e) => 14 + ((most - e) / (most - least || 1)) * (height - 44);
  if (along) {
    pen.beginPath();
    for (let i = 0; i <= 60; i++) {
      const a = Math.sinh(first + (i / 60) * spread) / 2;
      pen.lineTo(x(a), y(Math.min(most, along(a))));
    }
    pen.strokeStyle = css(colors.muted);
    pen.lineWidth = 1.5;
    pen.stroke();
  }
  pen.font = SMALL;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  points.forEach(([a, e], i) => {
    pen.beginPath();
    pen.arc(x(a), y(e), 8, 0, 7);
    pen.fillStyle = css(i ? colors.ground : colors.off);
    pen.fill();
    pen.strokeStyle = css(i ? colors.accent : colors.muted);
    pen.lineWidth = 1.5;
    pen.stroke();
    pen.fillStyle = css(colors.ink);
    pen.fillText(String(i), x(a), y(e));
  });
  pen.beginPath();
  pen.arc(x(alpha), y(value), 11, 0, 7);
  pen.strokeStyle = css(colors.ring);
  pen.lineWidth = 2.5;
  pen.stroke();
  pen.fillStyle = css(colors.muted);
  pen.textAlign = "left";
  pen.fillText(tell("error {high} above, {low} below", { high: digits(most), low: digits(least) }), 8, height - 9);
}

const significant = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "–");

// ------------------------------------------------------------------ learn

const GROUPS = {
  letters: mark("Named networks"), architectures: mark("Architectures of the original"),
  front: mark("The smallest without error"),
};
const KNOBS = ["hidden", "encoder", "latent", "decoder", "output", "beta", "biases", "optimizer", "loss",
  "learning_rate", "schedule", "max_epochs"];
const MOST_UNITS = 200;

/** The encoder's half of an architecture as text, 35-25-15-2, and back; null where it is none. */
const halfOf = (architecture) => architecture.slice(0, (architecture.length + 1) / 2).join("-");
/** Of an architecture as people write it, half or whole: "35-20-2", "[35, 20, 2, 20, 35]". */
function architectureOf(text) {
  const units = text.replace(/^\s*\[|\]\s*$/g, "").trim().split(/\s*[-,\s]\s*/);
  if (units.length < 2 || units.some((n) => !/^\d+$/.test(n))) return null;
  const whole = units.length > 2 && units.length % 2 === 1 && units.join() === [...units].reverse().join();
  const half = (whole ? units.slice(0, (units.length + 1) / 2) : units).map(Number);
  if (half.length > 7) return null;
  if (half[0] !== PIXELS || half.some((units) => units < 1 || units > MOST_UNITS)) return null;
  return [...half, ...half.slice(0, -1).reverse()];
}

class Learn {
  constructor(recipes, alphabets) {
    Object.assign(this, { recipes, alphabets, running: null });
    this.announce = announcer(find("#learn-live"));
    this.select = find("#learn-recipe");
    this.font = find("#learn-font");
    this.plane = new Plane(find("#learn-plane"), find("#learn .tools"), {
      ground: (plane) => regions(plane),
    });
    this.connect();
    this.label();
    this.take(this.first());
  }

  /** To begin with: what learns all letters of a font soonest. */
  first() {
    return this.recipes.find(({ training }) => training.loss === "cross-entropy") ?? this.recipes[0];
  }

  knob(name) {
    return find(`#learn-${name}`);
  }

  connect() {
    this.select.onchange = () => this.take(this.recipes.find((r) => idOf(r) === this.select.value)) ?? save("learn");
    this.font.onchange = () => this.changed();
    for (const name of KNOBS) this.knob(name).onchange = () => this.changed();
    find("#learn-start").onchange = () => this.changed();
    find("#learn-go").onclick = () => (this.running ? this.pause() : this.run());
    find("#learn-step").onclick = () => {
      this.pause();
      this.advance(0);
      this.show(true);
      save("learn");
    };
    find("#learn-again").onclick = () => {
      another(find("#learn-start"));
      const was = this.running;
      this.changed();
      if (was) this.run();
    };
    find("#learn-keep").onclick = () => {
      rooms.letters?.adopt(this.model);
      visit("letters");
    };
    addEventListener("resize", onceAFrame(() => this.show(true)));
  }

  /** Fill what has words: at the start, and in another language. */
  label() {
    const chosen = this.select.value, font = this.font.value;
    fill(this.select, this.recipes.map((recipe) => ({
      group: tell(GROUPS[recipe.group] ?? recipe.group),
      value: idOf(recipe),
      text: recipe.title === halfOf(recipe.network.architecture) ? recipe.title
        : `${titled(recipe.title)} (${halfOf(recipe.network.architecture)})`,
    })), chosen);
    fill(this.font, Object.keys(this.alphabets).map((name) => ({ value: name, text: fontName(name) })), font);
    const kinds = Object.keys(VALUES).map((value) => ({ value, text: named(value) }));
    for (const name of ["encoder", "latent", "decoder", "output"]) fill(this.knob(name), kinds, this.knob(name).value);
    fill(this.knob("optimizer"), Object.keys(OPTIMIZERS).map((value) => ({ value, text: named(value) })), this.knob("optimizer").value);
    fill(this.knob("loss"), ["squared-error", "cross-entropy"].map((value) => ({ value, text: named(value) })), this.knob("loss").value);
    fill(this.knob("schedule"), ["constant", "cosine"].map((value) => ({ value, text: named(value) })), this.knob("schedule").value);
  }

  /** Set all knobs as the study has them for a network. */
  take(recipe) {
    this.recipe = recipe;
    this.select.value = idOf(recipe);
    if (!recipe.fonts.includes(this.font.value)) {
      this.font.value = recipe.fonts.includes("font2") ? "font2" : recipe.fonts[0];
    }
    const values = this.knobsOf(recipe);
    for (const name of KNOBS) this.turn(name, values[name]);
    this.reset();
  }

  knobsOf({ network, training }) {
    const usual = { loss: "squared-error", learning_rate: 0.005, schedule: "constant", ...training };
    return { ...network, ...usual, hidden: halfOf(network.architecture) };
  }

  turn(name, value) {
    const knob = this.knob(name);
    if (knob.type === "checkbox") knob.checked = value === true || value === "true";
    else knob.value = value;
  }

  read(name) {
    const knob = this.knob(name);
    return knob.type === "checkbox" ? knob.checked : knob.type === "number" ? Number(knob.value) : knob.value;
  }

  changed() {
    this.reset();
    save("learn");
  }

  /** What is wrong with the knobs, in words; nothing where they fit. */
  fault(network) {
    if (!network.architecture) return tell("Layers are written like 35-20-2: 35 first, at most {most} units each.", { most: MOST_UNITS });
    if (this.read("optimizer") !== "powell") {
      if (!hasGradient(network)) return tell("Step and ReLU as run have no gradient: only Powell can train them.");
      if (!(this.read("learning_rate") > 0)) return tell("The learning rate must be above 0.");
      if (this.read("loss") === "cross-entropy" && network.output !== "sigmoid") return tell("Cross entropy needs a sigmoid output.");
    }
    const numbers = ["start", "beta", "max_epochs", ...(this.read("optimizer") === "powell" ? [] : ["learning_rate"])];
    return numbers.map((name) => unfit(find(`#learn-${name}`))).find(Boolean) ?? "";
  }

  /** A new training, from the start with the number chosen. */
  reset() {
    this.pause();
    const network = Object.fromEntries(["encoder", "latent", "decoder", "output", "beta", "biases"].map((n) => [n, this.read(n)]));
    network.architecture = architectureOf(this.read("hidden"));
    const fault = this.fault(network);
    this.announce("");
    find("#learn-fault").textContent = fault;
    for (const id of ["go", "step", "keep"]) find(`#learn-${id}`).disabled = Boolean(fault);
    const powell = this.read("optimizer") === "powell";
    for (const part of document.querySelectorAll("#learn .by-gradient")) part.hidden = powell;
    for (const part of document.querySelectorAll("#learn .by-powell")) part.hidden = !powell;
    if (fault) {
      find("#learn .knobs").open = true; // most that can be wrong stands there
      return;
    }
    this.alphabet = this.alphabets[this.font.value];
    const random = generator(Number(find("#learn-start").value));
    const { xtol = 0.01, ftol = 0.01, momentum = 0.8 } = this.recipe.training;
    const options = { xtol, ftol, momentum, ...Object.fromEntries(["optimizer", "learning_rate", "schedule", "max_epochs"].map((n) => [n, this.read(n)])) };
    this.problem = new Problem(network, lettersOf(this.alphabet), powell ? "squared-error" : this.read("loss"));
    this.training = new Training(this.problem, startWeights(network, random), options, random);
    Object.assign(this, { history: [], seconds: 0, goal: false, painter: null, shown: false });
    this.measure();
    this.show(true);
  }

  get slow() {
    return find("#learn-slow").checked;
  }

  /** Train what the room begins with, from a start; by another optimizer slowly, to look at it. */
  begin(start, optimizer) {
    find("#learn-start").value = start;
    find("#learn-slow").checked = Boolean(optimizer);
    this.take(this.first());
    if (optimizer) {
      this.turn("optimizer", optimizer);
      this.reset();
    }
    this.run();
  }

  run() {
    if (this.training.ended || find("#learn-go").disabled) return;
    this.goal = this.wrong.every((wrong) => wrong === 0); // then it goes on to the end
    let last = performance.now(), wait = 0;
    const frame = (now) => {
      const begun = performance.now(), passed = Math.max(0, now - last);
      last = now;
      wait -= passed;
      if (this.slow && wait > 0) {
        this.running = requestAnimationFrame(frame);
        return;
      }
      wait = 600;
      this.seconds += passed / 1000;
      this.show(false);
      const more = this.advance(this.slow ? 0 : slice(passed, performance.now() - begun));
      const right = this.wrong.every((wrong) => wrong === 0);
      this.running = requestAnimationFrame(frame);
      if (!more || (right && !this.goal)) this.pause();
    };
    this.running = requestAnimationFrame(frame);
    this.buttons();
    save("learn");
  }

  pause() {
    if (!this.running) return;
    cancelAnimationFrame(this.running);
    this.running = null;
    this.show(true);
    this.announce(find("#learn-reading").textContent);
    save("learn");
  }

  /** Train for some milliseconds, at least a step; says whether there is more. */
  advance(milliseconds) {
    const until = performance.now() + milliseconds;
    let more;
    do more = this.training.step();
    while (more && performance.now() < until);
    this.measure();
    return more;
  }

  measure() {
    const { training, problem, recipe } = this;
    this.error = training.error();
    this.wrong = problem.wrong(training.weights, recipe.threshold);
    if (!Number.isFinite(this.error)) training.ended = "diverged";
    else this.history = thinned([...this.history, [Math.max(1, training.cost), this.error]], 400);
  }

  /** Draw all; whole: the plane's ground too, as finely as can be. */
  show(whole) {
    const { training, problem } = this;
    if (!training) return;
    const about = {
      id: "yours", font: this.font.value, name: mark("The network you trained"), threshold: this.recipe.threshold,
      architecture: problem.network.architecture, optimizer: training.options.optimizer, starts: 1, error: this.error,
      activations: ["encoder", "latent", "decoder", "output"].map((part) => problem.network[part]),
      exact: this.wrong.filter((wrong) => wrong === 0).length, worst: Math.max(...this.wrong),
    };
    if (Number.isFinite(this.error)) this.model = liveModel(training, this.alphabet, about);
    const { plane, model } = this;
    if (!model) return;
    const marks = marksOf(model);
    if (this.shown) Object.assign(plane, { model, marks });
    else plane.show(model, marks, "");
    this.shown = true;
    if (plane.view.zoom === 1) plane.view.center = model.window.map(([low, high]) => (low + high) / 2);
    this.odd = !this.odd; // while it runs one half in every other frame, which a phone can draw
    if (whole) plane.repaint();
    if (whole || this.odd) plane.refresh();
    else this.paint();
    if (whole || !this.odd) this.draw();
  }

  /** A little of a coarse ground. */
  paint() {
    const until = performance.now() + PAINT;
    do {
      this.painter ??= regions(this.plane, [20]);
      if (this.painter.next().done) this.painter = null;
    } while (performance.now() < until && this.painter);
  }

  draw() {
    const { training, history, problem } = this;
    drawCurves(find("#learn-curve"), [{ color: colors.accent, points: history }], Math.max(10, history.at(-1)?.[0] ?? 1));
    drawAnswers(find("#learn-answers"), problem, training.weights, this.recipe.threshold);
    if (training.search) {
      const { axis } = training.search, { weights } = training;
      // the whole curve along the line, where there is time to look: these evaluations are not counted
      const here = axis === null ? null : weights[axis] - training.search.alpha;
      const along = (this.slow || !this.running) && axis !== null && ((alpha) => {
        const now = weights[axis];
        weights[axis] = here + alpha;
        const error = problem.error(weights);
        weights[axis] = now;
        return error;
      });
      drawSearch(find("#learn-search"), training.search, along);
      this.describeSearch();
    } else cleared(find("#learn-search"));
    this.describe();
    this.buttons();
  }

  describeSearch() {
    const { axis, layer, tried, before, value } = this.training.search;
    const places = { before: digits(before), after: digits(value), weight: axis + 1, layer: layer + 1 };
    find("#learn-searched").textContent = axis === null
      ? count("Along no axis: {n} evaluation, error {before} to {after}.", "Along no axis: {n} evaluations, error {before} to {after}.", tried.length - 1, places)
      : count("Weight {weight}, layer {layer}: {n} evaluation, error {before} to {after}.", "Weight {weight}, layer {layer}: {n} evaluations, error {before} to {after}.", tried.length - 1, places);
  }

  describe() {
    const { training, wrong } = this, right = wrong.filter((w) => w === 0).length;
    const reading = find("#learn-reading");
    const strong = document.createElement("strong");
    strong.textContent = tell("{right} of {all} letters right", { right, all: wrong.length });
    const parts = {
      diverged: tell("It ran away: try a lower learning rate."),
      converged: tell("It stopped: an iteration no longer lowered the error enough."),
      max_epochs: tell("The epochs are over."),
    };
    const ended = training.ended ? ` ${parts[training.ended] ?? ""}` : "";
    reading.replaceChildren(strong, ended);
    find("#learn-numbers").textContent = [
      tell("error {error}", { error: significant(this.error) }),
      count("{n} epoch", "{n} epochs", training.epoch),
      count("{n} evaluation of the loss", "{n} evaluations of the loss", Math.max(1, training.cost)),
      count("worst letter: {n} wrong pixel", "worst letter: {n} wrong pixels", Math.max(...wrong)),
      tell("{seconds} s", { seconds: this.seconds.toFixed(1) }),
    ].join(" · ");
    this.plane.canvas.setAttribute("aria-label", tell("The latent plane while it learns"));
    find("#learn-curve").setAttribute("aria-label", tell("Error by evaluations of the loss, now {error}", { error: significant(this.error) }));
  }

  buttons() {
    const go = find("#learn-go");
    go.textContent = this.running ? tell("Pause") : this.training?.cost > 1 ? tell("Go on") : tell("Train");
    go.disabled = Boolean(find("#learn-fault").textContent) || Boolean(this.training?.ended);
    find("#learn-step").disabled = go.disabled;
    find("#learn-keep").disabled = Boolean(find("#learn-fault").textContent) || !Number.isFinite(this.error);
    find("#learn-step").textContent = this.read("optimizer") === "powell" ? tell("One line search") : tell("One epoch");
  }

  recolor() {
    this.plane.repaint();
    this.show(true);
  }

  translate() {
    this.label();
    const fault = find("#learn-fault").textContent;
    if (fault) this.reset();
    this.announce("");
    if (this.training) this.draw();
  }

  state() {
    const usual = this.knobsOf(this.recipe);
    const turned = KNOBS.filter((name) => String(this.read(name)) !== String(usual[name]));
    return {
      recipe: idOf(this.recipe), font: this.font.value, start: find("#learn-start").value,
      ...(turned.length && { knobs: turned.map((name) => `${name}:${this.read(name)}`).join(";") }),
    };
  }

  restore(state) {
    const recipe = this.recipes.find((r) => idOf(r) === state.get("recipe"));
    if (!recipe) return;
    if (Object.hasOwn(this.alphabets, state.get("font"))) this.font.value = state.get("font");
    const start = state.get("start") ?? "1";
    find("#learn-start").value = /^\d{1,6}$/.test(start) ? start : 1;
    const font = this.font.value;
    this.take(recipe);
    this.font.value = font;
    for (const turned of (state.get("knobs") ?? "").split(";")) {
      const [name, value] = turned.split(":");
      if (!KNOBS.includes(name) || value === undefined) continue;
      const knob = this.knob(name);
      if (knob.tagName !== "SELECT" || [...knob.options].some((o) => o.value === value)) this.turn(name, value);
    }
    this.reset();
  }
}

/** What is wrong with the number in a field, in words; nothing where the field allows it. */
function unfit(field) {
  const { value, min, max, step, validity, labels } = field;
  if (value !== "" && validity.valid) return "";
  const places = { name: labels[0].textContent.trim(), min, max };
  return step === "any" ? tell("{name}: a number from {min} to {max}.", places)
    : tell("{name}: a whole number from {min} to {max}.", places);
}

/** The next start; the first one after the last, and after what is none. */
function another(field) {
  const { value, max } = field;
  field.value = unfit(field) || Number(value) >= Number(max) ? 1 : 1 + Number(value);
}

const idOf = (recipe) => `${recipe.group}/${recipe.name}`;

// ------------------------------------------------------------------ race

class Race {
  constructor(races, alphabets) {
    Object.assign(this, { races, alphabets, running: null });
    this.announce = announcer(find("#race-live"));
    this.select = find("#race-network");
    fill(this.select, races.map(({ name }) => ({ value: name, text: name })));
    this.select.onchange = () => {
      this.take(races.find(({ name }) => name === this.select.value));
      save("race");
    };
    find("#race-go").onclick = () => (this.running ? this.pause() : this.run());
    find("#race-start").onchange = () => this.changed();
    find("#race-again").onclick = () => {
      another(find("#race-start"));
      this.changed();
      this.run();
    };
    addEventListener("resize", onceAFrame(() => this.show()));
    this.take(races[0]);
  }

  title({ optimizer, loss }) {
    return loss === "cross-entropy" ? tell("{optimizer}, cross entropy", { optimizer: named(optimizer) }) : named(optimizer);
  }

  take(race) {
    this.race = race;
    this.select.value = race.name;
    this.offer(race.entrants.map((entrant) => entrant.loss !== "cross-entropy" && entrant.optimizer !== "rmsprop"));
    this.reset();
  }

  /** The optimizers as boxes to check. */
  offer(checked) {
    const holder = find("#race-entrants");
    holder.replaceChildren(find("legend", holder), ...this.race.entrants.map((entrant, i) => {
      const label = document.createElement("label"), box = document.createElement("input");
      Object.assign(box, { type: "checkbox", checked: checked[i], name: "entrant", value: i });
      box.onchange = () => this.changed();
      const text = document.createElement("span");
      text.textContent = this.title(entrant);
      label.append(box, text);
      return label;
    }));
  }

  get checked() {
    return [...document.getElementsByName("entrant")].map((box) => box.checked);
  }

  changed() {
    this.reset();
    save("race");
  }

  reset() {
    this.pause();
    this.announce("");
    const fault = unfit(find("#race-start"));
    find("#race-fault").textContent = fault;
    if (fault) {
      find("#race-go").disabled = true;
      return;
    }
    const { race } = this, alphabet = this.alphabets[race.font];
    const start = startWeights(race.network, generator(Number(find("#race-start").value)));
    const checked = this.checked;
    this.runners = race.entrants.flatMap((entrant, i) => {
      if (!checked[i]) return [];
      const epochs = entrant.optimizer === "powell" ? race.evaluations : Math.floor((race.evaluations - 1) / GRADIENT_COST);
      const problem = new Problem(race.network, lettersOf(alphabet), entrant.loss);
      const training = new Training(problem, start, { ...entrant, max_epochs: epochs }, generator(1));
      const runner = { entrant, training, problem, number: i, history: [], color: rgb(classColor(i)) };
      this.record(runner);
      return [runner];
    });
    find("#race-go").disabled = !this.runners.length;
    this.show();
  }

  record(runner) {
    const { training, problem } = runner;
    runner.error = training.error();
    runner.wrong = problem.wrong(training.weights, this.race.threshold);
    if (!Number.isFinite(runner.error)) training.ended = "diverged";
    else runner.history.push([Math.max(1, training.cost), runner.error]);
  }

  left() {
    return this.runners.filter(({ training }) => !training.ended && training.cost < this.race.evaluations);
  }

  run() {
    if (find("#race-fault").textContent || !this.left().length) return;
    const every = this.race.evaluations / 300;
    let frames = 0, last = performance.now();
    const frame = (now) => {
      const until = performance.now() + slice(now - last, 0);
      last = now;
      if (++frames % 4 === 0) this.show();
      let left = this.left();
      for (let first = true; left.length && (first || performance.now() < until); first = false) {
        // the one that has spent least goes on: at any moment all have spent the same
        const runner = left.reduce((a, b) => (b.training.cost < a.training.cost ? b : a));
        const goes = runner.training.step();
        if (!goes || runner.training.cost - runner.history.at(-1)[0] >= every) this.record(runner);
        if (!goes || runner.training.cost >= this.race.evaluations) {
          this.record(runner);
          left = this.left();
        }
      }
      this.running = requestAnimationFrame(frame);
      if (!left.length) this.pause();
    };
    this.running = requestAnimationFrame(frame);
    this.buttons();
    save("race");
  }

  pause() {
    if (!this.running) return;
    cancelAnimationFrame(this.running);
    this.running = null;
    this.show();
    this.announce([...find("#race-table").rows].slice(1).map((row) => row.innerText.replaceAll("\t", " ")).join("; "));
  }

  show() {
    if (!this.runners) return;
    drawCurves(find("#race-curve"), this.runners.map(({ color, history }) => ({ color, points: history })), this.race.evaluations);
    const body = find("#race-table tbody");
    body.replaceChildren(...this.runners.map((runner, i) => {
      const row = document.createElement("tr"), head = document.createElement("th");
      head.scope = "row";
      head.append(lineKey(runner.color, i), ` ${this.title(runner.entrant)}`);
      row.append(head, ...[
        significant(runner.error), `${runner.wrong.filter((w) => w === 0).length} / ${runner.wrong.length}`,
        String(Math.max(...runner.wrong)), String(Math.max(1, runner.training.cost)),
      ].map((text) => Object.assign(document.createElement("td"), { textContent: text })));
      return row;
    }));
    find("#race-curve").setAttribute("aria-label", tell("Error by evaluations of the loss, a line for each optimizer"));
    this.buttons();
  }

  buttons() {
    const go = find("#race-go");
    const begun = this.runners.some(({ training }) => training.cost > 1);
    go.textContent = this.running ? tell("Pause") : begun ? tell("Go on") : tell("Begin");
    go.disabled = Boolean(find("#race-fault").textContent) || (!this.running && !this.left().length);
  }

  recolor() {
    this.show();
  }

  translate() {
    this.offer(this.checked);
    if (find("#race-fault").textContent) this.reset();
    this.announce("");
    this.show();
  }

  state() {
    return {
      race: this.race.name, racers: this.checked.map(Number).join(""), racestart: find("#race-start").value,
    };
  }

  restore(state) {
    const race = this.races.find(({ name }) => name === state.get("race"));
    if (!race) return;
    this.take(race);
    const start = state.get("racestart") ?? "1", racers = state.get("racers") ?? "";
    find("#race-start").value = /^\d{1,6}$/.test(start) ? start : 1;
    if (/^[01]+$/.test(racers) && racers.length === race.entrants.length) this.offer([...racers].map((r) => r === "1"));
    this.reset();
  }
}

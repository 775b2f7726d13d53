// The chart of the Compare page: one curve of up to eight runs, which may still be training.
// The files that all charts share stand before this one, see ui/live/chart/__init__.py.

/** Longer names are cut where the pointer shows them. */
const NAME_LENGTH = 40;

export default function (component) {
  return mount(CompareChart, component);
}

class CompareChart extends Chart {
  constructor(root) {
    super(root);
    this.runs = new Map(); // id → { curves, message }
  }

  /** Other runs, another curve or another axis. Runs that stay keep the epochs they have. */
  change(before) {
    const { data } = this;
    const ids = data.runs.map(({ id }) => id);
    const kept = ids.filter((id) => this.runs.has(id));
    if (before?.runs.map(({ id }) => id).join() !== ids.join()) {
      const fresh = () => ({ curves: newCurves(data.style.series), message: null, asked: null });
      this.runs = new Map(ids.map((id) => [id, this.runs.get(id) ?? fresh()]));
      this.stream.follow(ids, kept);
      this.refusal = "";
    }
    if (before?.curve !== data.curve || before?.log !== data.log) this.zoom.y = null;
    if (before?.x !== data.x) this.zoom = {};
    if (data.runs.some((run) => !hasEnded(run.known_status))) this.stream.over = false;
  }

  /** The curves of the longest run. */
  get curves() {
    const all = [...this.runs.values()].map(({ curves }) => curves);
    return all.reduce((one, other) => (other.epochs.length > one.epochs.length ? other : one), newCurves([]));
  }

  receive(message) {
    this.noteServer(message);
    const run = this.runs.get(message.run);
    if (!run) return;
    if (message.reset_to !== undefined) truncate(run.curves, message.reset_to);
    appendRows(run.curves, message.rows, this.data);
    run.message = message;
    this.schedule();
    this.reportStatus();
  }

  /** Let the page run once when the state of a run changes: its table shows other figures then. */
  reportStatus() {
    for (const { id, known_status: known } of this.data.runs) {
      const run = this.runs.get(id);
      if (!run?.message || run.message.more) continue;
      const token = statusToken(run.message);
      if (token === known || token === run.asked) continue;
      run.asked = token;
      if (this.orphaned) location.reload();
      else this.report(`${id}:${run.message.version}:${token}`);
      return;
    }
  }

  show() {
    const { words } = this.data;
    const fault = this.fault && `${words.fault} ${this.fault}`;
    setText(this.root.querySelector(".lc-note"), this.refusal || (this.lost ? words.lost : fault));
    showRuns(this);
    this.figure.setAttribute("aria-label", runsInWords(this));
  }

  picture() {
    this.root.dataset.runs = String([...this.runs.values()].filter(({ curves }) => curves.epochs.length).length);
    this.root.dataset.epochs = String([...this.runs.values()].reduce((sum, { curves }) => sum + curves.epochs.length, 0));
    return [compareTraces(this), compareLayout(this)];
  }
}

/** The shown value of each epoch. */
function curveValues(curves, curve) {
  const { raw } = curves;
  if (curve !== "gap") return raw[curve];
  return raw.val_loss.map((value, at) => (value === null || raw.loss[at] === null ? null : value - raw.loss[at]));
}

/** Where each epoch stands on the horizontal axis. */
function places(curves, run, x) {
  if (x === "seconds") return curves.seconds;
  return x === "samples" ? curves.epochs.map((epoch) => epoch * run.samples) : curves.epochs;
}

/** Two traces a run: the curve, and the marker at its best epoch. */
function compareTraces(view) {
  const { data, theme } = view;
  const { metric } = data.style;
  const number = isMetric(data) ? `%{y:${metric.format}}${metric.suffix}` : "%{y:.4f}";
  return data.runs.flatMap((run) => {
    const { curves, message } = view.runs.get(run.id);
    const [x, y] = [places(curves, run, data.x), curveValues(curves, data.curve)];
    const color = theme.dark ? run.dark : run.light;
    const name = plain(run.name);
    const curve = {
      type: "scatter", x, y, name,
      mode: curves.epochs.length <= MARKERS_UP_TO ? "lines+markers" : "lines",
      line: { color, dash: run.dash, width: view.large ? 4 : 2, simplify: curves.epochs.length > SIMPLIFY_FROM },
      marker: { symbol: run.symbol, size: 5 },
      hovertemplate: `${name} <b>${number}</b><extra></extra>`,
    };
    const best = (message?.best?.epoch ?? 0) - 1;
    const marked = best in y ? [best] : [];
    return [curve, {
      type: "scatter", mode: "markers", name, hoverinfo: "skip",
      x: marked.map((at) => x[at]), y: marked.map((at) => y[at]),
      marker: { symbol: run.symbol, size: view.large ? 18 : 12, color, line: { color: theme.background, width: 1.5 } },
    }];
  });
}

function compareLayout(view) {
  const { data, zoom } = view;
  const { metric } = data.style;
  const log = data.log && data.curve !== "gap";
  const numbers = isMetric(data) ? { tickformat: metric.ticks, ticksuffix: metric.suffix } : {};
  const empty = isMetric(data) ? metric.range : log ? [-2, 0.5] : [0, 2.5];
  const base = frame(view);
  return {
    ...base,
    margin: { ...base.margin, r: 16 },
    hovermode: data.x === "epoch" ? "x unified" : "closest",
    xaxis: {
      ...xAxis(view, data.words.x_axis),
      ...(data.x === "samples" ? { tickformat: "~s" } : {}), // 10M, not 10,000,000
      ...(zoom.x ? { range: zoom.x } : { autorange: true }),
    },
    yaxis: {
      ...axisStyle(view), ...numbers,
      title: { text: data.words.curve, standoff: 8 },
      type: log ? "log" : "linear",
      ...valueRange(view, zoom.y, empty, isMetric(data) ? clipped(metric.clip) : {}),
    },
  };
}

const isMetric = (data) => data.curve.endsWith("metric");

/** A name as Plotly shows it: no tag, no place for a value, not too long. */
function plain(name) {
  const cut = name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name;
  return cut.replace(/[&<>%]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** The legend: line, marker and name of each run, and how far it is. */
function showRuns(view) {
  const list = view.root.querySelector(".lc-legend");
  const entries = view.data.runs.map((run) => {
    const { message, curves } = view.runs.get(run.id);
    return {
      color: view.theme.dark ? run.dark : run.light, dash: run.svg_dash, sign: run.sign,
      name: run.name, state: hasEnded(message?.status) ? "" : progress(view, message, curves),
    };
  });
  const wanted = JSON.stringify(entries);
  if (list.dataset.entries === wanted) return;
  list.dataset.entries = wanted;
  list.replaceChildren(...entries.map(({ color, dash, sign, name, state }) => {
    const item = document.createElement("li");
    item.innerHTML = `<svg width="44" height="14" aria-hidden="true"><line x1="0" y1="7" x2="44" y2="7"
      stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/></svg>`;
    const mark = document.createElement("b");
    mark.style.color = color;
    mark.textContent = sign;
    item.append(mark, ` ${name}${state && ` · ${state}`}`);
    return item;
  }));
}

function progress(view, message, curves) {
  const { words } = view.data;
  const status = words.status[message?.status ?? "connecting"];
  if (!message?.epochs) return status;
  const epochs = { epoch: number(view, curves.epochs.length), epochs: number(view, message.epochs) };
  return `${status}, ${fill(words.epoch_of, epochs)}`;
}

/** The chart for those who do not see it: the best value of each run and the last one. */
function runsInWords(view) {
  const { data } = view;
  const written = (value) => (isMetric(data) ? metric(view, value) : loss(view, value));
  return data.runs.map((run) => {
    const { curves, message } = view.runs.get(run.id);
    const values = curveValues(curves, data.curve);
    if (values.length === 0) return `${run.name}.`;
    const best = message?.best?.epoch ?? values.length;
    return fill(data.words.run_summary, {
      name: run.name, curve: data.words.curve, epoch: number(view, best),
      best: written(values[best - 1] ?? null), last: written(values.at(-1)),
    });
  }).join(" ");
}

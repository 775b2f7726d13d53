// Plotly traces and layout as pure functions of the curves, the settings and the theme. The
// settings (`data`) come from ui/live/chart/__init__.py.

/** Maximal number of marked learning rate changes: the last ones. */
const RATES_MARKED = 6;

/** Up to this number of epochs each epoch has a marker, so that a single epoch is visible. */
const MARKERS_UP_TO = 40;
/** From this number of epochs on Plotly simplifies lines, which is three times as fast. */
const SIMPLIFY_FROM = 2000;
/** Ends of the epoch axis during the training, so that the axis grows in steps. */
const AXIS_STEPS = [10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000,
  1500, 2000, 3000, 4000, 5000, 7500, 10000, 15000, 20000];

/** The curves of one run: arrays that grow in place, epoch i at index i - 1. `seconds` is the
 *  training time until the end of the epoch. */
function newCurves(series) {
  const raw = Object.fromEntries(series.map(({ key }) => [key, []]));
  return { epochs: [], seconds: [], recordedAt: [], rates: [], raw };
}

/** Append rows of the stream, with the fields `data.row_fields`; repeated rows are skipped. The
 *  metric is stored on its displayed scale, such as dollars rather than thousands of dollars. */
function appendRows(curves, rows, data) {
  const place = Object.fromEntries(data.row_fields.map((name, index) => [name, index]));
  const { series, metric } = data.style;
  for (const row of rows) {
    const epoch = row[place.epoch];
    if (epoch !== curves.epochs.length + 1) continue;
    curves.epochs.push(epoch);
    curves.seconds.push((curves.seconds.at(-1) ?? 0) + (row[place.seconds] ?? 0));
    curves.recordedAt.push(row[place.recorded_at]);
    const rate = row[place.learning_rate];
    if (rate !== null && rate !== curves.rates.at(-1)?.rate) curves.rates.push({ epoch, rate });
    for (const { key, axis } of series) {
      const value = row[place[key]];
      const scale = axis === "metric" ? metric.scale : 1;
      curves.raw[key].push(value === null ? null : value * scale);
    }
  }
}

/** Remove later epochs: a resumed run repeats the epochs after its checkpoint. */
function truncate(curves, epochs) {
  const { epochs: numbers, seconds, recordedAt, raw } = curves;
  for (const array of [numbers, seconds, recordedAt, ...Object.values(raw)]) {
    array.length = Math.min(array.length, epochs);
  }
  curves.rates = curves.rates.filter((change) => change.epoch <= epochs);
}

/** Two-sided exponential moving average: epoch j has the weight keep^|i - j| for epoch i. The usual
 *  one-sided average lags: its lowest point would lie after the best epoch. */
function smooth(values, keep) {
  const sums = new Float64Array(values.length);
  const weights = new Float64Array(values.length);
  const sweep = (from, to, step) => {
    let sum = 0;
    let weight = 0;
    for (let i = from; i !== to; i += step) {
      sums[i] += keep * sum; // the epochs on this side of epoch i, without epoch i
      weights[i] += keep * weight;
      const known = values[i] === null ? 0 : 1;
      sum = keep * sum + known * values[i];
      weight = keep * weight + known;
    }
  };
  sweep(0, values.length, 1);
  sweep(values.length - 1, -1, -1);
  return values.map((value, i) => (value === null ? null : (sums[i] + value) / (weights[i] + 1)));
}

/** Read the page's colours and font from Streamlit's CSS variables. */
function readTheme(element, style) {
  const css = getComputedStyle(element);
  const value = (name) => css.getPropertyValue(`--st-${name}`).trim();
  const [red, green, blue] = rgb(value("background-color"));
  const dark = 0.299 * red + 0.587 * green + 0.114 * blue < 128;
  return {
    dark,
    background: value("background-color"),
    text: value("text-color"),
    panel: value("secondary-background-color"),
    line: value("border-color"),
    grid: `rgba(${rgb(value("text-color"))}, 0.13)`,
    spike: `rgba(${rgb(value("text-color"))}, 0.5)`,
    red: style.red[dark ? "dark" : "light"],
    font: value("font"),
    curves: value("chart-categorical-colors").split(/,(?![^(]*\))/), // but not within rgb(…)
  };
}

/** Convert any CSS colour to [red, green, blue], 0 to 255; a canvas parses every notation. */
function rgb(colour) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/** Up to eight traces: each measured curve and, with smoothing, its smoothed form above the faded
 *  measured curve. The hover text always shows measured values. */
function traces(view) {
  const { style, smoothing } = view.data;
  const hover = (series, field) => {
    const { format, suffix } = series.axis === "metric" ? style.metric : { format: ".4f", suffix: "" };
    return { hovertemplate: `${series.label} <b>%{${field}:${format}}${suffix}</b><extra></extra>` };
  };
  const measured = (series) => line(view, series, view.curves.raw[series.key]);
  const reference = referenceTraces(view);
  if (smoothing === 0) {
    return reference.concat(style.series.map((series) => ({ ...measured(series), ...hover(series, "y") })));
  }
  const faded = style.series.map((series) => ({
    ...measured(series), opacity: 0.3, hoverinfo: "skip",
  }));
  return reference.concat(faded, style.series.map((series) => ({
    ...line(view, series, smooth(view.curves.raw[series.key], smoothing)),
    customdata: view.curves.raw[series.key],
    ...hover(series, "customdata"),
  })));
}

/** The previous run for comparison: faint dashed curves, as far as the axis reaches, with a diamond
 *  at the best epoch. */
function referenceTraces(view) {
  const { epochs, raw } = view.reference ?? { epochs: [] };
  const [, end] = view.zoom.x ?? epochRange(view);
  const shown = epochs.slice(0, Math.max(0, Math.floor(end)));
  if (shown.length === 0) return [];
  const drawn = view.data.style.series.map((series) => {
    const full = line(view, series, raw[series.key].slice(0, shown.length));
    return {
      ...full, x: shown, mode: "lines", opacity: 0.55, hoverinfo: "skip",
      line: { ...full.line, dash: "dash", width: view.large ? 2 : 1.25 },
    };
  });
  const best = view.referenceBest;
  const validation = view.data.style.series.find(({ key }) => key === "val_loss");
  if (best === null || best > shown.length || !view.data.series.includes("val_loss")) return drawn;
  drawn.push({
    type: "scatter", mode: "markers", x: [best], y: [raw.val_loss[best - 1]], hoverinfo: "skip",
    marker: {
      symbol: "diamond-open", size: 10, color: view.theme.curves[validation.colour],
      line: { width: 2 },
    },
  });
  return drawn;
}

function line(view, series, values) {
  return {
    type: "scatter",
    mode: view.curves.epochs.length <= MARKERS_UP_TO ? "lines+markers" : "lines",
    x: view.curves.epochs,
    y: values,
    name: series.label,
    yaxis: series.axis === "metric" ? "y2" : "y",
    visible: view.data.series.includes(series.key),
    line: {
      color: view.theme.curves[series.colour],
      width: view.large ? 2 * series.width : series.width,
      simplify: view.curves.epochs.length > SIMPLIFY_FROM,
    },
    marker: { size: series.width + 3 },
  };
}

/** Whether any curve of an axis is shown; an axis without curves is hidden. */
function shows(view, axis) {
  const { series, style } = view.data;
  return style.series.some((entry) => entry.axis === axis && series.includes(entry.key));
}

/** Limits of an axis with automatic range. */
function clipped(clip) {
  return clip ? { clipmin: clip[0], clipmax: clip[1] } : {};
}

const fontSize = (view) => (view.narrow ? 12 : view.large ? 20 : 13);

/** Settings of every axis. */
function axisStyle(view) {
  return {
    gridcolor: view.theme.grid, zeroline: false,
    automargin: true, ticklabeloverflow: "allow", // make room for labels rather than hide them
    showticklabels: view.curves.epochs.length > 0, // an empty chart has no scale
  };
}

/** The horizontal axis, with a line at the pointer. */
function xAxis(view, title) {
  return {
    ...axisStyle(view),
    title: { text: title, standoff: 6 },
    tickformat: ",~f",
    unifiedhovertitle: { text: `${title} %{x:,}` },
    showspikes: true, spikemode: "across", spikesnap: "data", spikethickness: 1,
    spikedash: "solid", spikecolor: view.theme.spike,
  };
}

/** Size, font, colours and margins of a chart. */
function frame(view) {
  const { theme, narrow } = view;
  const size = fontSize(view);
  return {
    width: view.width,
    height: view.height,
    datarevision: view.revision,
    font: { family: theme.font, color: theme.text, size },
    paper_bgcolor: theme.background,
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: narrow ? { l: 44, r: 48, t: 28, b: 40 } : { l: 60, r: 64, t: 28, b: 44 },
    dragmode: view.touch ? false : "zoom", // a finger scrolls the page
    hovermode: "x unified",
    hoverdistance: -1,
    hoverlabel: {
      bgcolor: theme.panel, bordercolor: theme.line, font: { family: theme.font, color: theme.text, size },
    },
    showlegend: false, // replaced by an HTML legend: Plotly's doubles the drawing time
  };
}

/** The Plotly layout. A zoomed range takes precedence over the automatic range. */
function layout(view) {
  const { data, zoom } = view;
  const titles = data.style.axes;
  const axis = axisStyle(view);
  const range = zoom.x ?? epochRange(view);
  return {
    ...frame(view),
    xaxis: {
      ...xAxis(view, titles.epoch), range, dtick: range[1] - range[0] <= 12 ? 1 : undefined,
    },
    yaxis: {
      ...axis,
      visible: shows(view, "loss"),
      title: { text: titles.loss, standoff: 8 },
      type: data.log_loss ? "log" : "linear",
      ...valueRange(view, zoom.y, data.log_loss ? [-2, 0.5] : [0, 2.5], {}),
    },
    yaxis2: {
      ...axis,
      visible: shows(view, "metric"),
      title: { text: titles.metric, standoff: 8 },
      overlaying: "y",
      side: "right",
      tickmode: "auto", // round numbers rather than alignment with the left axis
      tickformat: data.style.metric.ticks,
      ticksuffix: data.style.metric.suffix,
      showgrid: false,
      ...valueRange(view, zoom.y2, data.style.metric.range, clipped(data.style.metric.clip)),
    },
    ...marks(view, range),
  };
}

/** The range of a value axis: zoomed, automatic, or the default of an empty chart. */
function valueRange(view, zoomed, empty, autorangeoptions) {
  if (zoomed) return { range: zoomed };
  if (view.curves.epochs.length === 0) return { range: empty };
  return { autorange: true, autorangeoptions };
}

/** The range of the epoch axis: up to the next step, or to the last epoch of a run that has ended. */
function epochRange(view) {
  const drawn = view.curves.epochs.length;
  const planned = view.message?.epochs ?? AXIS_STEPS[0];
  let end = AXIS_STEPS.find((step) => step >= drawn * 1.02) ?? drawn;
  if (view.ended && drawn > 0) end = drawn;
  else end = Math.max(Math.min(end, planned), drawn);
  const room = Math.max((end - 1) * 0.01, 0.25);
  return [1 - room, Math.max(end, 2) + room];
}

/** Vertical marks: changes of the learning rate, best epoch and overfitting. */
function marks(view, range) {
  const [rates, found] = [rateMarks(view, range), overfittingMarks(view, range)];
  return {
    shapes: [...rates.shapes, ...found.shapes],
    annotations: [...rates.annotations, ...found.annotations],
  };
}

const verticalLine = (x, line, layer) => ({ type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", line, layer });

/** A dotted line before each epoch with a new learning rate, with the rate as a label: on the side
 *  with more room, on the page's background, and stacked. */
function rateMarks(view, range) {
  const { spike, font, text, background } = view.theme;
  const changes = view.curves.rates.slice(1).slice(-RATES_MARKED);
  const inView = changes.filter(({ epoch }) => epoch >= range[0] && epoch <= range[1]);
  return {
    shapes: changes.map(({ epoch }) =>
      verticalLine(epoch - 0.5, { color: spike, width: 1, dash: "dot" }, "below")),
    annotations: inView.map(({ epoch, rate }, at) => ({
      x: epoch - 0.5, y: 0, yref: "paper", yanchor: "bottom", yshift: 4 + 1.6 * fontSize(view) * at,
      xanchor: (epoch - range[0]) / (range[1] - range[0]) < 0.5 ? "left" : "right",
      showarrow: false, font: { family: font, color: text, size: fontSize(view) }, bgcolor: background, opacity: 0.9,
      text: fill(view.data.words.rate_label, { rate: String(Number(rate.toPrecision(6))) }),
    })),
  };
}

/** The best epoch as a line, the overfitting after it as a shaded area, and its detection. */
function overfittingMarks(view, range) {
  const [best, detected] = overfitting(view);
  const last = view.curves.epochs.length;
  if (best === null || best > last) return { shapes: [], annotations: [] };
  const { red } = view.theme;
  const shapes = [
    { type: "rect", x0: best, x1: last, y0: 0, y1: 1, yref: "paper", fillcolor: red, opacity: 0.1,
      line: { width: 0 }, layer: "below" },
    verticalLine(best, { color: red, width: 1.5 }, "above"),
  ];
  if (detected !== null && detected < last) {
    shapes.push(verticalLine(detected, { color: red, width: 1, dash: "dot" }, "below"));
  }
  const inView = best >= range[0] && best <= range[1];
  return { shapes, annotations: inView ? [bestLabel(view, best, range)] : [] };
}

/** The label of the best epoch, on the side of the line with more room. */
function bestLabel(view, best, range) {
  const leftHalf = (best - range[0]) / (range[1] - range[0]) < 0.5;
  return {
    x: best, y: 1, yref: "paper", yanchor: "bottom", xanchor: leftHalf ? "left" : "right",
    xshift: leftHalf ? -2 : 2, showarrow: false, font: { color: view.theme.red },
    text: fill(view.data.words.best_label, { epoch: number(view, best) }),
  };
}

/** [best epoch, epoch of detection] by the chosen criterion; [null, null] without overfitting. */
function overfitting(view) {
  const [best, detected] = view.message?.overfitting?.[view.data.criterion] ?? [null, null];
  // A detection at the last epoch is only due to the end of the run, and is not marked.
  return [best, detected === view.curves.epochs.length ? null : detected];
}

// What the live chart draws, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.mjs";

const { newCurves, appendRows, truncate, smooth, traces, layout, epochRange, overfitting } = load(
  "figure.js",
  ["newCurves", "appendRows", "truncate", "smooth", "traces", "layout", "epochRange", "overfitting"],
  { fill: (text, values) => `${text} ${Object.values(values)}`, number: (view, value) => `${value}` },
);

const SERIES = [
  { key: "loss", label: "Training loss", axis: "loss", colour: 0, width: 1 },
  { key: "val_metric", label: "Validation error", axis: "metric", colour: 1, width: 2 },
];
const FIELDS = ["epoch", "val_metric", "loss", "recorded_at", "learning_rate"];
const DATA = {
  row_fields: FIELDS,
  series: ["loss", "val_metric"],
  smoothing: 0,
  criterion: "lowest",
  log_loss: false,
  words: { best_label: "best", rate_label: "rate" },
  style: {
    series: SERIES,
    axes: { epoch: "Epoch", loss: "Loss", metric: "Error" },
    metric: { scale: 1000, format: "$,.0f", ticks: "$~s", range: [0, 5000], clip: null },
  },
};
const THEME = { curves: ["blue", "orange"], red: "red", spike: "grey", font: "serif", text: "black", background: "white" };

/** Epochs `from` to `to`: rows with the fields in the order of FIELDS. */
function rows(from, to, rate = () => 0.1) {
  const epochs = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return epochs.map((epoch) => [epoch, epoch / 10, 1 / epoch, 1000 + epoch, rate(epoch)]);
}

function drawn(...parts) {
  const curves = newCurves(SERIES);
  for (const part of parts) appendRows(curves, part, DATA);
  return curves;
}

function view(curves, more = {}) {
  return {
    curves, data: DATA, theme: THEME, zoom: {}, message: null, ended: false, width: 800, height: 400,
    ...more,
  };
}

test("rows are taken apart by the fields that the page names, and scaled as they are shown", () => {
  const curves = drawn(rows(1, 3));
  assert.deepEqual(curves.epochs, [1, 2, 3]);
  assert.deepEqual(curves.recordedAt, [1001, 1002, 1003]);
  assert.deepEqual(curves.raw.loss, [1, 1 / 2, 1 / 3]);
  assert.deepEqual(curves.raw.val_metric, [100, 200, 300]);
});

test("rows that are repeated are skipped, and a gap is not closed", () => {
  const curves = drawn(rows(1, 4), rows(3, 5), rows(7, 8));
  assert.deepEqual(curves.epochs, [1, 2, 3, 4, 5]);
  assert.equal(curves.raw.loss.length, 5);
});

test("a value that is not a number stays a gap in the curve", () => {
  const curves = drawn([[1, null, null, 1001, null]]);
  assert.deepEqual(curves.raw, { loss: [null], val_metric: [null] });
  assert.deepEqual(curves.rates, []);
});

test("changes of the learning rate are kept with their epochs", () => {
  const curves = drawn(rows(1, 6, (epoch) => (epoch < 4 ? 0.1 : 0.01)));
  assert.deepEqual(curves.rates, [{ epoch: 1, rate: 0.1 }, { epoch: 4, rate: 0.01 }]);
  assert.equal(layout(view(curves)).annotations.filter((one) => one.text === "rate 0.01").length, 1);
});

test("epochs after a checkpoint are forgotten, with their changes of the rate", () => {
  const curves = drawn(rows(1, 6, (epoch) => (epoch < 4 ? 0.1 : 0.01)));
  truncate(curves, 3);
  assert.deepEqual(curves.epochs, [1, 2, 3]);
  assert.equal(curves.raw.loss.length, 3);
  assert.deepEqual(curves.rates, [{ epoch: 1, rate: 0.1 }]);
  appendRows(curves, rows(4, 4), DATA);
  assert.deepEqual(curves.epochs, [1, 2, 3, 4]);
});

test("smoothing is an average to both sides that skips gaps", () => {
  assert.deepEqual(smooth([1, 2, 3], 0), [1, 2, 3]);
  assert.deepEqual(smooth([5, 5, 5, 5], 0.9).map((value) => value.toFixed(9)), Array(4).fill("5.000000000"));
  const [first, gap, last] = smooth([1, null, 3], 0.5); // the other one counts a quarter
  assert.equal(gap, null);
  assert.ok(Math.abs(first - (1 + 3 / 4) / 1.25) < 1e-12);
  assert.ok(Math.abs(last - (3 + 1 / 4) / 1.25) < 1e-12);
});

test("the lowest point of a symmetric curve stays where it is when the curve is smoothed", () => {
  const values = Array.from({ length: 41 }, (_, index) => (index - 20) ** 2);
  const smoothed = smooth(values, 0.9);
  assert.equal(smoothed.indexOf(Math.min(...smoothed)), 20);
});

test("each curve is one trace, and two while smoothing is on", () => {
  const curves = drawn(rows(1, 3));
  const plain = traces(view(curves));
  assert.deepEqual(plain.map((one) => [one.name, one.yaxis]), [["Training loss", "y"], ["Validation error", "y2"]]);
  const smoothed = traces(view(curves, { data: { ...DATA, smoothing: 0.6 } }));
  assert.equal(smoothed.length, 4);
  assert.deepEqual(smoothed.slice(0, 2).map((one) => one.hoverinfo), ["skip", "skip"]);
  assert.deepEqual(smoothed[2].customdata, curves.raw.loss); // what is read off is what was measured
});

test("a curve that is not chosen is hidden, and so is an axis without a curve", () => {
  const chosen = view(drawn(rows(1, 3)), { data: { ...DATA, series: ["loss"] } });
  assert.deepEqual(traces(chosen).map((one) => one.visible), [true, false]);
  assert.deepEqual([layout(chosen).yaxis.visible, layout(chosen).yaxis2.visible], [true, false]);
});

test("up to forty epochs each one is a dot", () => {
  assert.equal(traces(view(drawn(rows(1, 40))))[0].mode, "lines+markers");
  assert.equal(traces(view(drawn(rows(1, 41))))[0].mode, "lines");
});

test("the epoch axis ends at a round number, at the plan, or at the last epoch of an ended run", () => {
  const curves = drawn(rows(1, 60));
  const end = (more) => Math.floor(epochRange(view(curves, more))[1]);
  assert.equal(end({ message: { epochs: 1000 } }), 75);
  assert.equal(end({ message: { epochs: 70 } }), 70);
  assert.equal(end({ message: { epochs: 1000 }, ended: true }), 60);
});

test("a range that the reader has zoomed to wins", () => {
  const zoomed = layout(view(drawn(rows(1, 60)), { zoom: { x: [5, 9], y: [0, 1] } }));
  assert.deepEqual(zoomed.xaxis.range, [5, 9]);
  assert.deepEqual(zoomed.yaxis.range, [0, 1]);
  assert.equal(zoomed.yaxis2.autorange, true);
});

test("an empty chart shows no made-up numbers on its axes", () => {
  const empty = layout(view(drawn()));
  assert.equal(empty.xaxis.showticklabels, false);
  assert.deepEqual(empty.yaxis2.range, [0, 5000]);
});

test("overfitting is marked by the chosen criterion", () => {
  const curves = drawn(rows(1, 30));
  const message = { overfitting: { lowest: [12, 30], patience: [12, 20] } };
  // What is known at the last epoch only was detected by hindsight, and is no mark.
  assert.deepEqual(overfitting(view(curves, { message })), [12, null]);
  const patience = view(curves, { message, data: { ...DATA, criterion: "patience" } });
  assert.deepEqual(overfitting(patience), [12, 20]);
  const { shapes, annotations } = layout(patience);
  const [shaded] = shapes.filter((shape) => shape.type === "rect");
  assert.deepEqual([shaded.x0, shaded.x1], [12, 30]);
  assert.deepEqual(shapes.filter((shape) => shape.type === "line").map((line) => line.x0), [12, 20]);
  assert.deepEqual(annotations.map((one) => one.text), ["best 12"]);
  assert.deepEqual(layout(view(curves)).shapes, []);
});

test("the previous run is drawn faintly as far as the axis reaches, with its best epoch", () => {
  const settings = { ...DATA, style: { ...DATA.style, series: [...SERIES, { ...SERIES[0], key: "val_loss" }] } };
  const [curves, reference] = [newCurves(settings.style.series), newCurves(settings.style.series)];
  const both = { ...settings, row_fields: [...FIELDS, "val_loss", "seconds"], series: ["loss", "val_loss"] };
  const rowsOf = (count) => rows(1, count).map((row, at) => [...row, at + 1, 0.5]);
  appendRows(curves, rowsOf(9), both);
  appendRows(reference, rowsOf(100), both);
  assert.equal(reference.seconds.at(-1), 50);
  const drawn = traces(view(curves, { data: both, reference, referenceBest: 4, message: { epochs: 100 } }));
  const dashed = drawn.filter(({ line }) => line?.dash === "dash");
  assert.deepEqual(dashed.map(({ x }) => x.length), [10, 10, 10]); // the axis ends at epoch 10
  const [best] = drawn.filter(({ marker }) => marker?.symbol === "diamond-open");
  assert.deepEqual([best.x, best.y], [[4], [4]]);
  assert.equal(traces(view(curves, { data: both })).length, 3); // without a previous run
});

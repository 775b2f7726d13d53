// The texts around the chart: status, notices, overfitting and the summary for screen readers.
// Python translates them (`data.words`); this file fills their {fields}.

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (field, name) => values[name] ?? field);
}

function number(view, value, digits = 0) {
  return value.toLocaleString(view.data.locale, {
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  });
}

function loss(view, value) {
  return value === null ? "–" : number(view, value, 4);
}

/** Format the task's metric: an accuracy in percent, or an error with its unit. */
function metric(view, value) {
  const { format, prefix, suffix, digits } = view.data.style.metric;
  if (value === null) return "–";
  if (!format.endsWith("%")) return prefix + number(view, value, digits) + suffix;
  return value.toLocaleString(view.data.locale, {
    style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1,
  });
}

/** Format a duration: 75 seconds as 1:15, 3,675 seconds as 1:01:15. */
function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

/** Training time in seconds; it also advances between two messages. */
function elapsed(view) {
  if (!view.message) return 0;
  const since = view.message.status === "running" ? (performance.now() - view.receivedAt) / 1000 : 0;
  return view.message.seconds + since;
}

/** Epochs per second over the last ten seconds or, if epochs are long, over the last three epochs;
 *  for a run that is not running, over its whole training time. */
function speed(view) {
  if (view.message?.status !== "running") {
    return view.message?.seconds > 0 ? view.curves.epochs.length / view.message.seconds || null : null;
  }
  const times = view.curves.recordedAt;
  const last = times.length - 1;
  if (last < 1) return speedFromBatches(view);
  let first = Math.max(0, last - 3);
  while (first > 0 && times[last] - times[first - 1] <= 10) first -= 1;
  const span = times[last] - times[first];
  return span > 0 ? (last - first) / span : null;
}

/** Epochs per second, estimated from the batches of the first epochs; null while too few. */
function speedFromBatches(view) {
  const current = epochInProgress(view);
  const part = current && current[0] > view.curves.epochs.length ? current[1] / current[2] : 0;
  if (part < 0.05) return null;
  return (view.curves.epochs.length + part) / elapsed(view);
}

/** Seconds until the last planned epoch at the current speed; null if unknown. */
function timeLeft(view) {
  const rate = speed(view);
  if (view.message?.status !== "running" || rate === null) return null;
  const current = epochInProgress(view);
  const part = current && current[0] > view.curves.epochs.length ? current[1] / current[2] : 0;
  return (view.message.epochs - view.curves.epochs.length - part) / rate;
}

/** Set a text if it differs: setting the same text would make a screen reader repeat it. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showStatus(view) {
  const { words } = view.data;
  const message = view.message;
  const status = message?.status ?? (view.data.run ? "connecting" : "idle");
  view.root.dataset.status = status;
  const cell = (name) => view.root.querySelector(`.lc-${name}`);
  for (const name of ["state", "epoch", "elapsed", "speed", "left"]) {
    setText(cell(name).querySelector("dt"), words.titles[name]);
  }
  const value = (name) => cell(name).querySelector("dd span") ?? cell(name).querySelector("dd");
  const drawn = view.curves.epochs.length;
  const left = timeLeft(view);
  setText(value("state"), words.status[status] ?? status);
  setText(value("epoch"), message?.epochs
    ? fill(words.epoch_of, { epoch: number(view, drawn), epochs: number(view, message.epochs) }) : "–");
  setText(value("elapsed"), message?.seconds ? clock(elapsed(view)) : "–");
  setText(value("speed"), speedText(view));
  setText(value("left"), left === null ? "–" : clock(left));
  showBars(view);
  const note = view.root.querySelector(".lc-note");
  setText(note, noteText(view));
  note.classList.toggle("lc-fault", Boolean(view.fault) && !view.ended);
}

function speedText(view) {
  const rate = speed(view);
  if (rate === null) return "–";
  const { words } = view.data;
  if (rate >= 1) return fill(words.rate, { rate: number(view, rate, rate < 100 ? 1 : 0) });
  return fill(words.pace, { seconds: number(view, 1 / rate, 1) });
}

function showBars(view) {
  const message = view.message;
  const current = epochInProgress(view);
  const part = current ? current[1] / Math.max(current[2], 1) : 0;
  const done = message?.epochs ? view.curves.epochs.length / message.epochs : 0;
  const bar = (name) => view.root.querySelector(`.lc-${name}-bar i`);
  bar("run").style.transform = `scaleX(${done})`;
  bar("epoch").style.transform = `scaleX(${part})`;
}

/** [epoch, batches done, total batches] during an epoch, otherwise null. */
function epochInProgress(view) {
  const active = ["running", "paused"].includes(view.message?.status);
  return active ? view.message.progress : null;
}

/** The line below the bars: problems, or the progress within the epoch. */
function noteText(view) {
  const { words } = view.data;
  const message = view.message;
  if (view.lost) return words.lost;
  if (view.fault && !view.ended) return `${words.fault} ${view.fault}`;
  if (!message) return "";
  const notes = [];
  if (message.status === "queued" && view.curves.epochs.length > 0) notes.push(queueText(view));
  if (message.attempt > 1 && message.status === "running") notes.push(words.resumed);
  if (epochInProgress(view)) {
    const [, done, total] = message.progress;
    notes.push(done >= total ? words.validating : fill(words.batch, { done: number(view, done), total: number(view, total) }));
  }
  return notes.join(" · ");
}

function queueText(view) {
  const { words } = view.data;
  const { queue_position: position, engine, engine_message: reason } = view.message;
  if (engine === "starting") return words.engine_starting;
  if (engine === "failed") return `${words.engine_failed} ${reason ?? ""}`;
  return fill(words.queue_position, { position: number(view, position ?? 1) });
}

/** Show a notice in place of an empty chart, or why the run failed. */
function showNotice(view) {
  const box = view.root.querySelector(".lc-notice");
  const [title, text] = notice(view);
  box.hidden = !title && !text;
  box.classList.toggle("lc-banner", view.curves.epochs.length > 0);
  setText(box.querySelector("strong"), title);
  setText(box.querySelector("span"), text);
}

function notice(view) {
  const { words } = view.data;
  const message = view.message;
  if (!view.data.run) return [words.idle_title, words.idle_text];
  if (view.refusal) return [words.no_chart, view.refusal];
  if (!message) return view.lost ? [words.lost, ""] : ["", ""];
  if (message.status === "deleted") return [words.deleted, ""];
  if (message.message && ["failed", "interrupted"].includes(message.status)) {
    return [words.status[message.status], message.message];
  }
  if (view.curves.epochs.length > 0) return ["", ""];
  if (message.status === "queued") return [words.queued_title, queueText(view)];
  if (message.status === "running") {
    return message.progress ? [words.first_epoch, words.first_epoch_text] : [words.preparing, words.preparing_text];
  }
  if (message.status === "paused") return [words.paused_title, words.paused_text];
  return [words.status[message.status] ?? "", words.nothing_drawn];
}

/** Show the legend. Entries keep their position; the entry of an absent mark is invisible. */
function showLegend(view) {
  const { words, series, style } = view.data;
  const { red, curves } = view.theme;
  const [best, detected] = overfitting(view);
  const entries = style.series.map(({ key, label, width, colour }) => ({
    label,
    swatch: `border-top: ${width}px solid ${curves[colour]}`,
    state: series.includes(key) ? "" : "lc-off",
  }));
  entries.push({
    label: words.overfitting,
    swatch: `height: 0.9rem; border-left: 1.5px solid ${red}; background: ${red}1a`,
    state: best === null ? "lc-absent" : "",
  }, {
    label: words.detected,
    swatch: `height: 0.9rem; width: 0; border-left: 2px dotted ${red}`,
    state: detected === null ? "lc-absent" : "",
  });
  if (view.data.reference) {
    entries.push({
      label: fill(words.reference, { name: view.data.reference.name }),
      swatch: "border-top: 1.5px dashed currentColor; opacity: 0.6",
      state: view.reference.epochs.length > 0 ? "" : "lc-absent",
    });
  }
  const list = view.root.querySelector(".lc-legend");
  const wanted = JSON.stringify(entries);
  if (list.dataset.entries === wanted) return;
  list.dataset.entries = wanted;
  list.replaceChildren(...entries.map(({ label, swatch, state }) => {
    const item = document.createElement("li");
    const line = document.createElement("i");
    item.className = state;
    line.style.cssText = swatch;
    item.append(line, label);
    return item;
  }));
}

/** The sentence about the best epoch and overfitting by the chosen criterion. */
function overfittingText(view) {
  const { words, criterion_label: criterion } = view.data;
  const drawn = view.curves.epochs.length;
  if (drawn === 0) return "";
  const [best, detected] = overfitting(view);
  if (best === null || best > drawn) {
    return fill(view.ended ? words.no_overfitting : words.no_overfitting_yet, { criterion });
  }
  return fill(detected === null ? words.overfits : words.overfits_detected, {
    criterion,
    best: number(view, best),
    detected: number(view, detected ?? 0),
    loss: loss(view, view.curves.raw.val_loss[best - 1]),
  });
}

/** The summary of the chart for screen readers. */
function summary(view) {
  const { words } = view.data;
  const drawn = view.curves.epochs.length;
  const status = words.status[view.message?.status] ?? "";
  if (drawn === 0) {
    const parts = new Set([status, ...notice(view)].map((part) => part.replace(/\.$/, "")));
    return [...parts].filter(Boolean).map((part) => `${part}.`).join(" ");
  }
  const at = (key) => view.curves.raw[key][drawn - 1];
  const figures = fill(words.summary, {
    status,
    epoch: number(view, drawn),
    epochs: number(view, view.message.epochs ?? drawn),
    figures: view.data.style.series.map((series) =>
      `${series.label} ${(series.axis === "metric" ? metric : loss)(view, at(series.key))}`,
    ).join(", "),
  });
  return `${figures} ${overfittingText(view)}`;
}

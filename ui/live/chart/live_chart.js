// The live chart: one stream in, one picture out.
//
// Streamlit calls the default export once when the element appears and again whenever its data
// or the theme changes; the element itself stays. What arrives between two frames of the screen
// is drawn at once, with one call of Plotly, so a fast run costs no more than a slow one.
// The other files of the module (see __init__.py) stand before this one.

/** A screen reader hears a new summary at most this often, in milliseconds. */
const SUMMARY_EVERY = 5000;
/** After each drawing, wait for this multiple of its duration, at most LONGEST_REST ms. */
const REST = 1.5;
const LONGEST_REST = 100;
const NARROW = 560;
/** Where the page has no room for the settings beside the chart, see ui/app/layout.css. */
const STACKED = "(max-width: 700px)";
const OVER = ["finished", "stopped", "failed", "interrupted", "deleted"];

const hasEnded = (token) => OVER.includes(token?.split(":")[0]);

const charts = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".live-chart");
  const chart = charts.get(root) ?? new LiveChart(root);
  charts.set(root, chart);
  chart.report = (news) => setStateValue("status", news);
  const turn = chart.update(data);
  // Streamlit may call an older turn's clean-up after a newer turn has begun.
  return () => {
    if (chart.turn === turn) {
      chart.destroy();
      charts.delete(root);
    }
  };
}

class LiveChart {
  constructor(root) {
    this.root = root;
    this.figure = root.querySelector(".lc-figure");
    this.stream = new RunStream(this);
    this.turn = 0;
    this.revision = 0;
    this.touch = matchMedia("(pointer: coarse)").matches;
    this.begin();
    this.listen();
  }

  /** Take what the page says: another run, or other settings for the same one. */
  update(data) {
    const before = this.data;
    this.data = data;
    this.theme = readTheme(this.root, data.style);
    say(this.root.querySelector(".lc-reset"), data.words.reset_zoom);
    const full = this.root.querySelector(".lc-full");
    full.title = data.words.full_screen;
    full.ariaLabel = data.words.full_screen;
    full.hidden = !document.fullscreenEnabled;
    if (data.run !== before?.run) {
      this.begin();
      // On a phone the settings stand above the chart, and whoever has pressed Start looks there.
      const started = before && data.run && !hasEnded(data.known_status);
      if (started && matchMedia(STACKED).matches) this.root.scrollIntoView();
    }
    if (data.log_loss !== before?.log_loss) this.zoom.y = null;
    // A run that had ended for us and lives again for the page was taken up once more.
    if (data.known_status !== before?.known_status && !hasEnded(data.known_status)) {
      this.stream.over = false;
    }
    this.load();
    this.stream.open();
    this.schedule();
    this.reportStatus();
    return ++this.turn;
  }

  /** Nothing drawn yet: a new element, or another run in it. */
  begin() {
    this.stream.follow(this.data?.run);
    this.curves = newCurves(this.data?.style.series ?? []);
    this.message = null;
    this.asked = null;
    this.lost = false;
    this.trouble = "";
    this.fault = "";
    this.zoom = {};
    this.heardAt = performance.now();
    this.summaryAt = -Infinity;
  }

  get ended() {
    return hasEnded(this.message?.status);
  }

  listen() {
    this.stop = new AbortController();
    const { signal } = this.stop;
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.stream.close();
      else this.stream.open();
    }, { signal });
    // A picture that is drawn anew under the pointer would end the drag that zooms.
    this.figure.addEventListener("pointerdown", () => (this.held = true), { signal });
    for (const end of ["pointerup", "pointercancel"]) {
      window.addEventListener(end, () => {
        this.held = false;
        this.schedule();
      }, { signal });
    }
    this.root.querySelector(".lc-reset").addEventListener("click", () => this.resetZoom(), { signal });
    this.root.querySelector(".lc-full").addEventListener("click", () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else this.root.requestFullscreen().catch(() => {}); // a browser may forbid it
    }, { signal });
    this.sizes = new ResizeObserver(() => this.schedule());
    this.sizes.observe(this.figure);
    this.clock = setInterval(() => this.data && showStatus(this), 250);
    document.fonts.ready.then(() => this.schedule()); // text is measured with the right font
  }

  destroy() {
    this.stream.close();
    clearTimeout(this.retrying);
    this.stop.abort();
    this.sizes.disconnect();
    clearInterval(this.clock);
    clearTimeout(this.waiting);
    cancelAnimationFrame(this.frame);
    this.destroyed = true;
    window.Plotly?.purge(this.figure);
  }

  // What the stream says

  receive(message) {
    // After a new start of the server the chart goes on, but the page's session is gone.
    if (this.server && message.server && this.server !== message.server) this.orphaned = true;
    this.server ??= message.server;
    if (message.reset_to !== undefined) truncate(this.curves, message.reset_to);
    appendRows(this.curves, message.rows, this.data);
    this.message = message;
    this.heardAt = performance.now();
    this.schedule();
    this.reportStatus();
  }

  setLost(lost) {
    this.lost = lost;
    this.schedule();
  }

  setFault(sentence) {
    this.fault = sentence;
    this.schedule();
  }

  refuse(sentence) {
    this.trouble = sentence;
    this.schedule();
  }

  /** Let the page run once when the run's state changes, never for an epoch.
   *
   *  The page may have read the run before this message was written, or after it: the version
   *  tells. What is reported is never the same twice, or Streamlit would take it for no change:
   *  two runs that are watched one after the other both come to be "running". */
  reportStatus() {
    const { message, data } = this;
    if (!message || message.more) return;
    const token = message.settled ? `${message.status}:${message.version}` : message.status;
    if (token === data.known_status) {
      this.asked = null;
    } else if (token !== this.asked && (message.version ?? Infinity) > (data.known_version ?? 0)) {
      this.asked = token;
      // Nobody would hear it in a session that did not outlive the server: begin a new one.
      if (this.orphaned) location.reload();
      else this.report(`${message.run}:${message.version}:${token}`);
    }
  }

  // The picture

  /** Draw with the screen's next frame, or later if drawing has become slow. */
  schedule() {
    if (this.frame || this.waiting || this.destroyed) return;
    const pause = (this.drawAfter ?? 0) - performance.now();
    if (pause > 0) {
      this.waiting = setTimeout(() => {
        this.waiting = null;
        this.schedule();
      }, pause);
    } else {
      this.frame = requestAnimationFrame(() => {
        this.frame = null;
        this.draw();
      });
    }
  }

  draw() {
    if (!this.data || this.held) return;
    const begun = performance.now();
    showStatus(this);
    showNotice(this);
    showLegend(this);
    say(this.root.querySelector(".lc-verdict"), verdict(this));
    if (window.Plotly && this.figure.clientWidth > 0) this.drawFigure();
    this.describe();
    // The processor's time is also the reader's, and often the training's.
    const ended = performance.now();
    this.drawAfter = ended + Math.min(REST * (ended - begun), LONGEST_REST);
  }

  drawFigure() {
    this.width = this.figure.clientWidth;
    this.height = this.figure.clientHeight;
    this.narrow = this.width < NARROW;
    this.large = document.fullscreenElement === this.root;
    this.revision += 1; // the arrays grew in place; this tells Plotly to look at them again
    const config = { displayModeBar: false, showTips: false, doubleClick: false };
    window.Plotly.react(this.figure, traces(this), layout(this), config);
    this.hearFigure();
    const [best] = overfitting(this);
    this.root.dataset.run = this.data.run ?? "";
    this.root.dataset.epochs = String(this.curves.epochs.length);
    this.root.dataset.overfitEpoch = best === null ? "" : String(best);
    this.root.querySelector(".lc-reset").hidden = !Object.values(this.zoom).some(Boolean);
  }

  /** Keep what the reader zooms to, and end it with a double click. */
  hearFigure() {
    if (this.hearing) return;
    this.hearing = true;
    this.figure.on("plotly_relayout", (change) => {
      for (const [name, key] of [["xaxis", "x"], ["yaxis", "y"], ["yaxis2", "y2"]]) {
        const moved = Object.keys(change).some((field) => field.startsWith(`${name}.range`));
        if (moved) this.zoom[key] = [...this.figure.layout[name].range];
      }
      this.schedule();
    });
    this.figure.on("plotly_doubleclick", () => this.resetZoom());
  }

  resetZoom() {
    this.zoom = {};
    this.schedule();
  }

  /** Fetch plotly.js, again and again if need be. */
  load() {
    clearTimeout(this.retrying);
    loadPlotly(this.data.plotly_version).then(() => this.schedule(), () => {
      this.setLost(true);
      this.retrying = setTimeout(() => this.load(), TRY_AGAIN_AFTER);
    });
  }

  /** The picture in words: for the image itself, and read aloud now and then. */
  describe() {
    const text = summary(this);
    this.figure.setAttribute("aria-label", text);
    const now = performance.now();
    if (!this.ended && now - this.summaryAt < SUMMARY_EVERY) return;
    this.summaryAt = now;
    say(this.root.querySelector(".lc-summary"), text);
  }
}

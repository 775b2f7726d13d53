// The live chart element: receives the stream and draws the chart.
//
// Streamlit calls the default export when the element appears and whenever its data or the theme
// changes; the element itself remains. All messages between two frames of the screen are drawn
// with one Plotly call, so the cost does not grow with the number of epochs per second.
// The other files of the module (see __init__.py) precede this file.

/** Minimal time in milliseconds between two summaries for screen readers. */
const SUMMARY_EVERY = 5000;
/** The pause after each drawing is this multiple of its duration, at most LONGEST_REST ms. */
const REST = 1.5;
const LONGEST_REST = 100;
/** Narrower charts, in pixels, have smaller text and margins. */
const NARROW = 560;
/** Where the settings are above the chart rather than beside it, see ui/app/layout.css. */
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
  // Streamlit may call the clean-up of an old turn after a new turn has begun.
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

  /** Apply the data of the page: another run, or other settings of the same run. */
  update(data) {
    const before = this.data;
    this.data = data;
    this.theme = readTheme(this.root, data.style);
    setText(this.root.querySelector(".lc-reset"), data.words.reset_zoom);
    const full = this.root.querySelector(".lc-full");
    full.title = data.words.full_screen;
    full.ariaLabel = data.words.full_screen;
    full.hidden = !document.fullscreenEnabled;
    if (data.run !== before?.run) {
      this.begin();
      // On a phone the settings are above the chart: after Start, scroll to the chart.
      const started = before && data.run && !hasEnded(data.known_status);
      if (started && matchMedia(STACKED).matches) this.root.scrollIntoView();
    }
    if (data.log_loss !== before?.log_loss) this.zoom.y = null;
    // The run had ended, but is active for the page: it was resumed.
    if (data.known_status !== before?.known_status && !hasEnded(data.known_status)) {
      this.stream.over = false;
    }
    this.load();
    this.stream.open();
    this.schedule();
    this.reportStatus();
    return ++this.turn;
  }

  /** Initialise the state of a new element or of another run. */
  begin() {
    this.stream.follow(this.data?.run);
    this.curves = newCurves(this.data?.style.series ?? []);
    this.message = null;
    this.reported = null;
    this.lost = false;
    this.refusal = "";
    this.fault = "";
    this.zoom = {};
    this.receivedAt = performance.now();
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
    // Redrawing during a drag would end the zoom.
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
    document.fonts.ready.then(() => this.schedule()); // text widths depend on the font
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

  // Listener of the stream

  receive(message) {
    // After a restart of the server the chart continues, but the page's session has ended.
    if (this.server && message.server && this.server !== message.server) this.orphaned = true;
    this.server ??= message.server;
    if (message.reset_to !== undefined) truncate(this.curves, message.reset_to);
    appendRows(this.curves, message.rows, this.data);
    this.message = message;
    this.receivedAt = performance.now();
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
    this.refusal = sentence;
    this.schedule();
  }

  /** Request one rerun of the page when the run's state changes, never for an epoch.
   *
   *  The version shows whether the page has read the run before or after this message. The reported
   *  value contains run and version, because Streamlit ignores a repeated value: two runs shown one
   *  after the other may both be "running". */
  reportStatus() {
    const { message, data } = this;
    if (!message || message.more) return;
    const token = message.settled ? `${message.status}:${message.version}` : message.status;
    if (token === data.known_status) {
      this.reported = null;
    } else if (token !== this.reported && (message.version ?? Infinity) > (data.known_version ?? 0)) {
      this.reported = token;
      // The session ended with the old server: load the page again.
      if (this.orphaned) location.reload();
      else this.report(`${message.run}:${message.version}:${token}`);
    }
  }

  // Drawing

  /** Draw with the next animation frame, or later if drawing is slow. */
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
    setText(this.root.querySelector(".lc-verdict"), overfittingText(this));
    if (window.Plotly && this.figure.clientWidth > 0) this.drawFigure();
    this.describe();
    // Leave processor time to the page, and to a training on the same machine.
    const ended = performance.now();
    this.drawAfter = ended + Math.min(REST * (ended - begun), LONGEST_REST);
  }

  drawFigure() {
    this.width = this.figure.clientWidth;
    this.height = this.figure.clientHeight;
    this.narrow = this.width < NARROW;
    this.large = document.fullscreenElement === this.root;
    this.revision += 1; // the arrays grow in place; a new revision makes Plotly read them again
    const config = { displayModeBar: false, showTips: false, doubleClick: false };
    window.Plotly.react(this.figure, traces(this), layout(this), config);
    this.listenToFigure();
    const [best] = overfitting(this);
    this.root.dataset.run = this.data.run ?? "";
    this.root.dataset.epochs = String(this.curves.epochs.length);
    this.root.dataset.overfitEpoch = best === null ? "" : String(best);
    this.root.querySelector(".lc-reset").hidden = !Object.values(this.zoom).some(Boolean);
  }

  /** Keep the zoomed range, and reset it at a double click. */
  listenToFigure() {
    if (this.listening) return;
    this.listening = true;
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

  /** Load plotly.js, with retries. */
  load() {
    clearTimeout(this.retrying);
    loadPlotly(this.data.plotly_version).then(() => this.schedule(), () => {
      this.setLost(true);
      this.retrying = setTimeout(() => this.load(), RETRY_AFTER);
    });
  }

  /** Describe the chart for screen readers: as its label, and as an occasional announcement. */
  describe() {
    const text = summary(this);
    this.figure.setAttribute("aria-label", text);
    const now = performance.now();
    if (!this.ended && now - this.summaryAt < SUMMARY_EVERY) return;
    this.summaryAt = now;
    setText(this.root.querySelector(".lc-summary"), text);
  }
}

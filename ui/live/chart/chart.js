// The base of every chart: receives the stream and draws the chart.
//
// Streamlit calls the default export of a component when the element appears and whenever its data
// or the theme changes; the element itself remains. All messages between two frames of the screen
// are drawn with one Plotly call, so the cost does not grow with the number of epochs per second.

/** The pause after each drawing is this multiple of its duration, at most LONGEST_REST ms. */
const REST = 1.5;
const LONGEST_REST = 100;
/** Narrower charts, in pixels, have smaller text and margins. */
const NARROW = 560;
const OVER = ["finished", "stopped", "failed", "interrupted", "deleted"];

const hasEnded = (token) => OVER.includes(token?.split(":")[0]);

/** The state of a run as the page names it, from a message of the stream. */
const statusToken = ({ status, settled, version }) => (settled ? `${status}:${version}` : status);

const charts = new WeakMap();

/** Keep one chart of a class for an element of the page, and pass it the data of the page. */
function mount(ChartClass, { data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".live-chart");
  const chart = charts.get(root) ?? new ChartClass(root);
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

/** A subclass has `curves` (the longest curves, for the axes), `change(before)`, `receive(message)`,
 *  `reportStatus()`, `show()` for the texts around the chart and `picture()`: [traces, layout]. */
class Chart {
  constructor(root) {
    this.root = root;
    this.figure = root.querySelector(".lc-figure");
    this.stream = new RunStream(this);
    this.turn = 0;
    this.revision = 0;
    this.zoom = {};
    this.lost = false;
    this.refusal = "";
    this.fault = "";
    this.touch = matchMedia("(pointer: coarse)").matches;
    this.listen();
  }

  /** Apply the data of the page. */
  update(data) {
    const before = this.data;
    this.data = data;
    this.theme = readTheme(this.root, data.style);
    setText(this.root.querySelector(".lc-reset"), data.words.reset_zoom);
    const full = this.root.querySelector(".lc-full");
    full.title = data.words.full_screen;
    full.ariaLabel = data.words.full_screen;
    full.hidden = !document.fullscreenEnabled;
    this.change(before);
    this.load();
    this.stream.open();
    this.schedule();
    this.reportStatus();
    return ++this.turn;
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
    document.fonts.ready.then(() => this.schedule()); // text widths depend on the font
  }

  destroy() {
    this.stream.close();
    clearTimeout(this.retrying);
    this.stop.abort();
    this.sizes.disconnect();
    clearTimeout(this.waiting);
    cancelAnimationFrame(this.frame);
    this.destroyed = true;
    window.Plotly?.purge(this.figure);
  }

  /** Note which server answers: after a restart of the server the page's session has ended. */
  noteServer(message) {
    if (this.server && message.server && this.server !== message.server) this.orphaned = true;
    this.server ??= message.server;
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
    this.show();
    if (window.Plotly && this.figure.clientWidth > 0) this.drawFigure();
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
    window.Plotly.react(this.figure, ...this.picture(), config);
    this.listenToFigure();
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
}

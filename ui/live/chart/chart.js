// What every chart of ours has in common: one stream in, one picture out.
//
// Streamlit calls the default export of a component once when the element appears and again whenever
// its data or the theme changes; the element itself stays. What arrives between two frames of the
// screen is drawn at once, with one call of Plotly, so a fast run costs no more than a slow one.

/** After each drawing, wait for this multiple of its duration, at most LONGEST_REST ms. */
const REST = 1.5;
const LONGEST_REST = 100;
const NARROW = 560;
const OVER = ["finished", "stopped", "failed", "interrupted", "deleted"];

const hasEnded = (token) => OVER.includes(token?.split(":")[0]);

/** The state of a run as the page names it, from a message of the stream. */
const statusToken = ({ status, settled, version }) => (settled ? `${status}:${version}` : status);

const charts = new WeakMap();

/** Keep one chart of a class for an element of the page, and give it the page's data. */
function mount(ChartClass, { data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".live-chart");
  const chart = charts.get(root) ?? new ChartClass(root);
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

/** A chart has `curves` (the longest ones, by which axes are measured), `receive(message)`,
 *  `show()` for the words around the picture and `picture()`: [traces, layout]. */
class Chart {
  constructor(root) {
    this.root = root;
    this.figure = root.querySelector(".lc-figure");
    this.stream = new RunStream(this);
    this.turn = 0;
    this.revision = 0;
    this.zoom = {};
    this.lost = false;
    this.trouble = "";
    this.fault = "";
    this.touch = matchMedia("(pointer: coarse)").matches;
    this.listen();
  }

  /** Take what the page sends; `change(before)` says what that means for this chart. */
  update(data) {
    const before = this.data;
    this.data = data;
    this.theme = readTheme(this.root, data.style);
    say(this.root.querySelector(".lc-reset"), data.words.reset_zoom);
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
    document.fonts.ready.then(() => this.schedule()); // text is measured with the right font
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

  /** Note which server answers: after a new start of it the page's session is gone. */
  meet(message) {
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
    this.trouble = sentence;
    this.schedule();
  }

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
    this.show();
    if (window.Plotly && this.figure.clientWidth > 0) this.drawFigure();
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
    window.Plotly.react(this.figure, ...this.picture(), config);
    this.hearFigure();
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
}

// The live chart element: the learning curves of one run.
// The other files of the module (see __init__.py) precede this file.

/** Minimal time in milliseconds between two summaries for screen readers. */
const SUMMARY_EVERY = 5000;
/** Where the settings are above the chart rather than beside it, see ui/app/layout.css. */
const STACKED = "(max-width: 700px)";

export default function (component) {
  return mount(LiveChart, component);
}

class LiveChart extends Chart {
  constructor(root) {
    super(root);
    this.begin();
    this.clock = setInterval(() => this.data && showStatus(this), 250);
  }

  destroy() {
    clearInterval(this.clock);
    super.destroy();
  }

  /** Another run, or other settings of the same run. */
  change(before) {
    const { data } = this;
    if (data.run !== before?.run) {
      this.begin();
      // On a phone the settings are above the chart: after Start, scroll to the chart.
      const started = before && data.run && !hasEnded(data.known_status);
      if (started && matchMedia(STACKED).matches) this.root.scrollIntoView();
    }
    else if (data.reference?.id !== before?.reference?.id) this.follow(data.run ? [data.run] : []);
    if (data.log_loss !== before?.log_loss) this.zoom.y = null;
    // The run had ended, but is active for the page: it was resumed.
    if (data.known_status !== before?.known_status && !hasEnded(data.known_status)) {
      this.stream.over = false;
    }
  }

  /** Follow the run and the previous run; the curves of `kept` continue. */
  follow(kept) {
    const runs = [this.data?.run, this.data?.reference?.id];
    this.stream.follow(runs.filter(Boolean), kept);
    this.reference = newCurves(this.data?.style.series ?? []);
    this.referenceBest = null;
  }

  /** Initialise the state of a new element or of another run. */
  begin() {
    this.follow([]);
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

  receive(message) {
    this.noteServer(message);
    if (message.run !== this.data.run) {
      this.receiveReference(message);
      return;
    }
    if (message.reset_to !== undefined) truncate(this.curves, message.reset_to);
    appendRows(this.curves, message.rows, this.data);
    this.message = message;
    this.receivedAt = performance.now();
    this.schedule();
    this.reportStatus();
  }

  receiveReference(message) {
    if (message.reset_to !== undefined) truncate(this.reference, message.reset_to);
    appendRows(this.reference, message.rows, this.data);
    this.referenceBest = message.best?.epoch ?? null;
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
    const token = statusToken(message);
    if (token === data.known_status) {
      this.reported = null;
    } else if (token !== this.reported && (message.version ?? Infinity) > (data.known_version ?? 0)) {
      this.reported = token;
      // The session ended with the old server: load the page again.
      if (this.orphaned) location.reload();
      else this.report(`${message.run}:${message.version}:${token}`);
    }
  }

  /** The texts around the chart. */
  show() {
    showStatus(this);
    showNotice(this);
    showLegend(this);
    setText(this.root.querySelector(".lc-verdict"), overfittingText(this));
    this.describe();
  }

  picture() {
    const [best] = overfitting(this);
    this.root.dataset.run = this.data.run ?? "";
    this.root.dataset.epochs = String(this.curves.epochs.length);
    this.root.dataset.overfitEpoch = best === null ? "" : String(best);
    return [traces(this), layout(this)];
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

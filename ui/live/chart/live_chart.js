// The live chart: the four curves of one run.
// The other files of the module (see __init__.py) stand before this one.

/** A screen reader hears a new summary at most this often, in milliseconds. */
const SUMMARY_EVERY = 5000;
/** Where the page has no room for the settings beside the chart, see ui/app/layout.css. */
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

  /** Another run, or other settings for the same one. */
  change(before) {
    const { data } = this;
    if (data.run !== before?.run) {
      this.begin();
      // On a phone the settings stand above the chart, and whoever has pressed Start looks there.
      const started = before && data.run && !hasEnded(data.known_status);
      if (started && matchMedia(STACKED).matches) this.root.scrollIntoView();
    }
    else if (data.reference?.id !== before?.reference?.id) this.follow(data.run ? [data.run] : []);
    if (data.log_loss !== before?.log_loss) this.zoom.y = null;
    // A run that had ended for us and lives again for the page was taken up once more.
    if (data.known_status !== before?.known_status && !hasEnded(data.known_status)) {
      this.stream.over = false;
    }
  }

  /** Follow the run and the one that it is compared with.
   *  @param kept The runs whose curves go on. */
  follow(kept) {
    const runs = [this.data?.run, this.data?.reference?.id];
    this.stream.follow(runs.filter(Boolean), kept);
    this.reference = newCurves(this.data?.style.series ?? []);
    this.referenceBest = null;
  }

  /** Nothing drawn yet: a new element, or another run in it. */
  begin() {
    this.follow([]);
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

  receive(message) {
    this.meet(message);
    if (message.run !== this.data.run) {
      this.receiveReference(message);
      return;
    }
    if (message.reset_to !== undefined) truncate(this.curves, message.reset_to);
    appendRows(this.curves, message.rows, this.data);
    this.message = message;
    this.heardAt = performance.now();
    this.schedule();
    this.reportStatus();
  }

  receiveReference(message) {
    if (message.reset_to !== undefined) truncate(this.reference, message.reset_to);
    appendRows(this.reference, message.rows, this.data);
    this.referenceBest = message.best?.epoch ?? null;
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
    const token = statusToken(message);
    if (token === data.known_status) {
      this.asked = null;
    } else if (token !== this.asked && (message.version ?? Infinity) > (data.known_version ?? 0)) {
      this.asked = token;
      // Nobody would hear it in a session that did not outlive the server: begin a new one.
      if (this.orphaned) location.reload();
      else this.report(`${message.run}:${message.version}:${token}`);
    }
  }

  /** The words around the picture. */
  show() {
    showStatus(this);
    showNotice(this);
    showLegend(this);
    say(this.root.querySelector(".lc-verdict"), verdict(this));
    this.describe();
  }

  picture() {
    const [best] = overfitting(this);
    this.root.dataset.run = this.data.run ?? "";
    this.root.dataset.epochs = String(this.curves.epochs.length);
    this.root.dataset.overfitEpoch = best === null ? "" : String(best);
    return [traces(this), layout(this)];
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

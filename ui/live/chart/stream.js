// The event stream of one or several runs (server-sent events), with reconnection.

/** Shorter interruptions of the connection, in milliseconds, are not shown. */
const LOST_AFTER = 1000;
/** Time in milliseconds until the next attempt after an error response or without a server. */
const RETRY_AFTER = 2000;
/** A browser allows six connections to one server for all its tabs together, and would not load
 *  further tabs. So at most this many tabs hold a stream; the others poll. */
const STREAM_SLOTS = 3;
/** Polling interval in milliseconds. */
const POLL_EVERY = 300;

/**
 * The stream of some runs. It calls `listener.receive(message)` for each message of one of them,
 * `listener.setLost(lost)` when the connection is lost or restored, `listener.setFault(sentence)`
 * when the store cannot be read or written ("" when it works again), and
 * `listener.refuse(sentence)` when the server rejects the request.
 */
class RunStream {
  constructor(listener) {
    this.listener = listener;
    this.runs = [];
    this.cursors = new Map(); // run → position in its journal after the last message
    this.turn = 0; // incremented by open and close, to recognise late results
  }

  /** Follow other runs: those of `kept` after their last message, the others from epoch 1 on. */
  follow(runs, kept = []) {
    this.close();
    this.runs = runs;
    this.cursors = new Map(kept.map((run) => [run, this.cursors.get(run) ?? "0"]));
    this.over = false;
  }

  /** Continue after the last message. A hidden tab holds no connection. */
  async open() {
    if (this.opened || this.over || this.runs.length === 0 || document.hidden) return;
    this.opened = true;
    const turn = ++this.turn;
    const release = await takeSlot();
    if (turn !== this.turn) release?.();
    else this.listen(turn, release);
  }

  close() {
    this.turn += 1;
    this.opened = false;
    clearTimeout(this.reopening);
    clearTimeout(this.losing);
    this.source?.close();
    this.source = null;
    this.release?.();
    this.release = null;
  }

  listen(turn, release) {
    const after = this.runs.map((run) => this.cursors.get(run) ?? "0");
    const query = new URLSearchParams({ runs: this.runs.join(","), after: after.join(",") });
    if (!release) query.set("once", "1");
    const source = new EventSource(address(`live/events?${query}`));
    this.source = source;
    this.release = release;
    source.onopen = () => this.setLost(false);
    source.onmessage = (event) => {
      event.lastEventId.split(",").forEach((cursor, at) => this.cursors.set(this.runs[at], cursor));
      this.listener.receive(JSON.parse(event.data));
    };
    source.addEventListener("end", () => {
      this.over = true;
      this.close();
    });
    source.addEventListener("trouble", (event) => this.listener.setFault(JSON.parse(event.data)));
    source.addEventListener("pause", () => this.openLater(POLL_EVERY));
    source.onerror = () => {
      this.setLost(true);
      // The browser reconnects, except after an error response.
      if (source.readyState === EventSource.CLOSED) this.fetchReason(source.url, turn);
    };
  }

  openLater(milliseconds) {
    this.close();
    this.reopening = setTimeout(() => this.open(), milliseconds);
  }

  /** Fetch the text of the error response, which an EventSource does not provide. */
  async fetchReason(url, turn) {
    const controller = new AbortController();
    const response = await fetch(url, { signal: controller.signal }).catch(() => null);
    const refused = response && [400, 404].includes(response.status);
    const sentence = refused ? await response.text() : "";
    controller.abort();
    if (turn !== this.turn) return;
    if (!refused) {
      this.openLater(RETRY_AFTER);
      this.setLost(true);
      return;
    }
    this.over = true;
    this.close();
    this.listener.setLost(false);
    this.listener.refuse(sentence);
  }

  setLost(lost) {
    clearTimeout(this.losing);
    if (lost) this.losing = setTimeout(() => this.listener.setLost(true), LOST_AFTER);
    else this.listener.setLost(false);
  }
}

/** Take one of the stream slots that all tabs share: returns a function that releases it, or null
 *  if all are taken. Browsers support locks on localhost and over https; elsewhere the number of
 *  streams is not limited. A tab that closes or crashes releases its slot. */
async function takeSlot() {
  if (!navigator.locks) return () => {};
  for (let slot = 1; slot <= STREAM_SLOTS; slot += 1) {
    const release = await new Promise((resolve) => {
      navigator.locks.request(`live-stream-${slot}`, { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(null);
        return new Promise(resolve); // the lock is held until this promise is resolved
      });
    });
    if (release) return release;
  }
  return null;
}

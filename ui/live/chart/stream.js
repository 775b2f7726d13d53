// Where the epochs come from: the server's stream of some runs, opened, closed and opened again.

/** A connection that is back before this (milliseconds) was never lost for the reader. */
const LOST_AFTER = 1000;
/** After a refusal, and after a server that is not there, a new attempt comes so much later. */
const TRY_AGAIN_AFTER = 2000;
/** A browser allows six connections to one server, for all its tabs and windows together, and a
 *  tab more would not even load. So few of them hold a stream; the others ask now and then. */
const PLACES = 3;
const ASK_EVERY = 300;

/**
 * The stream of some runs. It calls `listener.receive(message)` for each message, which is of one run,
 * `listener.setLost(lost)` when the connection goes and comes, `listener.setFault(sentence)` when
 * nothing can be read or saved, with "" when that is over, and `listener.refuse(sentence)` when the
 * server will not show the run.
 */
class RunStream {
  constructor(listener) {
    this.listener = listener;
    this.runs = [];
    this.cursors = new Map(); // run → position in its journal up to which it is drawn
    this.turn = 0; // grows with each opening and closing, so that what comes late is known as late
  }

  /** Follow other runs: those of `kept` from where their curves end, the others from epoch 1. */
  follow(runs, kept = []) {
    this.close();
    this.runs = runs;
    this.cursors = new Map(kept.map((run) => [run, this.cursors.get(run) ?? "0"]));
    this.over = false;
  }

  /** Go on where we were. A hidden tab holds no connection and goes on when it is seen again. */
  async open() {
    if (this.opened || this.over || this.runs.length === 0 || document.hidden) return;
    this.opened = true;
    const turn = ++this.turn;
    const leave = await takePlace();
    if (turn !== this.turn) leave?.();
    else this.listen(turn, leave);
  }

  close() {
    this.turn += 1;
    this.opened = false;
    clearTimeout(this.again);
    clearTimeout(this.losing);
    this.source?.close();
    this.source = null;
    this.leave?.();
    this.leave = null;
  }

  listen(turn, leave) {
    const after = this.runs.map((run) => this.cursors.get(run) ?? "0");
    const query = new URLSearchParams({ runs: this.runs.join(","), after: after.join(",") });
    if (!leave) query.set("once", "1");
    const source = new EventSource(address(`live/events?${query}`));
    this.source = source;
    this.leave = leave;
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
    source.addEventListener("pause", () => this.openLater(ASK_EVERY));
    source.onerror = () => {
      this.setLost(true);
      // The browser itself tries again, unless the answer was a refusal.
      if (source.readyState === EventSource.CLOSED) this.askWhy(source.url, turn);
    };
  }

  openLater(milliseconds) {
    this.close();
    this.again = setTimeout(() => this.open(), milliseconds);
  }

  /** Ask once more, for the sentence that an EventSource does not hand over. */
  async askWhy(url, turn) {
    const asking = new AbortController();
    const answer = await fetch(url, { signal: asking.signal }).catch(() => null);
    const refused = answer && [400, 404].includes(answer.status);
    const sentence = refused ? await answer.text() : "";
    asking.abort();
    if (turn !== this.turn) return;
    if (!refused) {
      this.openLater(TRY_AGAIN_AFTER);
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

/** One of the places for streams that all tabs share: a function to give it back, or null if
 *  all are taken. Browsers know such locks on this machine and over https; elsewhere each tab
 *  takes what it needs. A tab that closes or crashes gives its place back by itself. */
async function takePlace() {
  if (!navigator.locks) return () => {};
  for (let place = 1; place <= PLACES; place += 1) {
    const leave = await new Promise((answer) => {
      navigator.locks.request(`live-stream-${place}`, { ifAvailable: true }, (lock) => {
        if (!lock) return answer(null);
        return new Promise(answer); // held until this is called
      });
    });
    if (leave) return leave;
  }
  return null;
}

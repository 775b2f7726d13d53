// Where the live chart's epochs come from, with a browser's parts made up.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { load } from "./scripts.mjs";

class FakeEventSource {
  static CLOSED = 2;
  static opened = [];

  constructor(url) {
    this.url = new URL(url);
    this.readyState = 0;
    this.listeners = {};
    FakeEventSource.opened.push(this);
  }

  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }

  send(message, lastEventId) {
    this.onmessage({ data: JSON.stringify(message), lastEventId });
  }

  tell(name, data) {
    this.listeners[name]({ data: JSON.stringify(data) });
  }

  fail(readyState) {
    this.readyState = readyState;
    this.onerror();
  }

  close() {
    this.readyState = FakeEventSource.CLOSED;
  }
}

/** What the stream calls, written down. */
class Listener {
  calls = [];
  receive = (message) => this.calls.push(["receive", message]);
  setLost = (lost) => this.calls.push(["lost", lost]);
  setFault = (sentence) => this.calls.push(["fault", sentence]);
  refuse = (sentence) => this.calls.push(["refuse", sentence]);
}

/** The locks of one browser that all its tabs share. */
class Locks {
  held = new Set();

  async request(name, options, take) {
    if (this.held.has(name)) return take(null);
    this.held.add(name);
    await take({});
    return this.held.delete(name);
  }
}

let page, locks, answer;

beforeEach(() => {
  FakeEventSource.opened = [];
  page = { hidden: false };
  locks = new Locks();
  answer = { status: 200, text: async () => "" };
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

/** A stream as one tab has it, and its listener. */
function tab(navigator = { locks }) {
  const { RunStream } = load("stream.js", ["RunStream"], {
    document: page, navigator, EventSource: FakeEventSource, fetch: async () => answer,
    address: (path) => `http://lab/${path}`,
  });
  const listener = new Listener();
  const stream = new RunStream(listener);
  stream.follow(["a-run"]);
  return { stream, listener };
}

/** Let all promises that can be settled be so. */
const settle = () => new Promise((done) => setImmediate(done));
const newest = () => FakeEventSource.opened.at(-1);
const query = (source) => Object.fromEntries(source.url.searchParams);

test("the stream goes on after the last message that was drawn", async () => {
  const { stream, listener } = tab();
  await stream.open();
  assert.deepEqual(query(newest()), { runs: "a-run", after: "0" });
  newest().send({ rows: [1] }, "17");
  assert.deepEqual(listener.calls, [["receive", { rows: [1] }]]);
  stream.close();
  await stream.open();
  assert.equal(query(newest()).after, "17");
});

test("another run begins at its first epoch", async () => {
  const { stream } = tab();
  await stream.open();
  newest().send({ rows: [1] }, "17");
  stream.follow(["other"]);
  await stream.open();
  assert.deepEqual(query(newest()), { runs: "other", after: "0" });
});

test("a run that is kept goes on where it was, beside another one", async () => {
  const { stream } = tab();
  stream.follow(["a-run", "second"]);
  await stream.open();
  newest().send({ rows: [1] }, "17,0");
  newest().send({ rows: [1] }, "17,23");
  stream.follow(["third", "second"], ["second"]);
  await stream.open();
  assert.deepEqual(query(newest()), { runs: "third,second", after: "0,23" });
});

test("one connection is opened, however often it is asked for, and none by a hidden tab", async () => {
  const { stream } = tab();
  page.hidden = true;
  await stream.open();
  assert.equal(FakeEventSource.opened.length, 0);
  page.hidden = false;
  await Promise.all([stream.open(), stream.open()]);
  assert.equal(FakeEventSource.opened.length, 1);
});

test("three tabs hold a stream, the fourth asks again and again", async () => {
  const tabs = [tab(), tab(), tab(), tab()];
  for (const { stream } of tabs) await stream.open();
  assert.deepEqual(FakeEventSource.opened.map((source) => query(source).once), [undefined, undefined, undefined, "1"]);
  tabs[0].stream.close();
  await settle();
  newest().tell("pause");
  mock.timers.tick(300);
  await settle();
  assert.equal(FakeEventSource.opened.length, 5);
  assert.equal(query(newest()).once, undefined); // the place that was given back
});

test("a browser without locks takes what it needs", async () => {
  for (let count = 0; count < 4; count += 1) await tab({}).stream.open();
  assert.deepEqual(FakeEventSource.opened.map((source) => query(source).once), Array(4).fill(undefined));
});

test("a tab that is closed while it waits for a place gives the place back", async () => {
  const { stream } = tab();
  const opening = stream.open();
  stream.close();
  await opening;
  await settle();
  assert.equal(FakeEventSource.opened.length, 0);
  assert.equal(locks.held.size, 0);
});

test("a connection that comes back at once was never lost, another one is said to be", async () => {
  const { stream, listener } = tab();
  await stream.open();
  newest().fail(0);
  mock.timers.tick(900);
  newest().onopen();
  mock.timers.tick(5000);
  assert.deepEqual(listener.calls, [["lost", false]]);
  newest().fail(0);
  mock.timers.tick(1000);
  assert.deepEqual(listener.calls.at(-1), ["lost", true]);
});

test("a refusal is said in the server's words, and not asked for again", async () => {
  const { stream, listener } = tab();
  await stream.open();
  answer = { status: 404, text: async () => "No such run." };
  newest().fail(FakeEventSource.CLOSED);
  await settle();
  assert.deepEqual(listener.calls, [["lost", false], ["refuse", "No such run."]]);
  await stream.open();
  mock.timers.tick(60_000);
  await settle();
  assert.equal(FakeEventSource.opened.length, 1);
});

test("a server that is not there is tried again", async () => {
  const { stream, listener } = tab();
  await stream.open();
  answer = { status: 503 };
  newest().fail(FakeEventSource.CLOSED);
  await settle();
  mock.timers.tick(2000);
  await settle();
  assert.equal(FakeEventSource.opened.length, 2);
  assert.deepEqual(listener.calls, [["lost", true]]);
});

test("at the end nothing is opened any more", async () => {
  const { stream } = tab();
  await stream.open();
  newest().tell("end");
  await stream.open();
  assert.equal(FakeEventSource.opened.length, 1);
  assert.equal(newest().readyState, FakeEventSource.CLOSED);
});

test("what the server says of its store is passed on", async () => {
  const { stream, listener } = tab();
  await stream.open();
  newest().tell("trouble", "disk is full");
  newest().tell("trouble", "");
  assert.deepEqual(listener.calls, [["fault", "disk is full"], ["fault", ""]]);
});

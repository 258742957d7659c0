// The line to the server: a stream, and questions behind it for as long as the stream is silent.

import { Order } from "./order.js";

const SILENT = 40000; // the stream says something every fifteen seconds
const ASK = 3000;
const LONGEST = 15000;
const REVOKED = 60000;
const DEADLINE = 10000;

function within(promise, ms) {
  return Promise.race([promise, new Promise((_, reject) => setTimeout(reject, ms, new Error("late")))]);
}

export class Line {
  /** `told(answer)` for what is to be shown, `beat(iso)` for the time, `gone()` when the link is no longer good. */
  constructor(base, told, beat, gone) {
    Object.assign(this, { base, told, beat, gone });
    this.order = new Order();
    this.source = null;
    this.heard = 0;
    this.wait = ASK;
    this.revoked = false;
    this.answered = false;
  }

  start() {
    this.listen();
    this.askNow();
    setInterval(() => this.look(), 1000);
    window.addEventListener("online", () => this.again());
    document.addEventListener("visibilitychange", () => document.hidden || this.again());
    window.addEventListener("pageshow", (event) => event.persisted && this.again());
  }

  get streaming() {
    return this.source !== null && this.source.readyState === 1 && performance.now() - this.heard < SILENT;
  }

  /** Learn the truth at once. */
  again() {
    this.wait = ASK;
    if (!this.streaming) this.listen();
    this.askNow();
  }

  listen() {
    if (this.source) this.source.close();
    this.source = new EventSource(this.base + "/events");
    this.heard = performance.now();
    const on = (name, act) =>
      this.source.addEventListener(name, (event) => {
        this.heard = performance.now();
        act(JSON.parse(event.data));
      });
    on("now", (answer) => this.hear(answer, null) || this.doubt());
    on("beat", (answer) => this.beat(answer.now));
    on("away", () => {});
    on("gone", () => this.lose());
  }

  look() {
    const quiet = performance.now() - this.heard;
    const lost = (this.source.readyState === 2 && quiet > ASK) || quiet > SILENT;
    if (lost && !this.revoked) this.listen();
  }

  /** False for an answer that was overtaken on its way. */
  hear(answer, asked) {
    this.revoked = false;
    this.answered = true;
    this.wait = ASK;
    if (!this.order.takes(answer.turn, asked)) return false;
    this.told(answer);
    return true;
  }

  lose() {
    this.revoked = true;
    this.source.close();
    this.gone();
  }

  ask() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.askNow(), this.revoked ? REVOKED : this.wait);
  }

  async askNow() {
    if (!this.asking && !(this.streaming && this.answered && !this.doubted)) {
      this.asking = true;
      this.doubted = false;
      await this.question();
      this.asking = false;
    }
    this.ask();
  }

  /** The page does not believe its own clock: ask although the stream is there. */
  doubt() {
    this.doubted = true;
    this.askNow();
  }

  async question() {
    const asked = this.order.newest;
    try {
      const answer = await within(fetch(this.base + "/now", { cache: "no-store", credentials: "omit" }), DEADLINE);
      if (answer.status === 404) this.lose();
      else if (!answer.ok) throw new Error(String(answer.status));
      else {
        const again = this.revoked;
        this.hear(await within(answer.json(), DEADLINE), asked);
        if (again) this.listen();
      }
    } catch (error) {
      this.wait = Math.min(this.wait * 1.5, LONGEST) * (0.8 + Math.random() * 0.4);
    }
  }

  /** True when the server has them. */
  async report(receipts) {
    try {
      const body = JSON.stringify({ receipts });
      const headers = { "content-type": "application/json" };
      const sent = fetch(this.base + "/receipts", { method: "POST", body, headers, credentials: "omit" });
      return (await within(sent, DEADLINE)).ok;
    } catch (error) {
      return false;
    }
  }
}

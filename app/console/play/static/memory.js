// What outlives a reload: receipts that are not delivered yet, which were, and since when each alert has been on. Numbers
// and times only; nothing of a notice is kept.

const MOST = 500;

export class Memory {
  constructor(name) {
    this.name = name;
    this.waiting = [];
    this.said = [];
    this.since = {};
    try {
      const kept = JSON.parse(localStorage.getItem(name) || "{}");
      if (Array.isArray(kept.waiting)) this.waiting = kept.waiting;
      if (Array.isArray(kept.said)) this.said = kept.said;
      if (kept.since && typeof kept.since === "object") this.since = kept.since;
    } catch (error) {
      // No storage, or somebody else's: then it is remembered for as long as the page is open.
    }
  }

  keep() {
    this.waiting = this.waiting.slice(-MOST);
    this.said = this.said.slice(-MOST);
    try {
      localStorage.setItem(this.name, JSON.stringify({ waiting: this.waiting, said: this.said, since: this.since }));
    } catch (error) {
      // as above
    }
  }

  /** To be said once: `aired` of a delivery that is on for the second time is no news. */
  say(delivery, kind, at, note) {
    const mark = delivery + " " + kind;
    if (this.said.indexOf(mark) >= 0) return false;
    this.said.push(mark);
    this.waiting.push({ delivery, kind, at, note: note || "" });
    this.keep();
    return true;
  }

  /** These have arrived. */
  delivered(receipts) {
    this.waiting = this.waiting.filter((one) => receipts.indexOf(one) < 0);
    this.keep();
  }

  /** Since when the alert has been on here, in milliseconds; `null` when it never was. */
  onSince(alert) {
    return typeof this.since[alert] === "number" ? this.since[alert] : null;
  }

  begin(alert, at) {
    this.since[alert] = at;
    this.keep();
  }

  forgetAllBut(alerts) {
    const gone = Object.keys(this.since).filter((alert) => alerts.indexOf(alert) < 0);
    if (gone.length === 0) return;
    gone.forEach((alert) => delete this.since[alert]);
    this.keep();
  }
}

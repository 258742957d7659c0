// The server's time. A screen's own clock may be years off, may jump, or may stand still while it sleeps; so both of its
// clocks are asked how long it has been since the server last said the time, and the later answer counts: a notice is
// rather taken off too early than left on too long.

const JUMP = 5000;

export class Clock {
  constructor() {
    this.base = null;
  }

  /** The server has just said that it is this time (ISO 8601). */
  set(iso) {
    const at = Date.parse(iso);
    if (Number.isNaN(at)) return;
    this.base = at;
    this.steady = performance.now();
    this.wall = Date.now();
  }

  get known() {
    return this.base !== null;
  }

  /** Milliseconds since 1970. */
  now() {
    if (!this.known) return Date.now();
    return this.base + Math.max(performance.now() - this.steady, Date.now() - this.wall);
  }

  /** True when the two disagree: somebody has set the clock, or the screen slept. The server should be asked. */
  get doubtful() {
    return this.known && Math.abs(performance.now() - this.steady - (Date.now() - this.wall)) > JUMP;
  }

  iso() {
    return new Date(this.now()).toISOString();
  }
}

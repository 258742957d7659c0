// Which answers are news. The server counts its answers to this page, and one that was overtaken on its way counts for
// nothing. But what counts may begin anew (a store that was restored): an answer to a question that was asked after
// the newest one came would have a higher number if nothing had. It is believed, whatever its number.

export class Order {
  constructor() {
    this.newest = 0;
  }

  /** `asked` is what `newest` was when the question went out; `null` for what came by itself. */
  takes(turn, asked) {
    if (turn <= this.newest && !(asked !== null && turn <= asked)) return false;
    this.newest = turn;
    return true;
  }
}

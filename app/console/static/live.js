// Keeps an open page true. The stream says that something changed; each part of the page that is marked data-live then asks
// for itself, at most as often as its data-every says. Without the stream it asks every five seconds, and the page says so.
(function () {
  "use strict";

  var REST = 1000; // between two refreshes of one part, however much changes
  var POLL = 5000; // without the stream
  var SAFETY = 15000; // with it: some stages change by the clock alone
  var GRACE = 3000; // before a stream that is not open yet counts as broken

  var bar = document.getElementById("lost");
  var skew = Date.parse(document.body.dataset.now) - Date.now();
  var source = null;
  var streaming = false;
  var reached = true;
  var pressed = false;
  var leaving = false; // a form is on its way: nothing may overtake its answer
  var started = Date.now();
  var drawn = Date.now();
  var parts = {}; // by id: when it was asked for, whether it is wanted, whether it is under way

  function region() {
    return document.getElementById("live");
  }

  function part(id) {
    return parts[id] || (parts[id] = { asked: Date.now(), wanted: false, busy: false });
  }

  function wantAll() {
    document.querySelectorAll("[data-live]").forEach(function (el) {
      part(el.id).wanted = true;
    });
  }

  function two(n) {
    return (n < 10 ? "0" : "") + n;
  }

  function clock(ms) {
    var at = new Date(ms + 8 * 3600000); // Beijing
    return two(at.getUTCHours()) + ":" + two(at.getUTCMinutes()) + ":" + two(at.getUTCSeconds());
  }

  // The same words as spoken_time.span.
  function span(ms) {
    var left = Math.max(Math.floor(ms / 1000), 0);
    var days = Math.floor(left / 86400), hours = Math.floor(left / 3600) % 24, minutes = Math.floor(left / 60) % 60;
    if (days) return days + "天" + hours + "小时";
    if (hours) return hours + "小时" + minutes + "分";
    return minutes ? minutes + "分" + (left % 60) + "秒" : left + "秒";
  }

  // What stands on a page that cannot be refreshed is marked with its age, and looks it.
  function say() {
    if (!bar || !region()) return;
    var broken = !streaming && Date.now() - started > GRACE;
    bar.hidden = reached && !broken;
    bar.classList.toggle("stale", !reached);
    document.body.classList.toggle("stale", !reached);
    if (bar.hidden) return;
    write(bar, reached
      ? "连接中断：实时通知已断开，改为每 5 秒刷新一次。"
      : "连接中断：以下是 " + clock(drawn + skew) + " 的情况，已过去 " + span(Date.now() - drawn) + "，正在重试。");
  }

  function write(el, said) {
    if (el.textContent !== said) el.textContent = said;
  }

  // A screen reader hears what changed in a sentence of the page's own, at most every ten seconds.
  var echoed = 0;
  function echo() {
    if (Date.now() - echoed < 10000) return;
    document.querySelectorAll("[data-echo]").forEach(function (el) {
      var from = document.querySelector(el.dataset.echo);
      if (!from || el.textContent === from.textContent) return;
      write(el, from.textContent);
      echoed = Date.now();
    });
  }

  function tick() {
    var now = Date.now() + skew;
    document.querySelectorAll("[data-since]").forEach(function (el) {
      write(el, span(now - Date.parse(el.dataset.since)));
    });
    document.querySelectorAll("[data-clock]").forEach(function (el) {
      write(el, clock(now));
    });
    say();
    echo();
  }

  function listen() {
    if (source) source.close();
    source = null;
    if (document.hidden) return;
    // A browser allows six connections to one host: a page that nobody sees holds none.
    source = new EventSource(region().dataset.stream);
    source.onopen = function () {
      streaming = true;
      say();
    };
    source.onerror = function () {
      streaming = false;
      say();
    };
    source.addEventListener("changed", function () {
      wantAll();
      pump();
    });
  }

  function pump() {
    if (pressed || leaving || document.hidden) return;
    document.querySelectorAll("[data-live]").forEach(function (el) {
      var it = part(el.id), since = Date.now() - it.asked;
      if (since > (streaming ? SAFETY : POLL)) it.wanted = true;
      if (!it.wanted || it.busy || since < (Number(el.dataset.every) || REST)) return;
      it.wanted = false;
      it.asked = Date.now();
      window.htmx.trigger(el, "changed");
    });
  }

  function seen() {
    if (document.hidden) {
      streaming = false;
    } else {
      started = Date.now();
      wantAll();
    }
    listen();
  }

  // By its target: a part that replaces itself is gone when its request has ended, and htmx names its parent as `elt`.
  document.body.addEventListener("htmx:beforeRequest", function (event) {
    var el = event.detail.target;
    if (el.dataset.live !== undefined) part(el.id).busy = true;
  });
  document.body.addEventListener("htmx:afterRequest", function (event) {
    var el = event.detail.target;
    if (el.dataset.live === undefined) return;
    var it = part(el.id);
    it.busy = false;
    it.asked = Date.now();
    reached = event.detail.successful;
    if (reached) drawn = Date.now();
    say();
  });
  // What was unfolded stays so. A page whose alert has ended, or tells of a new notice (data-as), is another page: nothing of
  // the child may stay on it.
  var unfolded = [];
  var first = region() && region().dataset.as;
  document.body.addEventListener("htmx:beforeSwap", function (event) {
    unfolded = Array.prototype.map.call(event.detail.target.querySelectorAll("details[open][id]"), function (el) {
      return el.id;
    });
  });
  document.body.addEventListener("htmx:afterSwap", function () {
    unfolded.forEach(function (id) {
      var el = document.getElementById(id);
      if (el) el.open = true;
    });
    if (first && !leaving && (!region() || region().dataset.as !== first)) window.location.reload();
    tick();
  });

  // A swap between press and release would swallow the click.
  document.addEventListener("pointerdown", function () {
    pressed = true;
  });
  ["pointerup", "pointercancel", "dragend"].forEach(function (name) {
    document.addEventListener(name, function () {
      window.setTimeout(function () {
        pressed = false;
      }, 0);
    });
  });

  document.addEventListener("submit", function () {
    leaving = true;
  });
  document.addEventListener("visibilitychange", seen);
  window.addEventListener("pageshow", function (event) {
    leaving = false;
    if (event.persisted) seen();
  });

  window.setInterval(tick, 1000);
  tick();
  if (region()) {
    window.setInterval(pump, 200);
    // A stream that the server refused for good (CLOSED) is asked for again.
    window.setInterval(function () {
      if (source && source.readyState === EventSource.CLOSED) listen();
    }, POLL);
    listen();
  }
})();

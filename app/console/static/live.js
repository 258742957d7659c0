// Keeps an open page true. The stream says that something changed; the page then asks for itself and swaps in the part
// #live. Without the stream it asks every five seconds, and says so.
(function () {
  "use strict";

  var REST = 1000; // between two refreshes, however much changes
  var POLL = 5000; // without the stream
  var SAFETY = 15000; // with it: some stages change by the clock alone
  var GRACE = 3000; // before a stream that is not open yet counts as broken

  var bar = document.getElementById("lost");
  var skew = Date.parse(document.body.dataset.now) - Date.now();
  var source = null;
  var streaming = false;
  var reached = true;
  var wanted = false;
  var busy = false;
  var pressed = false;
  var started = Date.now();
  var asked = Date.now();
  var drawn = Date.now();

  function region() {
    return document.getElementById("live");
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

  function say() {
    if (!bar || !region()) return;
    var broken = !streaming && Date.now() - started > GRACE;
    bar.hidden = reached && !broken;
    bar.classList.toggle("stale", !reached);
    bar.textContent = reached
      ? "连接中断：实时通知已断开，改为每 5 秒刷新一次。"
      : "连接中断：页面内容可能已过时（最后更新 " + clock(drawn + skew) + "），正在重试。";
  }

  function tick() {
    var now = Date.now() + skew;
    document.querySelectorAll("[data-since]").forEach(function (el) {
      el.textContent = span(now - Date.parse(el.dataset.since));
    });
    document.querySelectorAll("[data-clock]").forEach(function (el) {
      el.textContent = clock(now);
    });
    say();
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
      wanted = true;
      pump();
    });
  }

  function pump() {
    var since = Date.now() - asked;
    if (since > (streaming ? SAFETY : POLL)) wanted = true;
    if (!wanted || busy || pressed || document.hidden || since < REST) return;
    wanted = false;
    busy = true;
    asked = Date.now();
    window.htmx.trigger(region(), "changed");
  }

  function seen() {
    if (document.hidden) {
      streaming = false;
    } else {
      started = Date.now();
      wanted = true;
    }
    listen();
  }

  document.body.addEventListener("htmx:afterRequest", function (event) {
    busy = false;
    asked = Date.now();
    reached = event.detail.successful;
    if (reached) drawn = Date.now();
    say();
  });
  document.body.addEventListener("htmx:afterSwap", tick);

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

  document.addEventListener("visibilitychange", seen);
  window.addEventListener("pageshow", function (event) {
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

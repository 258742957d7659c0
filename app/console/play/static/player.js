// Black, or what is live. The server's answer is the whole truth: what is not in it is not shown; and what has run out is
// not shown either, whatever the server would say if it could be reached.

import { Clock } from "./clock.js";
import { face, fit } from "./face.js";
import { Line } from "./line.js";
import { Memory } from "./memory.js";
import { drawn, onScreen } from "./painted.js";
import { choose } from "./programme.js";

const TICK = 200;
const REPORT = 1000;
const RETRY = 15000;
const CORRECTED_WITHIN = 10 * 60 * 1000;

const stage = document.getElementById("stage");
const word = document.getElementById("word");
const edition = document.body.dataset.edition;
const base = location.pathname.replace(/\/+$/, "");
const clock = new Clock();
const memory = new Memory("huijia" + base);

let items = []; // as the server gave them
let settings = { seconds: 15, correction_seconds: 30 };
let corrections = []; // { item, until }
let faces = {}; // by delivery: { key, made } where made is null until it is ready
let shown = null; // the item that is on the stage
let reporting = false;
const ended = {}; // by alert: an end is final

function data(item) {
  return item.payload.data;
}

function live(item) {
  return !ended[data(item).alert] && clock.now() < Date.parse(data(item).expires_at);
}

function told(answer) {
  clock.set(answer.now);
  word.textContent = "";
  settings = Object.assign({}, settings, answer.settings);
  const before = items;
  items = answer.items;
  items.filter((item) => data(item).kind === "retract").forEach((item) => end(item, before));
  items.forEach(prepare);
  tidy();
  tick();
  renew(answer.edition);
}

// An alert that was on here is corrected for a while, with words that tell nothing of the child.
function end(item, before) {
  ended[data(item).alert] = true;
  const known = before.some((one) => one.delivery === item.delivery);
  const was = memory.onSince(data(item).alert) !== null;
  const young = clock.now() - Date.parse(data(item).issued_at) < CORRECTED_WITHIN;
  if (was && !known && young && settings.correction_seconds > 0) {
    corrections.push({ item, until: clock.now() + settings.correction_seconds * 1000 });
  }
}

// Everything is loaded and decoded before it is put on the stage.
function prepare(item) {
  const key = JSON.stringify(data(item).rendition);
  const kept = faces[item.delivery];
  if (kept && kept.key === key) return;
  const fresh = { key, made: kept ? kept.made : null };
  faces[item.delivery] = fresh;
  face(data(item)).then((made) => {
    if (faces[item.delivery] !== fresh) return;
    fresh.made = made;
    if (made.note) setTimeout(() => retry(item, fresh), RETRY);
    if (shown && shown.delivery === item.delivery) shown = null; // the better picture takes its place
    tick();
  });
}

// A picture that did not come is asked for again; the words are on meanwhile.
function retry(item, failed) {
  if (faces[item.delivery] !== failed) return;
  failed.key = "";
  prepare(item);
}

// What is over leaves the memory of the page too: no picture of it stays in the document.
function tidy() {
  const kept = {};
  items.concat(corrections.map((one) => one.item)).forEach((item) => {
    if (faces[item.delivery]) kept[item.delivery] = faces[item.delivery];
  });
  faces = kept;
  memory.forgetAllBut(items.map((item) => data(item).alert));
}

// The server's clock may have been set back: nothing has been on since a time that is yet to come.
function onSince(alert, now) {
  if (memory.onSince(alert) > now) memory.begin(alert, now);
  return memory.onSince(alert);
}

function wanted() {
  const now = clock.now();
  corrections = corrections.filter((one) => now < one.until);
  const ready = (item) => faces[item.delivery] && faces[item.delivery].made;
  const entries = items
    .filter((item) => live(item) && ready(item))
    .map((item) => ({ item, alert: data(item).alert, since: onSince(data(item).alert, now), duty: data(item).duty }));
  const spoken = corrections
    .filter((one) => ready(one.item))
    .map((one) => ({ item: one.item, alert: data(one.item).alert, since: now, duty: {}, ends: true }));
  const chosen = choose(entries.concat(spoken), settings.seconds, now);
  return chosen ? chosen.item : null;
}

function tick() {
  if (clock.doubtful) {
    clock.set(clock.iso());
    line.doubt();
  }
  const next = wanted();
  const same = next === null ? shown === null : shown !== null && shown.delivery === next.delivery;
  if (!same) put(next);
  sayWhatIsOff();
}

function put(item) {
  shown = item;
  stage.textContent = "";
  if (item === null) return;
  const made = faces[item.delivery].made;
  stage.append(made.element);
  fit(made.element);
  sayWhatIsOn(item, made);
}

async function sayWhatIsOn(item, made) {
  if (data(item).kind === "retract") return;
  while (shown === item) {
    if (await onScreen(made.element)) {
      if (shown !== item) return;
      if (memory.onSince(data(item).alert) === null) memory.begin(data(item).alert, clock.now());
      memory.say(item.delivery, "aired", clock.iso(), made.note);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, REPORT));
  }
}

// Down is what is not on the stage once the stage has been drawn without it.
async function sayWhatIsOff() {
  const over = items.filter((item) => data(item).kind === "retract");
  if (over.length === 0) return;
  await drawn();
  over
    .filter((item) => !shown || data(shown).alert !== data(item).alert || data(shown).kind === "retract")
    .forEach((item) => memory.say(item.delivery, "taken_down", clock.iso()));
}

async function report() {
  if (reporting || memory.waiting.length === 0) return;
  reporting = true;
  const receipts = memory.waiting.slice(0, 50);
  if (await line.report(receipts)) memory.delivered(receipts);
  reporting = false;
}

function gone() {
  items = [];
  corrections = [];
  tidy();
  tick();
  word.textContent = "播放链接已作废，请向回家平台管理员索取新的链接";
}

// A page may stay open for months: it takes on a new edition of itself when nothing is on.
function renew(now) {
  if (now === edition || shown !== null || memory.waiting.length > 0) return;
  try {
    if (sessionStorage.getItem("edition") === now) return;
    sessionStorage.setItem("edition", now);
  } catch (error) {
    return;
  }
  location.reload();
}

function wake() {
  if (document.visibilityState === "visible" && navigator.wakeLock) navigator.wakeLock.request("screen").catch(() => {});
}

const line = new Line(base, told, (iso) => clock.set(iso), gone);
line.start();
setInterval(tick, TICK);
setInterval(report, REPORT);
wake();
document.addEventListener("visibilitychange", () => {
  wake();
  tick();
});
window.addEventListener("resize", () => shown && fit(faces[shown.delivery].made.element));
["pointerdown", "keydown"].forEach((name) =>
  document.addEventListener(name, () => {
    const whole = document.documentElement;
    if (!document.fullscreenElement && whole.requestFullscreen) whole.requestFullscreen().catch(() => {});
  }),
);

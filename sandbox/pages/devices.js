// How each kind of far end looks to the public.

import { badge, clock, colour, el, gravest, lines, picture, STATUS, tone } from "./elements.js";

export function draw(station) {
  const draws = { tv, radio, screen, billboard, dingtalk, partner };
  return (draws[station.channel] ?? partner)(station);
}

// Diagonal stripes and a large word over everything that is not the real thing.
function veil(status) {
  if (status !== "exercise" && status !== "test") return null;
  const word = el("div", `veil ${status}`, STATUS[status].word);
  word.setAttribute("aria-hidden", "true");
  return word;
}

function tv(station) {
  const onAir = [...station.showing, ...station.corrections];
  const frame = el("div", "tv", el("div", "scenery"), el("span", "logo", "沙盒卫视"), el("time", "clock ticking"));
  if (onAir.length === 0) {
    frame.append(el("span", "programme", "秦岭四季 · 自然纪录片"));
    return frame;
  }
  frame.append(veil(gravest(onAir)) ?? "");
  const photo = station.showing.map((notice) => picture(notice, "slate", "photo", "poster")).find(Boolean);
  frame.append(photo ?? "", el("div", "corner", ...onAir.map(badge)));
  const parts = onAir.map((notice) => el("span", `part ${colour(notice)}`, lines(notice, "crawl", "text").join("　")));
  const crawl = el("p", "crawl", el("span", "run", ...parts));
  const length = parts.reduce((sum, part) => sum + part.textContent.length, 24);
  crawl.style.setProperty("--seconds", `${Math.max(12, Math.round(length * 0.2))}s`);
  frame.append(el("div", `strip ${tone(station)}`, crawl));
  return frame;
}

function radio(station) {
  const onAir = [...station.showing, ...station.corrections];
  const status = gravest(onAir);
  const bars = el("div", "bars", ...Array.from({ length: 24 }, (_, index) => bar(index)));
  const lamp = status === "exercise" || status === "test" ? `${STATUS[status].word}中` : "播出中";
  const dial = el("div", "dial", el("span", "mhz", "FM 91.6"), bars, el("span", "lamp", lamp));
  const set = el("div", `radio ${tone(station)}`, dial);
  if (onAir.length === 0) set.append(el("p", "idle", "长安夜曲 · 音乐节目"));
  for (const notice of onAir) {
    const script = el("blockquote", `script ${colour(notice)}`, badge(notice));
    script.append(...lines(notice, "script", "spoken").map((line) => el("p", "", line)));
    set.append(script);
  }
  set.append(veil(status) ?? "");
  return set;
}

function bar(index) {
  const one = el("i");
  one.style.setProperty("--late", `${-((index * 37) % 90) / 100}s`);
  return one;
}

function panel(station, look, idle) {
  const { width = 1920, height = 1080, columns = 16, rows = 8 } = station.panel;
  const face = el("div", `panel ${look}`);
  for (const [name, value] of Object.entries({ width, height, columns, rows })) face.style.setProperty(`--${name}`, value);
  if (station.showing.length === 0) {
    face.append(el("div", "advert", el("span", "", idle)));
    return face;
  }
  face.append(el("div", "pages", ...station.showing.flatMap((notice) => leaves(notice, rows))));
  return face;
}

// As many lines as the panel has rows at a time, over them the poster if there is one; the page turns the leaves.
function leaves(notice, rows) {
  const all = lines(notice, "lines", "text");
  return Array.from({ length: Math.max(1, Math.ceil(all.length / rows)) }, (_, index) => {
    const here = all.slice(index * rows, (index + 1) * rows).map((line) => el("p", "", line));
    return el("div", `leaf ${notice.status}`, ...here, picture(notice, "poster"), veil(notice.status));
  });
}

const screen = (station) => el("div", "stand", panel(station, "screen", "长安四季 好景相随"));
const billboard = (station) => el("div", "stand", panel(station, "led", "前方畅通 平安回家"));

function dingtalk(station) {
  const bubbles = station.messages.map((message) => {
    const words = el("div", `bubble ${message.status}`);
    if (message.everyone) words.append(el("span", "everyone", "@所有人"));
    const wholeTitle = message.title && !message.text.includes(message.title);
    if (wholeTitle) words.append(el("h4", "", message.title));
    words.append(...message.text.split("\n").map(markdown).filter(Boolean));
    words.append(...message.links.map(([title, address]) => link(title, address)));
    const mark = message.status === "actual" ? null : el("span", `badge ${message.status}`, STATUS[message.status].word);
    const said = el("div", "said", el("small", "", `回家 · 机器人　${clock(message.at)}`), mark, words);
    return el("div", "message", el("span", "face", "家"), said);
  });
  const empty = el("p", "idle", "群里很安静");
  const chat = el("div", "chat", ...(bubbles.length > 0 ? bubbles : [empty]));
  queueMicrotask(() => requestAnimationFrame(() => chat.scrollTo(0, chat.scrollHeight)));
  return el("div", "phone", el("div", "bar", "寻人志愿者群（486）"), chat);
}

// Just enough of the robot's markdown to read it: headings, pictures, links and bold, all as text.
function markdown(line) {
  if (line.trim() === "") return null;
  const plain = line
    .replace(/!\[[^\]]*\]\([^)]*\)/g, "［图片］")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\*\*([^*]+)\*\*/g, "$1")
    .replace(/^\s*(?:>|[-*])\s+/, "");
  const heading = /^\s*#{1,6}\s+(.*)$/.exec(plain);
  return heading ? el("h4", "", heading[1]) : el("p", "", plain);
}

// Shown, never followed: an address in a message is somebody else's.
function link(title, address) {
  const shown = el("span", "button", title);
  shown.title = address;
  return shown;
}

function partner(station) {
  const live = station.showing.map((notice) => item(notice)).reverse();
  const over = station.corrections.map((notice) => item(notice)).reverse();
  const empty = el("p", "idle", "暂无提醒");
  const feed = el("div", "feed", ...(live.length + over.length > 0 ? [...live, ...over] : [empty]));
  return el("div", "phone app", el("div", "bar", station.name.replace("沙盒·", "")), feed);
}

function item(notice) {
  const { headline, ...rest } = notice.texts;
  const words = lines({ texts: rest }).map((line) => el("p", "", line));
  const title = typeof headline === "string" ? el("h4", "", headline) : null;
  const photo = notice.kind === "retract" ? null : picture(notice, "photo", "poster");
  const head = el("div", "when", badge(notice), el("small", "", clock(notice.since)));
  return el("article", `item ${colour(notice)}`, head, photo, title, ...words);
}

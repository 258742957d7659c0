// Asks what is shown now, once a second, and redraws only what has changed.

import { draw } from "./devices.js";
import { clock, el, gravest, STATUS } from "./elements.js";

const MODES = [
  ["ok", "正常", "立即应答"],
  ["slow", "迟缓", "约三秒后才应答"],
  ["down", "宕机", "应答 503"],
  ["flaky", "时好时坏", "每两次坏一次：500，或不作声地断开"],
  ["lying", "假成功", "应答 200，正文却说被拒绝"],
  ["hanging", "不应答", "一直不应答，直到对方放弃"],
];
const ROOMS = [
  ["tv", "电视与广播", ["tv", "radio"]],
  ["screens", "户外大屏", ["screen"]],
  ["boards", "电子牌", ["billboard"]],
  ["people", "群聊与应用", ["dingtalk", "partner"]],
];
const KINDS = { publish: "发布", update: "更新", retract: "撤回" };
const WALL = 12; // more of a kind than this hang as a wall of small panels

const cards = new Map();
let etag = "";

async function post(path, body) {
  await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}) });
  await look();
}

function modeButtons(choose) {
  return MODES.map(([mode, title, hint]) => {
    const button = el("button", `mode ${mode}`, title);
    button.type = "button";
    button.title = hint;
    button.dataset.mode = mode;
    button.addEventListener("click", () => choose(mode));
    return button;
  });
}

function chip(station) {
  const status = gravest(station.showing);
  if (status) return el("span", `chip ${status}`, STATUS[status].title);
  if (station.corrections.length > 0) return el("span", "chip over", "正在更正");
  return el("span", "chip", station.channel === "dingtalk" ? "群聊" : "正常节目");
}

// Some wires carry no number, and some far ends do not say since when: what is not known is not written.
function told(notice) {
  const which = notice.number > 0 ? `第${notice.number}号${KINDS[notice.kind]}` : KINDS[notice.kind];
  return [`${notice.alert} ${which}`.trim(), clock(notice.since)].filter(Boolean).join(" · ");
}

function caption(station) {
  const heard = [...station.showing, ...station.corrections].map(told);
  return el("p", "caption", heard.join("　") || "　");
}

function makeCard(station) {
  const modes = el("div", "modes", ...modeButtons((mode) => post(`/control/${station.slug}`, { mode })));
  const card = el("article", "card");
  card.id = station.slug;
  const title = el("div", "title", el("h3", "", station.name), el("small", "", station.partner));
  return { card, title, modes, drawn: "", mode: "" };
}

function update(station) {
  const kept = cards.get(station.slug) ?? makeCard(station);
  cards.set(station.slug, kept);
  const { mode, ...face } = station;
  const drawn = JSON.stringify(face);
  if (drawn !== kept.drawn) {
    const head = el("header", "", kept.title, chip(station));
    kept.card.replaceChildren(head, draw(station), caption(station), kept.modes);
    kept.card.className = `card ${gravest(station.showing)}`;
    kept.drawn = drawn;
  }
  if (mode !== kept.mode) {
    for (const button of kept.modes.children) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    kept.card.dataset.mode = mode;
    kept.mode = mode;
  }
  return kept.card;
}

function room([id, title, channels], stations) {
  const here = stations.filter((station) => channels.includes(station.channel));
  if (here.length === 0) return null;
  const section = document.getElementById(`room-${id}`) ?? el("section", "room", el("h2"), el("div", "row"));
  section.id = `room-${id}`;
  section.firstChild.textContent = here.length > WALL ? `${title} · ${here.length} 处` : title;
  section.lastChild.className = here.length > WALL ? "row wall" : `row of-${id}`;
  const wanted = here.map(update);
  const same = wanted.length === section.lastChild.children.length && wanted.every((card, n) => section.lastChild.children[n] === card);
  if (!same) section.lastChild.replaceChildren(...wanted);
  return section;
}

function tally(stations) {
  const count = (status) => stations.filter((station) => station.showing.some((notice) => notice.status === status)).length;
  const broken = stations.filter((station) => station.mode !== "ok").length;
  const parts = [el("span", "", `${stations.length} 个发布点`)];
  for (const status of ["actual", "exercise", "test"]) {
    if (count(status) > 0) parts.push(el("span", `chip ${status}`, `${STATUS[status].word} ${count(status)}`));
  }
  if (broken > 0) parts.push(el("span", "chip broken", `故障 ${broken}`));
  document.getElementById("tally").replaceChildren(...parts);
}

function show(stations) {
  const town = document.getElementById("town");
  const rooms = ROOMS.map((one) => room(one, stations)).filter(Boolean);
  const same = rooms.length === town.children.length && rooms.every((one, index) => town.children[index] === one);
  if (!same) town.replaceChildren(...rooms);
  tally(stations);
}

async function look() {
  const link = document.getElementById("link");
  try {
    const reply = await fetch("/now", { cache: "no-store", headers: etag ? { "if-none-match": etag } : {} });
    if (reply.status === 200) {
      etag = reply.headers.get("etag") ?? "";
      show((await reply.json()).stations);
    }
    link.className = "link live";
    link.textContent = `实时 · ${clock(Date.now())}`;
  } catch {
    link.className = "link lost";
    link.textContent = "与沙盒失去联系，画面可能已过时";
  }
}

function tick() {
  const time = clock(Date.now(), {});
  for (const one of document.querySelectorAll(".ticking")) one.textContent = time;
}

function turnLeaves() {
  for (const pages of document.querySelectorAll(".pages")) {
    const turned = Math.floor(Date.now() / 4000) % pages.children.length;
    [...pages.children].forEach((leaf, index) => leaf.toggleAttribute("hidden", index !== turned));
  }
}

async function forever() {
  await look();
  tick();
  turnLeaves();
  setTimeout(forever, 1000);
}

const chooseAll = (mode) => post(`/control/${document.getElementById("target").value}`, { mode });
document.getElementById("modes").append(...modeButtons(chooseAll));
document.getElementById("reset").addEventListener("click", () => post("/reset"));
forever();

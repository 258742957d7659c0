"use strict";
const STATES = { 0: "未处理", 1: "等待播发", 2: "播发中", 3: "播发成功", 4: "播发失败", 5: "播发取消" };
const STATES_OF_2016 = { 0: "播发失败", 1: "播发中", 2: "播发完成" };
const TYPES = { 1: "实际播发", 2: "取消播发", 3: "平台演练", 4: "前端演练", 5: "终端演练" };
const MANNERS = {
  ok: "正常", slow: "迟缓", down: "停机", refuse: "拒绝", lying: "谎报", garbage: "乱码", truncated: "残缺",
  stranger: "答非所问", deaf: "收下后挂断", hanging: "无应答",
};
const by = (id) => document.getElementById(id);

function made(name, text, className) {
  const element = document.createElement(name);
  element.textContent = text ?? "";
  if (className) element.className = className;
  return element;
}

function notice(one, className) {
  const article = made("article", "", className);
  const files = Object.entries(one.files).map(([name, size]) => `${name}（${size} 字节）`).join("、");
  article.append(made("h3", one.title), made("p", one.text));
  article.append(made("p", `${TYPES[one.type]} · 至 ${one.end.slice(5, 16).replace("T", " ")}${files ? ` · ${files}` : ""}`, "quiet"));
  return article;
}

function fill(id, notices, className) {
  by(id).replaceChildren(...(notices.length ? notices.map((one) => notice(one, className)) : [made("p", "没有", "quiet")]));
}

function row(one, states) {
  const tr = document.createElement("tr");
  const id = document.createElement("td");
  id.append(made("code", one.ebmid));
  const word = one.state === null ? "等待播发" : states[one.state];
  tr.append(id, made("td", TYPES[one.type]), made("td", one.cancels ? "已执行" : word), made("td", one.title));
  return tr;
}

async function look() {
  try {
    const now = await (await fetch("now")).json();
    by("who").textContent = `资源编码 ${now.own}，${now.version} 格式`;
    by("alive").textContent = now.alive_at ? `上次心跳 ${now.alive_at.slice(11, 19)}` : "还没有心跳";
    by("manner").value = now.manner;
    fill("on", now.on_air, "");
    fill("drills", now.drills_inside, "drill");
    const states = now.version === "2016" ? STATES_OF_2016 : STATES;
    by("messages").replaceChildren(...now.messages.map((one) => row(one, states)).reverse());
  } catch {
    by("alive").textContent = "沙盒没有应答";
  }
  setTimeout(look, 1000);
}

by("manner").append(...Object.entries(MANNERS).map(([value, text]) => Object.assign(made("option", text), { value })));
by("manner").addEventListener("change", (event) =>
  fetch("control", { method: "POST", body: JSON.stringify({ manner: event.target.value }) }));
look();

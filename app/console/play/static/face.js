// What one notice looks like: the poster that was made for this panel, or the photo and the lines.

const MARKS = { exercise: "演练", test: "测试" };
const PATIENCE = 4000;
const WHOLE = 26; // characters up to which a line is not broken: they were fitted to the panel

function el(name, look, ...inside) {
  const made = document.createElement(name);
  if (look) made.className = look;
  inside.forEach((one) => one && made.append(one));
  return made;
}

function media(data, role) {
  return data.rendition.media.find((one) => one.role === role && one.mime.indexOf("image/") === 0) || null;
}

// On a low, wide face several short lines share one; here each has room of its own.
function linesOf(data) {
  const texts = data.rendition.texts;
  const said = texts.lines || texts.text || Object.keys(texts).map((name) => texts[name])[0] || "";
  const lines = Array.isArray(said) ? said : String(said).split("\n");
  return [].concat(...lines.map((line) => line.split("\u3000"))).filter(Boolean);
}

const CAUTION = /^(演练|测试)信息/;
const CALL = /^线索请拨/;
const SMALL = /^编号/;

function looks(lines) {
  const name = lines.findIndex((line) => !CAUTION.test(line));
  return lines.map((line, index) => {
    const look = CAUTION.test(line) ? "caution" : CALL.test(line) ? "call" : SMALL.test(line) ? "small" : "";
    return (index === name && !look ? "name" : look) + (line.length > WHOLE ? " free" : "");
  });
}

/** The picture, loaded and decoded, or `null` when it does not come in time. */
function load(source, look) {
  if (source === null) return Promise.resolve(null);
  const picture = el("img", look);
  picture.alt = "";
  const loaded = new Promise((resolve, reject) => {
    picture.onload = resolve;
    picture.onerror = reject;
    picture.src = source.url;
  });
  const decoded = loaded.then(() => (picture.decode ? picture.decode() : undefined)).then(() => picture);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, null));
  return Promise.race([decoded.catch(() => null), late]);
}

function mark(data) {
  if (!MARKS[data.status]) return null;
  const word = MARKS[data.status];
  const veil = el("div", "veil");
  veil.setAttribute("aria-hidden", "true");
  for (let index = 0; index < 30; index += 1) veil.append(el("span", "", word));
  return el("div", "mark", veil, el("b", "tag", word + " · 请勿转发"));
}

function words(data, photo) {
  const [title, ...rest] = linesOf(data);
  const list = el("ul", "lines");
  const look = looks(rest);
  rest.forEach((line, index) => list.append(el("li", look[index], line)));
  const said = el("section", "said", el("h1", "title", title || ""), list);
  const picture = photo === null ? null : el("figure", "photo", photo);
  return el("article", "words " + data.kind + " " + data.status + (picture ? "" : " bare"), picture, said);
}

/** Gives { element, note }: ready to be put on the stage. `note` says what could not be had. */
export async function face(data) {
  const wanted = media(data, "poster");
  const [poster, photo] = await Promise.all([load(wanted, "poster"), load(media(data, "photo"), "")]);
  const element = poster === null ? words(data, photo) : el("article", "whole " + data.status, poster);
  const veil = mark(data);
  if (veil) element.append(veil);
  const failed = (wanted && !poster) || (!wanted && media(data, "photo") && !photo);
  return { element, note: failed ? "图片未能加载，以文字展示" : "" };
}

/** Letters as large as the box allows. Lines are broken only where that makes the letters a good deal larger. */
export function fit(element) {
  const said = element.querySelector(".said");
  if (!said) return;
  said.classList.remove("loose");
  const whole = largest(said);
  said.classList.add("loose");
  const broken = largest(said);
  if (broken < whole * 1.2) said.classList.remove("loose");
  said.style.fontSize = (broken < whole * 1.2 ? whole : broken) + "px";
}

function largest(said) {
  let low = 8;
  let high = Math.max(window.innerHeight, window.innerWidth) / 3;
  for (let round = 0; round < 12; round += 1) {
    const size = (low + high) / 2;
    said.style.fontSize = size + "px";
    if (said.scrollHeight <= said.clientHeight + 1 && said.scrollWidth <= said.clientWidth + 1) low = size;
    else high = size;
  }
  return Math.floor(low * 10) / 10;
}

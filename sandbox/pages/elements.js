// Everything on the page is built here. Text only ever goes in as text: no markup is parsed.

export function el(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const STATUS = {
  actual: { word: "实发", title: "紧急寻人" },
  exercise: { word: "演练", title: "演练" },
  test: { word: "测试", title: "测试" },
};

// The lines of the first text that is there under one of these names, else of all texts.
export function lines(notice, ...names) {
  const texts = notice.texts;
  const name = names.find((one) => Object.hasOwn(texts, one) && texts[one].length > 0);
  const found = name === undefined ? Object.values(texts) : [texts[name]];
  return found.flat().flatMap((text) => text.split("\n")).filter((text) => text.trim() !== "");
}

// Pictures come from huijia alone (the page's policy sees to it) and vanish when it withdraws them.
export function picture(notice, ...roles) {
  const media = roles.map((role) => notice.media.find((one) => one.role === role)).find(Boolean);
  if (!media || !/^https?:\/\//.test(String(media.url))) return null;
  const image = el("img", "picture");
  image.alt = media.role === "photo" ? "照片" : "海报";
  image.referrerPolicy = "no-referrer";
  image.addEventListener("error", () => image.remove());
  image.src = media.url;
  return image;
}

// Beijing time, wherever the browser stands; with seconds unless told otherwise. Nothing for what is no moment.
export function clock(moment, more = { second: "2-digit" }) {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return "";
  return date.toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hourCycle: "h23", hour: "2-digit", minute: "2-digit", ...more });
}

// A correction of the real thing is calm; one of an exercise keeps the exercise's colour.
export function colour(notice) {
  return notice.kind === "retract" && notice.status === "actual" ? "over" : notice.status;
}

export function badge(notice) {
  const { word, title } = STATUS[notice.status];
  const correction = notice.status === "actual" ? "更正" : `${word} · 更正`;
  return el("span", `badge ${colour(notice)}`, notice.kind === "retract" ? correction : title);
}

export function tone(station) {
  const colours = [...station.showing, ...station.corrections].map(colour);
  return ["actual", "exercise", "test", "over"].find((one) => colours.includes(one)) ?? "";
}

// The gravest status of what is on: the real thing outranks an exercise, an exercise a test.
export function gravest(notices) {
  return ["actual", "exercise", "test"].find((status) => notices.some((notice) => notice.status === status)) ?? "";
}

// Whether something is really on the screen. A page that lies in a tab nobody sees, or under something else, shows nothing.

const BACKGROUND = 250;

function frame() {
  return new Promise((resolve) => {
    let done = false;
    const end = () => {
      if (!done) resolve();
      done = true;
    };
    requestAnimationFrame(end);
    setTimeout(end, BACKGROUND); // a hidden page draws no frames
  });
}

/** After two frames the compositor has had what was changed before the first. */
export async function drawn() {
  await frame();
  await frame();
}

/** True when the element has been drawn, is visible and on top, and its picture (if it is one) was decoded. */
export async function onScreen(element) {
  await drawn();
  if (document.visibilityState !== "visible" || !element.isConnected) return false;
  const box = element.getBoundingClientRect();
  if (box.width < 1 || box.height < 1) return false;
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  if (top === null || !(element === top || element.contains(top))) return false;
  const picture = element.querySelector("img.poster");
  return picture === null || (picture.complete && picture.naturalWidth > 0);
}

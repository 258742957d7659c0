"""What every page must be, for whoever uses it and however."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"

# Every stop of the Tab key: it is drawn as focused, and not under something else.
_FOCUS = """() => {
  const lost = [];
  const stops = document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, audio');
  for (const el of stops) {
    if (el.tabIndex < 0 || el.disabled || !el.checkVisibility()) continue;
    el.focus();
    if (document.activeElement !== el) continue;
    const drawn = [el, el.closest('label')].some(e => {
      const style = e && getComputedStyle(e);
      return style && (style.outlineStyle === 'auto' || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2));
    });
    const box = el.getBoundingClientRect();
    const x = box.left + Math.min(box.width / 2, 60), y = box.top + Math.min(box.height / 2, 20);
    const above = document.elementFromPoint(x, y);
    const free = above && (el.contains(above) || above.contains(el) || el.closest('label')?.contains(above));
    if (!drawn || !free) lost.push((drawn ? 'hidden: ' : 'not drawn: ') + el.outerHTML.slice(0, 120));
  }
  return lost;
}"""


@cache
def _axe() -> str:
    return _AXE.read_text(encoding="utf-8")


async def faults(page: Page, rule: str = "", but: str = "") -> list[str]:
    """What axe-core holds against the page by WCAG 2.2 A and AA (by one rule of its own; by all ``but`` one), a line each."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_axe())
    only = {"type": "rule", "values": [rule]} if rule else {"type": "tag", "values": _TAGS}
    found: dict[str, Any] = await page.evaluate(
        "([only, but]) => axe.run(document, {runOnly: only, resultTypes: ['violations'], "
        "rules: but ? {[but]: {enabled: false}} : {}})",
        [only, but],
    )
    return [
        f"{v['id']}: {n['html'][:160]} ({n['failureSummary'].splitlines()[-1].strip()[:200]})"
        for v in found["violations"]
        for n in v["nodes"][:4]
    ]


async def too_wide(page: Page) -> list[str]:
    """Nothing, when the page fits; else what sticks out."""
    return list(
        await page.evaluate(
            "() => document.documentElement.scrollWidth <= screen.width && document.documentElement.scrollWidth <= innerWidth"
            " ? [] : [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > screen.width + 1)"
            ".slice(0, 5).map(e => e.outerHTML.slice(0, 120))"
        )
    )


async def unseen_focus(page: Page) -> list[str]:
    """The stops of the Tab key that nobody would see."""
    await page.keyboard.press("Tab")  # from here on the keyboard is in use
    return list(await page.evaluate(_FOCUS))


async def run_together(page: Page) -> list[str]:
    """Cells of a table that stand side by side with nothing between what they say."""
    return list(
        await page.evaluate(
            """() => {
              const said = el => {
                const range = document.createRange();
                range.selectNodeContents(el);
                return [...range.getClientRects()];
              };
              return [...document.querySelectorAll('td + td')].filter(cell => {
                const before = said(cell.previousElementSibling).pop(), first = said(cell)[0];
                return before && first && Math.abs(before.bottom - first.bottom) < 6 && first.left - before.right < 8;
              }).slice(0, 5).map(cell => cell.previousElementSibling.innerText + '|' + cell.innerText);
            }"""
        )
    )


async def cut_legends(page: Page) -> list[str]:
    """Titles of groups that take more than one line."""
    return list(
        await page.evaluate(
            "() => [...document.querySelectorAll('fieldset.sheet > legend')]"
            ".filter(el => el.getBoundingClientRect().height > 45).map(el => el.innerText)"
        )
    )


async def moving(page: Page) -> int:
    """How many things move."""
    return int(await page.evaluate("document.getAnimations().length"))

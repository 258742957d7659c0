// What a page can do beside showing itself: filter a list as one types, print, choose rows. Nothing here is needed to
// act: without scripts every page still works.
(function () {
  "use strict";

  // <input data-sift="#list">: hides the children of #list whose data-words do not hold what was typed. Enter follows or
  // ticks the only one that is left.
  document.querySelectorAll("[data-sift]").forEach(function (box) {
    var none = document.querySelector(box.dataset.none);

    function sift() {
      var list = document.querySelector(box.dataset.sift);
      var typed = box.value.trim().toLowerCase().split(/\s+/);
      var left = Array.prototype.filter.call(list ? list.children : [], function (item) {
        var words = item.dataset.words.toLowerCase();
        item.hidden = !typed.every(function (word) { return words.indexOf(word) >= 0; });
        return !item.hidden;
      });
      if (none) none.hidden = left.length > 0;
      return left;
    }

    box.addEventListener("input", sift);
    box.addEventListener("keydown", function (event) {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      var found = sift();
      if (found.length === 1) found[0].querySelector("a, input").click();
    });
    document.body.addEventListener("htmx:afterSwap", sift);
    if (box.value) sift();
  });

  // Alt+R from anywhere, in every browser: an access key alone is Alt+Shift+R in some and Ctrl+Alt+R in others.
  var takeback = document.getElementById("takeback");
  document.addEventListener("keydown", function (event) {
    if (!takeback || event.code !== "KeyR" || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!event.repeat) takeback.click();
  });

  // <svg data-near="/…">: what stands where it was pressed, within a finger's width. The outlets' table says the same.
  function near(svg, event) {
    var to = svg.getScreenCTM().inverse();
    var at = new DOMPoint(event.clientX, event.clientY).matrixTransform(to);
    var asked = "?x=" + at.x.toFixed(1) + "&y=" + at.y.toFixed(1) + "&within=" + (to.a * 14).toFixed(1);
    window.htmx.ajax("GET", svg.dataset.near + asked, { target: "#near", swap: "innerHTML" });
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) window.print();
    var map = event.target.closest("[data-near]");
    if (map) near(map, event);
  });
})();

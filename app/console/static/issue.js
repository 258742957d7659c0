// The form of a record: what is typed is kept on the server as one types (htmx does that); this says when it is not, keeps
// the page when a step cannot be reached, and lets a hand point at the map and the photo. Without scripts all of it can be
// typed, and the buttons do the rest.
(function () {
  "use strict";

  var form = document.getElementById("issue");
  var DRAFT = "/console/issue/draft";
  var unsaved = false, leaving = false, again = 0;
  var faults = document.getElementById("faults");
  if (faults) faults.focus();

  function say(words, wrong) {
    var bar = document.getElementById("saved");
    bar.textContent = words;
    bar.className = wrong ? "wrong" : "";
    bar.setAttribute("role", wrong ? "alert" : "status");
  }

  form.addEventListener("input", function (event) {
    if (event.target.type === "file") return;
    unsaved = true;
  });

  document.body.addEventListener("htmx:afterRequest", function (event) {
    var path = event.detail.requestConfig ? event.detail.requestConfig.path : "";
    if (path.indexOf("/console/issue/") !== 0) return;
    clearTimeout(again);
    if (event.detail.successful) {
      if (path === DRAFT) unsaved = false;
    } else if (path === DRAFT) {
      say("没有存下：连接中断，正在重试。请不要关闭这一页。", true);
      again = setTimeout(function () { window.htmx.trigger(form, "again"); }, 4000);
    } else {
      say(event.detail.xhr.status === 413 ? "照片超过 10 MB，没有传上。请压缩或裁剪后再选。" : path === "/console/issue/photo" ? "照片没有传上，请再选一次。" : "地图没有更新：连接中断。填写的内容还在。", true);
    }
  });

  window.addEventListener("beforeunload", function (event) {
    if (unsaved && !leaving) event.preventDefault();
  });

  // The next step is taken only once the server has what was typed: without it this page stays as it is.
  form.addEventListener("submit", function (event) {
    if (leaving) return;
    event.preventDefault();
    var button = event.submitter, sent = new FormData(form);
    sent.delete("photo");
    fetch(DRAFT, { method: "POST", body: sent }).then(function (answer) {
      if (!answer.ok) throw new Error("not saved");
      leaving = true;
      form.requestSubmit(button);
    }).catch(function () {
      say("连接中断，还没有提交。填写的内容都在这一页，请稍候再按一次。", true);
    });
  });
  window.addEventListener("pageshow", function () { leaving = false; });

  function inside(svg, event) {
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  }

  document.addEventListener("click", function (event) {
    var svg = event.target.closest("svg[data-pick]");
    if (!svg) return;
    var at = inside(svg, event), where = document.getElementById("where");
    where.querySelector("[name=x]").value = at.x.toFixed(2);
    where.querySelector("[name=y]").value = at.y.toFixed(2);
    window.htmx.trigger(where, "picked");
  });

  // Drag a frame over the photo: what is outside it is cut off.
  var from = null;
  document.addEventListener("pointerdown", function (event) {
    var svg = event.target.closest("svg[data-crop]");
    if (!svg) return;
    event.preventDefault();
    from = { svg: svg, at: inside(svg, event) };
  });
  document.addEventListener("pointerup", function (event) {
    if (!from) return;
    var to = inside(from.svg, event), tall = from.svg.viewBox.baseVal.height, at = from.at;
    from = null;
    if (Math.abs(to.x - at.x) < 5 || Math.abs(to.y - at.y) < 5) return;
    set("left", Math.min(at.x, to.x));
    set("right", 100 - Math.max(at.x, to.x));
    set("top", Math.min(at.y, to.y) / tall * 100);
    set("bottom", 100 - Math.max(at.y, to.y) / tall * 100);
    document.getElementById("crop_left").dispatchEvent(new Event("input", { bubbles: true }));
  });
  function set(side, hundredths) {
    document.getElementById("crop_" + side).value = Math.min(Math.max(Math.round(hundredths), 0), 90);
  }
})();

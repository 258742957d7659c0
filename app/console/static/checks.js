// What is wrong with a form is said in our words, beside its field, before it is sent; the first faulty field has the focus.
// Without scripts the server says the same. A form that the server looks at as a whole (data-whole) keeps for it what is
// missing: only what a browser cannot send, a half-typed date, is said here.
(function () {
  "use strict";

  var KINDS = { date: "日期没有填完整，或没有这一天。", "datetime-local": "日期和时刻没有填完整，或没有这一刻。", time: "时刻没有填完整。", number: "请填一个数。" };
  var CLOCKS = "input[type=date][id], input[type=datetime-local][id], input[type=time][id]";
  var made = 0;

  function label(el) {
    var own = el.labels && el.labels[0];
    if (!own) return el.getAttribute("aria-label") || "这一项";
    var word = own.querySelector(".label") || own;
    return (word.firstChild.textContent || word.textContent).trim();
  }

  function wrong(el, whole) {
    var is = el.validity;
    if (!is || is.valid || is.customError) return "";
    if (is.badInput) return KINDS[el.type] || "填写的内容不完整。";
    if (whole) return "";
    if (is.valueMissing && el.dataset.missing) return el.dataset.missing;
    if (is.valueMissing && (el.type === "radio" || el.type === "checkbox")) return "请选择一项。";
    if (is.valueMissing) return (el.tagName === "SELECT" || el.type === "file" ? "请选择" : "请填写") + label(el) + "。";
    if (is.rangeUnderflow || is.rangeOverflow) return "应在 " + el.min + " 至 " + el.max + " 之间。";
    if (is.stepMismatch) return "应为整数。";
    return "";
  }

  // Where the fault stands: at the end of the field, or of the choices.
  function place(el) {
    if (el.type === "radio" || el.type === "checkbox") return el.closest("fieldset") || el.parentNode;
    return el.closest(".field") || el.parentNode;
  }

  function told(el) {
    return el.type === "radio" ? place(el) : el;
  }

  function clear(el) {
    var at = told(el), id = at.dataset.fault || (el.id || el.name) + "-fault", fault = document.getElementById(id);
    el.removeAttribute("aria-invalid");
    if (!fault) return;
    fault.remove();
    var rest = (at.getAttribute("aria-describedby") || "").split(" ").filter(function (one) { return one && one !== id; });
    if (rest.length) at.setAttribute("aria-describedby", rest.join(" "));
    else at.removeAttribute("aria-describedby");
  }

  function say(el, words) {
    clear(el);
    var at = told(el), fault = document.createElement("span");
    fault.id = (el.id || el.name || "field" + ++made) + "-fault";
    fault.className = "fault";
    fault.textContent = words;
    at.dataset.fault = fault.id;
    place(el).appendChild(fault);
    if (el.type !== "radio") el.setAttribute("aria-invalid", "true");
    at.setAttribute("aria-describedby", ((at.getAttribute("aria-describedby") || "") + " " + fault.id).trim());
  }

  // A date is shown by the browser in the browser's language, day and month in whatever order: ours stands below it.
  function echo(el) {
    var read = /^(?:(\d{4})-(\d\d)-(\d\d))?T?(\d\d:\d\d)?/.exec(el.value), id = el.id + "-read";
    var words = [read[1] && read[1] + "年" + +read[2] + "月" + +read[3] + "日", read[4]].filter(Boolean).join(" ");
    var said = document.getElementById(id);
    if (!said) {
      said = document.createElement("span");
      said.id = id;
      said.className = "read";
      el.insertAdjacentElement("afterend", said);
    }
    said.textContent = words && "即 " + words;
  }

  function echoes() {
    document.querySelectorAll(CLOCKS).forEach(echo);
  }

  document.addEventListener("submit", function (event) {
    if (event.submitter && event.submitter.formNoValidate) return;
    var form = event.target, whole = form.dataset.whole !== undefined, first = null, seen = {};
    Array.prototype.forEach.call(form.elements, function (el) {
      var words = el.willValidate ? wrong(el, whole) : "";
      if (!words || (el.type === "radio" && seen[el.name])) return;
      seen[el.name] = true;
      say(el, words);
      first = first || el;
    });
    if (!first) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    var folded = first.closest("details");
    if (folded) folded.open = true;
    first.focus();
  }, true);

  // It is being mended.
  ["input", "change"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      var el = event.target;
      if (el.type === "file") {
        var said = el.closest(".upload") && el.closest(".upload").parentNode.querySelector(".chosen");
        if (said) said.textContent = el.files.length ? el.files[0].name : "没有选择文件";
      }
      if (el.matches(CLOCKS)) echo(el);
      if (el.name) clear(el);
    });
  });

  // Our own words stand in for the browser's wherever a form could still bring those up.
  function quiet() {
    Array.prototype.forEach.call(document.forms, function (form) { form.noValidate = true; });
  }
  quiet();
  echoes();
  document.addEventListener("htmx:afterSwap", quiet);

  // Not every browser gives the focus to something that is no control.
  var first = document.querySelector("[autofocus]");
  if (first && document.activeElement === document.body) first.focus();
})();

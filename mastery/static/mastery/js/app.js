// What the site adds to htmx: bringing it, saying what happened, links to headings.
(() => {
  "use strict";

  const SHOWN_FOR = 8000; // milliseconds; an error stays until somebody goes on
  let timer = 0;

  const board = () => document.getElementById("announcement");

  function clear() {
    const place = board();
    if (!place) return;
    place.textContent = "";
    delete place.dataset.tone;
  }

  function announce(text, tone) {
    clear(); // so that the same sentence twice is read out twice
    const place = board();
    if (place) requestAnimationFrame(() => {
      if (tone) place.dataset.tone = tone;
      place.textContent = text;
    });
  }

  function fadeLater() {
    const place = board();
    clearTimeout(timer);
    if (!place || !place.textContent || place.dataset.tone === "error") return;
    timer = setTimeout(() => { place.textContent = ""; }, SHOWN_FOR);
  }

  // A failed request puts the box back and says so.

  function answered(status) {
    if (status === 403) return "the page is too old. Load it again.";
    if (status === 404) return "that milestone is no longer here. Load the page again.";
    if (status === 429) return "too many changes in a short time. Wait a minute and try again.";
    return "the site answered with an error. Try again in a moment.";
  }

  function failed(event, reason) {
    const form = event.target.closest?.("form");
    const milestone = form?.closest(".milestone");
    if (milestone) form.reset();
    if (milestone) wanted.clear();
    const back = milestone ? " The box is back where it was." : "";
    announce(`Not saved: ${reason}${back}`, "error");
  }

  document.addEventListener("htmx:responseError", (event) => {
    failed(event, answered(event.detail.xhr.status));
  });
  const offline = (event) => failed(event, "no connection. Try again when you are back online.");
  const late = (event) => failed(event, "the site took too long to answer. Try again.");
  document.addEventListener("htmx:sendError", offline);
  document.addEventListener("htmx:timeout", late);
  // What failed stays said till somebody goes on, also when ticks that waited are answered.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.target === board() && event.target.dataset.tone) event.preventDefault();
  });
  const goOn = () => board()?.dataset.tone && clear();
  for (const type of ["change", "submit"]) document.addEventListener(type, goOn, true);

  // Clicks on a box that is replaced before they are sent: the last one is sent by the new box.
  // Requests that overlap may reach the database in either order.

  const wanted = new Map();
  document.addEventListener("change", (event) => {
    if (event.target.closest?.(".milestone form")) wanted.set(event.target.id, event.target.checked);
  }, true);
  document.addEventListener("htmx:load", (event) => {
    event.detail.elt.querySelector?.("[data-focus]")?.focus();
    const box = event.detail.elt.querySelector?.(".milestone input[name=done][type=checkbox]");
    if (!box || !wanted.has(box.id)) return;
    const state = wanted.get(box.id);
    wanted.delete(box.id);
    if (box.checked !== state) box.click();
  });

  // Ticks of all tabs go one after the other: a visitor's answer brings all that the browser keeps,
  // and totals must not come in the wrong order. A form says what it holds when its turn comes.

  const waiting = new Set(); // forms, those under way among them
  let last = Promise.resolve(); // over plain http there are no locks, and a page waits for itself
  const inTurn = (send) => navigator.locks?.request("ticks", send) ?? (last = last.then(send));
  document.addEventListener("htmx:confirm", (event) => {
    const { elt, issueRequest } = event.detail;
    if (!elt.closest(".milestone")) return;
    event.preventDefault();
    if (waiting.has(elt)) return;
    waiting.add(elt);
    inTurn(() => new Promise((done) => {
      let xhr;
      elt.addEventListener("htmx:beforeSend", ({ detail }) => {
        xhr = detail.xhr;
        wanted.delete(elt.querySelector("[type=checkbox]")?.id);
      }, { once: true });
      if (elt.isConnected) issueRequest(true);
      xhr ? xhr.addEventListener("loadend", done) : done();
    })).finally(() => waiting.delete(elt));
  });

  // Links to headings

  document.addEventListener("click", (event) => {
    const anchor = event.target.closest?.(".heading-anchor");
    if (!anchor || !navigator.clipboard) return;
    navigator.clipboard.writeText(anchor.href).then(() => announce("Link copied."), () => {});
  });

  // A visitor's page comes without htmx, which readers do not need: the first box that somebody
  // reaches for brings it. It sets itself up only on a page that is there as a whole.

  const htmxAt = document.currentScript.dataset.htmx;
  let coming;

  function bring() {
    const whole = new Promise((done) => {
      if (document.readyState === "complete") done();
      else addEventListener("load", done);
    });
    return whole.then(() => new Promise((onload, onerror) => {
      const script = document.createElement("script");
      document.head.append(Object.assign(script, { src: htmxAt, onload, onerror }));
    }));
  }

  function reach(event) {
    if (!htmxAt || window.htmx || !event.target.closest?.(".milestone form")) return;
    coming ??= bring();
    if (event.type !== "change") return;
    const again = () => event.target.dispatchEvent(new Event("change", { bubbles: true }));
    coming.then(again, () => {
      coming = undefined;
      offline(event);
    });
  }
  for (const type of ["pointerover", "focusin", "change"]) document.addEventListener(type, reach);

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
  });

  const place = board();
  if (place) new MutationObserver(fadeLater).observe(place, { childList: true, characterData: true });
  for (const button of document.querySelectorAll("[data-needs-script]")) button.hidden = false;
})();

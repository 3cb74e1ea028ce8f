// What the site adds to htmx: bringing it, saying what happened, links to headings.
(() => {
  "use strict";

  const SHOWN_FOR = 8000; // milliseconds; an error stays until the next announcement
  let timer = 0;

  const board = () => document.getElementById("announcement");

  function announce(text, tone) {
    const place = board();
    if (!place) return;
    // Emptied first, so that the same sentence twice is read out twice.
    place.textContent = "";
    requestAnimationFrame(() => {
      if (tone) place.dataset.tone = tone;
      else delete place.dataset.tone;
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
  document.addEventListener("htmx:beforeRequest", () => {
    const place = board();
    if (place?.dataset.tone) {
      place.textContent = "";
      delete place.dataset.tone;
    }
  });

  // Clicks on a box whose tick is under way: one request at a time, and the last click is sent
  // after it. Requests that overlap may reach the database in either order.

  const wanted = new Map();
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.(".milestone form");
    if (form?.classList.contains("htmx-request")) wanted.set(event.target.id, event.target.checked);
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
      elt.addEventListener("htmx:beforeSend", ({ detail }) => { xhr = detail.xhr; }, { once: true });
      if (elt.isConnected) issueRequest(true);
      xhr ? xhr.addEventListener("loadend", done) : done();
    })).finally(() => waiting.delete(elt));
  });

  // Links to headings

  document.addEventListener("click", (event) => {
    const anchor = event.target.closest?.(".heading-anchor");
    if (!anchor || !navigator.clipboard) return;
    navigator.clipboard.writeText(anchor.href).then(
      () => announce("Link copied."),
      () => {},
    );
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
    coming.then(
      () => event.target.dispatchEvent(new Event("change", { bubbles: true })),
      () => {
        coming = undefined;
        offline(event);
      },
    );
  }
  for (const type of ["pointerover", "focusin", "change"]) document.addEventListener(type, reach);

  document.addEventListener("keydown", (event) => {
    const place = board();
    if (event.key === "Escape" && place) place.textContent = "";
  });

  const place = board();
  if (place) new MutationObserver(fadeLater).observe(place, { childList: true, characterData: true });
  for (const button of document.querySelectorAll("[data-needs-script]")) button.hidden = false;
})();

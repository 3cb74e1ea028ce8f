// What the site adds to htmx: saying what happened, the browser's time zone, links to headings.
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

  // Time zone

  function zone() {
    try {
      return Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    } catch {
      return "";
    }
  }

  function tellTimeZone(root) {
    const here = zone();
    if (!here) return;
    for (const input of root.querySelectorAll('input[type="hidden"][name="time_zone"]')) {
      if (!input.value) input.value = here;
    }
    for (const place of root.querySelectorAll("[data-browser-zone]")) {
      const select = document.getElementById(place.dataset.browserZone);
      if (!select) continue;
      const before = select.value;
      select.value = here;
      if (select.value !== here) {
        select.value = before; // a zone the server does not know
        continue;
      }
      place.textContent = `Your browser says ${here.replaceAll("_", " ")}. Is that right? Save to confirm it, or choose another zone.`;
    }
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
    if (milestone) {
      form.reset();
      wanted.clear();
    }
    const back = milestone ? " The box is back where it was." : "";
    announce(`Not saved: ${reason}${back}`, "error");
  }

  document.addEventListener("htmx:responseError", (event) => {
    failed(event, answered(event.detail.xhr.status));
  });
  document.addEventListener("htmx:sendError", (event) => {
    failed(event, "no connection. Try again when you are back online.");
  });
  document.addEventListener("htmx:timeout", (event) => {
    failed(event, "the site took too long to answer. Try again.");
  });
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

  // Links to headings

  document.addEventListener("click", (event) => {
    const anchor = event.target.closest?.(".heading-anchor");
    if (!anchor || !navigator.clipboard) return;
    navigator.clipboard.writeText(anchor.href).then(
      () => announce("Link copied."),
      () => {},
    );
  });

  // Passkeys: a person who closes the browser's own dialogue needs a sentence, not a stack.

  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const name = event.detail?.exception?.name;
    announce(
      name === "NotAllowedError"
        ? "The passkey was not used: the browser’s dialogue was closed or timed out."
        : name === "InvalidStateError"
          ? "This key has been added already."
          : "The passkey could not be used here. Try another way.",
      "error",
    );
  });

  document.addEventListener("keydown", (event) => {
    const place = board();
    if (event.key === "Escape" && place) place.textContent = "";
  });

  tellTimeZone(document);
  const place = board();
  if (place) new MutationObserver(fadeLater).observe(place, { childList: true, characterData: true });
  for (const button of document.querySelectorAll("[data-needs-script]")) button.hidden = false;
})();

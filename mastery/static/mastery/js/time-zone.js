// Fills in the browser's time zone at sign-up, and proposes it in the settings.
(() => {
  "use strict";

  function zone() {
    try {
      return Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    } catch {
      return "";
    }
  }

  const here = zone();
  if (!here) return;
  for (const input of document.querySelectorAll('input[type="hidden"][name="time_zone"]')) {
    if (!input.value) input.value = here;
  }
  for (const place of document.querySelectorAll("[data-browser-zone]")) {
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
})();

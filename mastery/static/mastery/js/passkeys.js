// A person who closes the browser's own dialogue needs a sentence, not a stack.
(() => {
  "use strict";

  const SENTENCES = {
    NotAllowedError: "The passkey was not used: the browser’s dialogue was closed or timed out.",
    InvalidStateError: "This key has been added already.",
  };

  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const place = document.getElementById("announcement");
    const name = event.detail?.exception?.name;
    // Emptied first, so that the same sentence twice is read out twice.
    place.textContent = "";
    requestAnimationFrame(() => {
      place.dataset.tone = "error";
      place.textContent = SENTENCES[name] ?? "The passkey could not be used here. Try another way.";
    });
  });
})();

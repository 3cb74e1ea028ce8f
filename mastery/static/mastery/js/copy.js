// A button that copies what stands beside it; without JavaScript the text can be marked by hand.
(() => {
  "use strict";

  const SAID_FOR = 2000; // milliseconds

  class CopyText extends HTMLElement {
    connectedCallback() {
      if (this.querySelector("button")) return;
      this.button = document.createElement("button");
      this.button.type = "button";
      this.button.className = "button button--small button--quiet";
      this.button.dataset.needsScript = "";
      this.button.append("Copy");
      const what = this.getAttribute("label");
      if (what) this.button.setAttribute("aria-label", `Copy ${what}`);
      this.button.addEventListener("click", () => this.copy());
      this.append(this.button);
    }

    async copy() {
      const source = this.querySelector("input, pre, output");
      const said = await navigator.clipboard?.writeText(source.value ?? source.textContent).then(
        () => "Copied",
        () => "",
      );
      if (!said) getSelection().selectAllChildren(source);
      if (!said && source.select) source.select();
      this.button.textContent = said || "Marked: press Ctrl+C";
      setTimeout(() => { this.button.textContent = "Copy"; }, SAID_FOR);
    }
  }

  customElements.define("copy-text", CopyText);
})();

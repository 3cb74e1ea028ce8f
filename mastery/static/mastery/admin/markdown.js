"use strict";

/* A textarea with a preview made by the server, so that it shows what the pages will show. */
class MarkdownField extends HTMLElement {
  connectedCallback() {
    const text = this.querySelector("textarea");
    // The row that new rows are copied from stays plain; its copies come by here themselves.
    if (!text || text.name.includes("__prefix__") || this.button) return;
    this.text = text;

    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.textContent = "Preview";
    this.button.setAttribute("aria-expanded", "false");
    this.status = document.createElement("span");
    this.status.setAttribute("role", "status");
    const bar = document.createElement("div");
    bar.className = "markdown-bar";
    bar.append(this.button, this.status);

    const label = text.labels.length ? text.labels[0].textContent.trim().replace(/:$/, "") : "text";
    this.pane = document.createElement("div");
    this.pane.className = "markdown-preview";
    this.pane.hidden = true;
    this.pane.tabIndex = 0;
    this.pane.setAttribute("role", "region");
    this.pane.setAttribute("aria-label", `Preview of ${label}`);
    this.append(bar, this.pane);

    this.button.addEventListener("click", () => this.toggle());
    text.addEventListener("input", () => {
      if (this.pane.hidden) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.show(), 350);
    });
  }

  async toggle() {
    const open = this.pane.hidden;
    this.pane.hidden = !open;
    this.classList.toggle("is-open", open);
    this.button.setAttribute("aria-expanded", String(open));
    this.button.textContent = open ? "Close preview" : "Preview";
    this.say("");
    if (open && (await this.show())) {
      this.say("The preview follows as you write.");
      this.pane.scrollIntoView({ block: "nearest" });
    }
  }

  async show() {
    const asked = (this.asked = (this.asked ?? 0) + 1);
    const body = new URLSearchParams({
      text: this.text.value,
      csrfmiddlewaretoken: this.text.form.elements.csrfmiddlewaretoken.value,
    });
    let html = null;
    try {
      // A log-in page is no preview: a redirect counts as a refusal.
      const answer = await fetch(this.dataset.preview, { method: "POST", body, redirect: "error" });
      if (answer.ok) html = await answer.text();
    } catch {
      html = null;
    }
    if (asked !== this.asked) return false;
    if (html === null) {
      this.say("No preview: the server did not give one. Are you still logged in?", true);
      return false;
    }
    this.pane.innerHTML = html || "<p>Nothing to show yet.</p>";
    if (this.status.classList.contains("is-wrong")) this.say("");
    return true;
  }

  say(words, wrong = false) {
    this.status.textContent = words;
    this.status.classList.toggle("is-wrong", wrong);
  }
}

customElements.define("markdown-field", MarkdownField);

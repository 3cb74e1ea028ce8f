// The preview beside the form, made by the server's own renderer.

const PREVIEW_AFTER = 400; // milliseconds
const PREVIEW_CHOICE = "mastery.preview";

class Preview {
  constructor({ form, url, server }) {
    const pane = document.getElementById("preview");
    const button = form.querySelector("button[name=preview]");
    Object.assign(this, { pane, button, form, url, server });
    this.said = null; // the words that the pane shows
    // It scrolls by itself beside the form, so that the keyboard has to reach it.
    Object.assign(pane, { tabIndex: 0, role: "region", ariaLabel: "Preview" });
    button.setAttribute("aria-controls", pane.id);
    this.set(this.chosen());
  }

  chosen() {
    try {
      return localStorage.getItem(PREVIEW_CHOICE) === "shown";
    } catch {
      return false;
    }
  }

  toggle() {
    this.set(this.pane.hidden);
    try {
      localStorage.setItem(PREVIEW_CHOICE, this.pane.hidden ? "hidden" : "shown");
    } catch {
      // Then it is not remembered.
    }
    if (!this.pane.hidden) this.pane.scrollIntoView({ block: "nearest" });
  }

  set(shown) {
    this.pane.hidden = !shown;
    this.button.setAttribute("aria-expanded", String(shown));
    if (shown) this.show();
    else this.request?.abort();
  }

  changed() {
    clearTimeout(this.timer);
    if (!this.pane.hidden) this.timer = setTimeout(() => this.show(), PREVIEW_AFTER);
  }

  async show() {
    const words = wordsOf(fieldsOf(this.form));
    if (words === this.said) return;
    this.request?.abort();
    this.request = new AbortController();
    const { signal } = this.request;
    this.pane.setAttribute("aria-busy", "true");
    try {
      const answer = await this.server.send(this.url, new FormData(this.form), { signal });
      const html = await answer.text();
      if (signal.aborted) return;
      if (!answer.ok) throw new Trouble(troubleOf(answer));
      this.put(new DOMParser().parseFromString(html, "text/html").body.childNodes);
      this.said = words;
    } catch (error) {
      if (signal.aborted) return; // a newer one is under way
      this.said = null;
      const note = document.createElement("p");
      note.className = "preview__trouble";
      note.textContent = `The preview could not be made: ${error.message}.`;
      this.pane.querySelector(".preview__trouble")?.remove();
      this.pane.prepend(note);
    } finally {
      if (!signal.aborted) this.pane.removeAttribute("aria-busy");
    }
  }

  put(nodes) {
    const { scrollTop } = this.pane;
    this.pane.replaceChildren(...nodes);
    this.pane.scrollTop = scrollTop;
  }
}

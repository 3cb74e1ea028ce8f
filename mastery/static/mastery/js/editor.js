// <entry-editor>: the entry's form with autosave, copies in the browser, a save that keeps the page
// until the server has the words, preview, pictures and shortcuts. Without it the form is a form.

const SAVE_PATIENCE = 60_000; // milliseconds

class EntryEditor extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("#entry-form");
    // A browser that is too old for one of the parts keeps the plain form.
    if (!this.form || !AbortSignal.any || !this.form.requestSubmit) return;
    this.listening = new AbortController();
    this.left = false;
    this.say = this.say.bind(this);
    this.setUp();
    this.listen();
    this.begin();
  }

  disconnectedCallback() {
    this.listening?.abort();
    this.autosave?.stop();
  }

  setUp() {
    const { form, say } = this;
    const { user = "", key, autosave, preview, pictures } = this.dataset;
    const home = new URL("..", new URL(autosave, location.href)).href;
    this.server = new EditorServer(form, user, home);
    this.copies = new LocalCopies(user, key);
    const { server, copies } = this;
    this.autosave = new Autosave({ form, url: autosave, server, copies, say });
    this.pictures = new Pictures({ url: pictures, server, say });
    this.preview = new Preview({ form, url: preview, server });
    this.restore = new RestoreChoice(document.getElementById("editor-restore"), form, this.copies);
    this.keys = document.getElementById("editor-keys");
    // At the form's end it can stay in sight along all of the form.
    this.line = document.getElementById("editor-state");
    form.append(this.line);
    this.area = form.querySelector("textarea");
  }

  begin() {
    // The browser's own memory of the form would mix with what the server gave.
    this.form.autocomplete = "off";
    this.copies.sweep();
    // An answer in place of the page (see show) holds words that no server and no copy has.
    if ("unsaved" in this.dataset) {
      this.autosave.held = null;
      this.autosave.changed();
      this.autosave.keep();
    }
    if (this.restore.offer()) this.say("there is text kept in this browser: choose above");
    this.pictures.addButton(this);
    this.addKeys();
  }

  // The quiet line

  say(words, { tone = "", login = "" } = {}) {
    if (this.said === words) return; // not read out twice
    this.said = words;
    this.line.dataset.tone = tone;
    this.line.textContent = words;
    if (!login) return;
    const link = { href: login, target: "_blank", rel: "noopener", textContent: "Log in" };
    this.line.append(" ", made("a", link), " in a new tab, then go on here.");
  }

  // What happens

  listen() {
    const { signal } = this.listening;
    const { form, autosave } = this;
    const on = (target, type, act) => target.addEventListener(type, act, { signal });
    const changed = () => {
      autosave.changed();
      this.preview.changed();
    };
    on(form, "input", changed);
    on(form, "change", changed);
    on(form, "submit", (event) => this.submitted(event));
    on(form, "focusin", ({ target }) => { if (target.matches("textarea")) this.area = target; });
    this.pictures.listen(this, signal);
    on(document, "keydown", (event) => this.pressed(event));
    on(window, "online", () => autosave.send());
    on(window, "focus", () => autosave.send());
    on(document, "visibilitychange", () => autosave.send()); // on the way out, too
    on(window, "storage", (event) => { if (this.copies.missing(event)) autosave.keep(); });
    on(window, "pagehide", () => autosave.keep());
    on(window, "pageshow", (event) => { if (event.persisted && this.left) location.reload(); });
    on(window, "beforeunload", (event) => this.leaving(event));
    on(document, "submit", (event) => this.loggingOut(event));
  }

  leaving(event) {
    if (this.left) return;
    this.autosave.keep();
    if (this.autosave.unsent || this.pictures.waiting) event.preventDefault();
  }

  // Words typed just before go into the draft, so that no copy of them stays behind.
  async loggingOut(event) {
    const form = event.target;
    if (this.contains(form) || !form.action.includes("logout") || !this.autosave.unsent) return;
    event.preventDefault();
    await this.autosave.send();
    form.submit();
  }

  // Save

  submitted(event) {
    event.preventDefault();
    if (event.submitter?.name === "preview") this.preview.toggle();
    else this.save(event.submitter);
  }

  get saveButton() {
    return this.form.querySelector("button:not([type=button], [name=preview])");
  }

  async save(submitter) {
    if (this.saving) return;
    this.busy(true);
    this.say("saving");
    try {
      await this.pictures.queue;
      await this.autosave.stop(); // it may bring the draft that this save ends
      this.autosave.keep();
      const data = new FormData(this.form, submitter);
      const options = { redirect: "follow", patience: SAVE_PATIENCE };
      const answer = await this.server.send(this.form.action, data, options);
      if (answer.redirected) this.leave(answer.url);
      else await this.show(answer);
    } catch (trouble) {
      this.busy(false);
      if (trouble instanceof Trouble) {
        this.autosave.resume(trouble);
        return;
      }
      // Something is wrong in here: the browser's own way of sending a form is left.
      this.left = true;
      this.form.submit();
    }
  }

  // Neither a second save nor letters that this one would not bring along.
  busy(saving) {
    this.saving = saving;
    this.form.setAttribute("aria-busy", String(saving));
    this.saveButton?.setAttribute("aria-disabled", String(saving));
    for (const box of this.form.elements) {
      if ("readOnly" in box) box.readOnly = saving;
    }
  }

  leave(url) {
    this.left = true;
    this.autosave.held = this.autosave.words;
    this.autosave.keep();
    location.assign(url);
  }

  // A form with mistakes, both texts after a change elsewhere, or a new form for the words of an
  // entry that is gone: in the place of this page.
  async show(answer) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main");
    const editor = main?.querySelector("entry-editor");
    if (!editor) {
      const lasting = answer.status >= 400 && answer.status < 500;
      throw new Trouble(troubleOf(answer), { lasting });
    }
    document.title = page.title;
    editor.dataset.unsaved = "";
    this.copies.remove(); // the new form makes one of its own
    const shown = document.importNode(main, true);
    document.querySelector("main").replaceWith(shown);
    const first = shown.querySelector(".error-summary, .callout--danger") ?? shown.querySelector("h1");
    first.tabIndex = -1;
    first.focus();
  }

  // Keys

  addKeys() {
    const open = document.getElementById("editor-keys-open");
    nameKeys(this.keys);
    open.hidden = false;
    open.addEventListener("click", () => this.keys.showModal());
  }

  pressed(event) {
    if (event.isComposing || this.keys.open) return;
    const act = meaningOf(event, {
      help: () => this.keys.showModal(),
      preview: () => this.preview.toggle(),
      save: () => this.form.requestSubmit(this.saveButton),
    });
    if (!act) return;
    event.preventDefault();
    if (!event.repeat) act();
  }
}

customElements.define("entry-editor", EntryEditor);

// Pictures that are pasted, dropped or chosen.

const PICTURES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const UPLOAD_PATIENCE = 180_000; // milliseconds

// Pictures go up one after the other, in the order they were given. Each has a place in the text
// from the start, and whoever types goes on typing.
class Pictures {
  constructor({ url, server, say }) {
    Object.assign(this, { url, server, say });
    this.queue = Promise.resolve();
    this.waiting = 0;
    this.writing = false;
  }

  // The pictures in what is pasted or dropped.
  static in({ type }, transfer) {
    // Words from a word processor bring a picture of themselves along.
    const words = ["text/plain", "text/html"].every((one) => transfer.types.includes(one));
    return type === "paste" && words ? [] : [...transfer.files];
  }

  listen(editor, signal) {
    const on = (type, act) => editor.addEventListener(type, act, { signal });
    const dropped = (event, transfer) => {
      const files = Pictures.in(event, transfer);
      if (!files.length) return;
      event.preventDefault();
      this.add(files, event.target.closest("textarea") ?? editor.area);
    };
    on("paste", (event) => dropped(event, event.clipboardData));
    on("drop", (event) => dropped(event, event.dataTransfer));
    // A file dropped beside the text would take the page's place.
    on("dragover", (event) => {
      if (event.dataTransfer.types.includes("Files")) event.preventDefault();
    });
    on("compositionstart", () => { this.writing = true; });
    on("compositionend", () => { this.writing = false; });
  }

  // For whoever neither pastes nor drops.
  addButton(editor) {
    const accept = PICTURES.join();
    const files = made("input", { type: "file", multiple: true, accept, hidden: true });
    const button = made("button", {
      type: "button", className: "button button--quiet", textContent: "Add pictures",
    });
    button.addEventListener("click", () => files.click());
    files.addEventListener("change", () => {
      this.add([...files.files], editor.area);
      files.value = "";
    });
    // The quiet line soon says something else, and a refused picture is easily missed.
    this.refused = made("ul", { className: "field__errors", hidden: true });
    const preview = editor.form.querySelector("button[name=preview]");
    preview.after(button, files);
    preview.parentElement.after(this.refused);
  }

  add(files, area) {
    const fit = files.filter((file) => PICTURES.includes(file.type));
    const odd = files.filter((file) => !PICTURES.includes(file.type));
    this.refused.replaceChildren();
    this.refused.hidden = true;
    for (const file of odd) this.refuse(file, "a picture is PNG, JPEG, WebP or GIF");
    const places = [];
    for (const file of fit) places.push(this.place(file, area, places));
    if (!fit.length) return;
    replaceIn(area, area.selectionStart, area.selectionEnd, places.join("\n\n"));
    this.waiting += fit.length;
    fit.forEach((file, i) => {
      this.queue = this.queue.then(() => this.upload(file, area, places[i]));
    });
  }

  place(file, area, taken) {
    const name = file.name.replace(/[[\]\\\s]+/g, " ").trim() || "picture";
    for (let i = 1; ; i++) {
      const text = `![uploading ${name}${i > 1 ? ` ${i}` : ""}]()`;
      if (!area.value.includes(text) && !taken.includes(text)) return text;
    }
  }

  async upload(file, area, place) {
    const more = this.waiting > 1 ? `, ${this.waiting - 1} more to come` : "";
    this.say(`uploading ${file.name}${more}`);
    let said = {};
    let trouble = null;
    try {
      const data = new FormData();
      data.set("picture", file);
      const answer = await this.server.send(this.url, data, {
        headers: { Accept: "application/json" }, patience: UPLOAD_PATIENCE,
      });
      said = await jsonOf(answer);
    } catch (error) {
      trouble = error;
    }
    await this.pause(area);
    this.waiting -= 1;
    replaceBeside(area, place, said.markdown ?? "");
    if (!trouble && !this.waiting) this.say(said.note || `${file.name} is in the text`);
    if (trouble) this.refuse(file, trouble.message, trouble.login);
  }

  refuse(file, why, login = "") {
    const words = `${file.name} was not uploaded: ${why}`;
    this.say(words, { tone: "error", login });
    this.refused.append(made("li", { textContent: words }));
    this.refused.hidden = false;
  }

  // A change in the middle of a composed character would break it.
  pause(area) {
    if (!this.writing) return null;
    return new Promise((go) => {
      area.addEventListener("compositionend", () => setTimeout(go), { once: true });
    });
  }
}

// What stands in the entry form, and the copies of it that this browser keeps while the server
// has not got it. The editor's scripts are plain ones that share their names; editor.js is last.

const COPIES = "mastery.entry/";
const COPY_AGE = 30 * 24 * 3600 * 1000; // milliseconds, as long as the bin of the log
const PROMPTS = ["title", "tried", "happened", "learned", "next"];
// The form's hidden fields: they say where the words belong, and are none themselves.
const BOOKKEEPING = new Set([
  "draft", "draft_version", "began_from", "entry", "form_key", "shown_to", "steps_from",
]);

function fieldsOf(form) {
  return [...new FormData(form)].filter(
    ([name, value]) => name !== "csrfmiddlewaretoken" && typeof value === "string",
  );
}

// One string for one state of the words: where it is equal there is nothing to save. What is empty
// is as good as not there: a form may ask for more at another time.
function wordsOf(fields) {
  return JSON.stringify(fields.filter(([name, value]) => value && !BOOKKEEPING.has(name)));
}

function holdsText(fields) {
  return fields.some(([name, value]) => PROMPTS.includes(name) && value.trim());
}

function fillIn(form, fields) {
  const given = new Map();
  for (const [name, value] of fields) given.set(name, [...(given.get(name) ?? []), value]);
  const boxes = "input:not([type=file], [type=submit], [type=button]), select, textarea";
  for (const box of form.querySelectorAll(boxes)) {
    if (!box.name || box.name === "csrfmiddlewaretoken") continue;
    const values = given.get(box.name) ?? [];
    if (box.type === "checkbox") box.checked = values.includes(box.value);
    else if (box.type === "radio") box.checked = box.value === (values[0] ?? "");
    else if (!box.options) box.value = values.shift() ?? "";
    else for (const option of box.options) option.selected = values.includes(option.value);
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

// Copies belong to a person, an entry (or "new"), its revision and one opened form, so that two
// tabs never write over each other. They outlive a log-out, because to lose text is worse than to
// keep it on one's own machine; but they are shown to the same person only, and a copy goes as
// soon as the server has its words, which is before most log-outs.
class LocalCopies {
  constructor(user, key) {
    this.entry = `${COPIES}${user}/${key.split(":")[0]}:`;
    this.own = `${COPIES}${user}/${key}/${Date.now()}-${Math.random().toString(36).slice(2)}`;
    this.words = null; // what the copy of this form holds
  }

  // Throws when the browser keeps nothing for this site, as somebody may have chosen.
  static get store() {
    return window.localStorage;
  }

  static read(key) {
    try {
      const copy = JSON.parse(LocalCopies.store.getItem(key));
      return Array.isArray(copy?.fields) && copy.time ? { key, ...copy } : null;
    } catch {
      return null;
    }
  }

  static under(prefix) {
    try {
      return Object.keys(LocalCopies.store).filter((key) => key.startsWith(prefix));
    } catch {
      return [];
    }
  }

  // False when this browser keeps nothing, or has no room left. What it had stays then.
  put(key, copy) {
    try {
      LocalCopies.store.setItem(key, JSON.stringify({ time: copy.time, fields: copy.fields }));
      return true;
    } catch {
      return false;
    }
  }

  write(fields) {
    const words = wordsOf(fields);
    if (words === this.words) return;
    this.words = this.put(this.own, { time: Date.now(), fields }) ? words : null;
  }

  remove(key = this.own) {
    if (key === this.own) this.words = null;
    try {
      LocalCopies.store.removeItem(key);
    } catch {
      // Nothing is kept here, so nothing is left.
    }
  }

  // Another tab may have used or discarded the copy of this one.
  missing({ key, newValue }) {
    if (key === this.own && newValue === null) this.words = null;
    return this.words === null;
  }

  // Copies of this entry from other times, the newest first; those that say nothing new go.
  others(shown) {
    const copies = LocalCopies.under(this.entry).filter((key) => key !== this.own);
    const read = copies.map(LocalCopies.read).filter(Boolean);
    const dull = ({ fields }) => wordsOf(fields) === wordsOf(shown) || !holdsText(fields);
    for (const copy of read.filter(dull)) this.remove(copy.key);
    return read.filter((copy) => !dull(copy)).sort((a, b) => b.time - a.time);
  }

  sweep() {
    for (const key of LocalCopies.under(COPIES)) {
      const copy = LocalCopies.read(key);
      if (!copy || copy.time < Date.now() - COPY_AGE) this.remove(key);
    }
  }
}

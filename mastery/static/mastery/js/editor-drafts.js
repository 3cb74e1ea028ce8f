// What goes to the server: with a token that holds, and one autosave at a time.

const IDLE = 1500; // milliseconds from the last letter to the autosave
const LONGEST = 10_000; // and between two of them for somebody who does not stop
const RETRIES = [3000, 10_000, 30_000, 60_000];
const PATIENCE = 20_000; // how long an answer may take

// Why something did not arrive, in words for the state line; "lasting" is what trying again would
// not mend, "login" the address to log in at.
class Trouble extends Error {
  constructor(words, { login = "", lasting = false } = {}) {
    super(words);
    this.login = login;
    this.lasting = lasting || Boolean(login);
  }
}

class EditorServer {
  constructor(form, user, home) {
    this.form = form;
    this.user = user;
    this.home = home; // where the log's addresses begin
    this.loggedOut = false;
  }

  // The log-in page is the one place outside the log that a POST is led to.
  turnedAway(answer) {
    if (answer.type === "opaqueredirect" || answer.status === 403) return true;
    return answer.redirected && !answer.url.startsWith(this.home);
  }

  // A log-in in another tab makes a new session and a new token: fetch it, and try once more.
  async send(url, data, options = {}) {
    // Asked first while logged out: each refused POST leaves a message on the log-in page.
    if (this.loggedOut) await this.renew();
    let answer = await this.post(url, data, options);
    if (this.turnedAway(answer)) {
      await this.renew();
      answer = await this.post(url, data, options);
    }
    if (this.turnedAway(answer)) throw new Trouble("the site refused it");
    return answer;
  }

  post(url, data, options) {
    data.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
    return this.reach(url, { method: "POST", body: data, redirect: "manual", ...options });
  }

  async reach(url, { patience = PATIENCE, signal, ...options }) {
    const signals = [AbortSignal.timeout(patience), ...(signal ? [signal] : [])];
    try {
      return await fetch(url, { ...options, signal: AbortSignal.any(signals) });
    } catch (error) {
      if (signal?.aborted) throw error;
      const late = error.name === "TimeoutError";
      throw new Trouble(late ? "the site does not answer" : "no connection");
    }
  }

  // Only for the same person: another one may have logged in, in this browser, meanwhile.
  async renew() {
    const answer = await this.reach(this.form.action, { redirect: "follow" });
    this.loggedOut = !answer.url.startsWith(this.home);
    if (this.loggedOut) throw new Trouble("logged out", { login: answer.url });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const editor = page.querySelector("entry-editor");
    if (!editor) throw new Trouble(troubleOf(answer), { lasting: answer.status < 500 });
    this.loggedOut = editor.dataset.user !== this.user;
    if (this.loggedOut) {
      throw new Trouble(`${editor.dataset.user} is logged in here now`, { lasting: true });
    }
    const { value } = editor.querySelector("[name=csrfmiddlewaretoken]");
    this.form.elements.csrfmiddlewaretoken.value = value;
  }
}

function troubleOf(answer) {
  if (answer.status === 404 || answer.redirected) return "this entry is no longer there";
  if (answer.status === 413) return "it is too large for the site";
  if (answer.status === 429) return "too much in a short time";
  return "the site has an error";
}

// The server's own sentence where it gives one.
async function jsonOf(answer) {
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const lasting = answer.status < 500 && answer.status !== 429;
  throw new Trouble(said.error || troubleOf(answer), { lasting });
}

class Autosave {
  constructor({ form, url, server, copies, say }) {
    Object.assign(this, { form, url, server, copies, say });
    this.held = this.words; // what the server has, as the entry or as a draft
    this.tries = 0;
    this.sending = null;
    this.stopped = false;
  }

  get words() {
    return wordsOf(fieldsOf(this.form));
  }

  get unsent() {
    return this.words !== this.held;
  }

  changed() {
    this.copying ??= setTimeout(() => this.keep(), 250);
    this.since ??= Date.now();
    // After trouble not with every pause in the typing, and never later than the retry.
    const wait = Math.min(this.tries ? LONGEST : IDLE, this.since + LONGEST - Date.now());
    this.later(wait);
  }

  keep() {
    clearTimeout(this.copying);
    this.copying = null;
    if (this.unsent) this.copies.write(fieldsOf(this.form));
    else this.copies.remove();
  }

  later(wait) {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => this.send(), Math.max(0, wait));
  }

  // Whoever waits for it may go on when what is under way has arrived or failed.
  send() {
    clearTimeout(this.timer);
    if (this.sending || this.stopped) return this.sending;
    if (!this.unsent) {
      this.since = null;
      this.keep();
      return null;
    }
    this.sending = this.deliver().finally(() => {
      this.sending = null;
    });
    return this.sending;
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.copying);
    return this.sending;
  }

  resume(trouble) {
    this.stopped = false;
    this.failed(trouble);
  }

  async deliver() {
    this.keep();
    this.since = null;
    const { words } = this;
    const data = new FormData(this.form);
    // So that it arrives from a page that is closed meanwhile; browsers let 64 kB outlive a page.
    const keepalive = words.length < 15_000;
    const slow = setTimeout(() => this.say("saving"), 400);
    try {
      const answer = await this.server.send(this.url, data, { keepalive });
      this.saved(words, await jsonOf(answer));
    } catch (trouble) {
      this.failed(trouble);
    } finally {
      clearTimeout(slow);
    }
  }

  saved(words, { draft, version, saved, forked }) {
    this.form.elements.draft.value = draft;
    this.form.elements.draft_version.value = version;
    this.held = words;
    this.tries = 0;
    this.keep();
    // Another tab writes into the same draft: neither overwrites the other.
    this.say(`saved ${saved}${forked ? ", as a second draft" : ""}`);
    if (this.unsent) this.changed();
  }

  // Says what is wrong and whether the words are safe all the same, and tries again.
  failed(trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    const { message, login, lasting } = trouble;
    const wait = RETRIES[Math.min(this.tries++, RETRIES.length - 1)];
    if (!lasting) this.later(wait);
    const kept = this.words === this.copies.words;
    const where = kept ? "kept in this browser" : "and this browser cannot keep it: stay here";
    const words = login ? `logged out: ${where}.` : `not saved: ${message}, ${where}`;
    this.say(words, { tone: "error", login });
  }
}

// The choice between what the page shows and what this browser kept. Nothing is replaced without
// being asked for, and each choice can be taken back as long as the page is open.

function made(tag, options = {}, ...children) {
  const element = Object.assign(document.createElement(tag), options);
  element.append(...children);
  return element;
}

function timeOf(copy) {
  const date = new Date(copy.time);
  const today = date.toDateString() === new Date().toDateString();
  const day = { day: "numeric", month: "long" };
  return new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit", minute: "2-digit", ...(today ? {} : day),
  }).format(date);
}

class RestoreChoice {
  constructor(place, form, copies) {
    this.place = place;
    this.form = form;
    this.copies = copies;
  }

  // Gives how many copies there are to choose from.
  offer() {
    const found = this.copies.others(fieldsOf(this.form));
    this.place.replaceChildren(
      made("h2", { textContent: "Text kept in this browser" }),
      ...found.map((copy) => {
        const part = made("section", { className: "kept" });
        this.ask(part, copy);
        return part;
      }),
    );
    this.place.hidden = !found.length;
    return found.length;
  }

  ask(part, copy) {
    const differing = this.differing(copy);
    const names = differing.map(([label]) => label).join(", ");
    part.replaceChildren(
      made("p", {
        textContent: `It is of ${timeOf(copy)} and was not saved. `
          + `It differs from the form in: ${names}.`,
      }),
      this.look(differing),
      made("p", { className: "form__actions" },
        this.button("Use this text", () => this.use(part, copy)),
        this.button("Keep what is shown", () => this.keep(part, copy)),
        this.button("Discard", () => this.discard(part, copy))),
    );
  }

  use(part, copy) {
    const shown = fieldsOf(this.form);
    fillIn(this.form, copy.fields);
    this.copies.write(fieldsOf(this.form));
    // Not both: the form's own copy has these words now.
    if (this.copies.words) this.copies.remove(copy.key);
    this.settle(part, "That text is in the form now.", "Put back what was shown", () => {
      this.copies.put(copy.key, copy);
      fillIn(this.form, shown);
      this.ask(part, copy);
    });
  }

  keep(part, copy) {
    this.settle(part, "What is shown stays. The other text is offered again next time.",
      "Choose again", () => this.ask(part, copy));
  }

  discard(part, copy) {
    this.copies.remove(copy.key);
    this.settle(part, "The kept text is discarded.", "Take it back", () => {
      this.copies.put(copy.key, copy);
      this.ask(part, copy);
    });
  }

  settle(part, words, undo, undone) {
    const back = this.button(undo, () => {
      undone();
      part.querySelector("button")?.focus();
    });
    part.replaceChildren(made("p", { textContent: words }), made("p", {}, back));
    back.focus();
  }

  // The fields in which a copy says something else, as pairs of their label and its words.
  differing(copy) {
    const shown = fieldsOf(this.form);
    const names = new Set([...shown, ...copy.fields].map(([name]) => name));
    const words = (fields, name) => fields
      .filter((one) => one[0] === name && one[1])
      .map(([, value]) => this.words(name, value)).join("\n");
    return [...names]
      .filter((name) => !BOOKKEEPING.has(name) && words(shown, name) !== words(copy.fields, name))
      .map((name) => [this.label(name), words(copy.fields, name)]);
  }

  boxes(name) {
    return [...this.form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
  }

  // A box and a button speak by their labels.
  words(name, value) {
    const chosen = this.boxes(name)
      .find((box) => box.matches("[type=checkbox], [type=radio]") && box.value === value);
    return chosen?.labels[0]?.textContent.trim() ?? value;
  }

  label(name) {
    let group = this.boxes(name)[0];
    let said = group?.labels?.[0];
    while ((group = group?.parentElement.closest("fieldset"))) said = group.querySelector("legend");
    return said?.firstChild?.textContent.trim().toLowerCase() || name.replaceAll("_", " ");
  }

  look(differing) {
    const parts = differing.flatMap(([label, words]) => [
      made("h3", { textContent: label }),
      made("pre", { textContent: words || "(empty)", tabIndex: 0 }),
    ]);
    return made("details", { className: "fold" },
      made("summary", { textContent: "Look at it" }), made("div", {}, ...parts));
  }

  button(words, click) {
    const button = made("button", {
      type: "button", className: "button button--quiet button--small", textContent: words,
    });
    button.addEventListener("click", click);
    return button;
  }
}

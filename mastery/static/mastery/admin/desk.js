"use strict";

/* Comfort on forms: how many rows a section holds, arrows that swap places, questions in time. */
{
  const positionOf = (row) => row.querySelector('input[name$="-position"]');

  // Rows that are saved already: new ones stay last, where they were added, until they are.
  const savedRows = (group) =>
    [...group.querySelectorAll(".has_original")].filter((row) => positionOf(row));

  function refresh(group) {
    const rows = savedRows(group);
    rows.forEach((row, index) => {
      const [up, down] = row.querySelectorAll(".desk-order button");
      up.disabled = index === 0;
      down.disabled = index === rows.length - 1;
    });
  }

  function move(group, row, step) {
    const rows = savedRows(group);
    const index = rows.indexOf(row);
    const other = rows[index + step];
    const mine = positionOf(row);
    const theirs = positionOf(other);
    if (mine.value === theirs.value) rows.forEach((each, at) => (positionOf(each).value = at + 1));
    [mine.value, theirs.value] = [theirs.value, mine.value];
    if (step < 0) other.before(row);
    else other.after(row);
    refresh(group);
  }

  function arrow(group, row, step, sign, words) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.setAttribute("aria-label", words);
    button.title = words;
    button.addEventListener("click", () => {
      move(group, row, step);
      const usable = button.disabled ? button.parentElement.querySelector("button:enabled") : button;
      usable?.focus();
    });
    return button;
  }

  for (const group of document.querySelectorAll(".inline-group")) {
    const heading = group.querySelector(".inline-heading");
    const count = document.createElement("span");
    count.className = "desk-count";
    count.textContent = ` (${group.querySelectorAll(".has_original").length})`;
    heading?.append(count);

    // On a narrow screen a row's cells stand below each other, each with its column's name.
    const names = [...group.querySelectorAll("thead th")].map((th) => th.textContent.trim());
    for (const row of group.querySelectorAll("tbody tr.form-row")) {
      [...row.cells].forEach((cell, index) => (cell.dataset.name = names[index] ?? ""));
    }

    const rows = savedRows(group);
    if (rows.length < 2 || rows.some((row) => positionOf(row).type === "hidden")) continue;
    if (group.id.startsWith("placements") && document.querySelector("#milestone_form")) continue;
    for (const row of rows) {
      const input = positionOf(row);
      const arrows = document.createElement("span");
      arrows.className = "desk-order";
      arrows.append(arrow(group, row, -1, "↑", "Move up"), arrow(group, row, 1, "↓", "Move down"));
      const place = document.createElement("span");
      place.className = "desk-place";
      input.replaceWith(place);
      place.append(input, arrows);
    }
    refresh(group);
  }

  // What kind of change it is matters only once the wording is another one.
  const wording = document.querySelector("#milestone_form #id_wording");
  const began = document.querySelector('#milestone_form [name="initial-wording"]');
  const change = document.querySelector("#milestone_form .form-row.field-change");
  if (wording && began && change && !change.querySelector(".errorlist")) {
    const ask = () => (change.hidden = wording.value.trim() === began.value.trim());
    wording.addEventListener("input", ask);
    ask();
  }
}

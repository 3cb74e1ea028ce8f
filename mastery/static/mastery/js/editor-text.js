// Markdown into the text areas, and the keys that bring it there.

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

// In the way of somebody who types, where the browser allows it: Ctrl+Z takes it back.
function replaceIn(area, from, to, text) {
  area.focus({ preventScroll: true });
  area.setSelectionRange(from, to);
  if (document.activeElement === area && document.execCommand("insertText", false, text)) return;
  area.setRangeText(text, from, to, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// The same for text that somebody does not type in just now: focus, caret and scroll stay.
function replaceBeside(area, old, text) {
  const from = area.value.indexOf(old);
  if (from < 0) return;
  const { selectionStart, selectionEnd, scrollTop } = area;
  const to = from + old.length;
  const moved = (place) => {
    if (place <= from) return place;
    return place < to ? from + text.length : place + text.length - old.length;
  };
  if (document.activeElement === area && text) replaceIn(area, from, to, text);
  else {
    area.setRangeText(text, from, to, "preserve");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  area.setSelectionRange(moved(selectionStart), moved(selectionEnd));
  area.scrollTop = scrollTop;
}

// Around the selection, or off it again.
function mark(area, sign) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const size = sign.length;
  const before = value.slice(0, from).match(/[*`]*$/)[0];
  const after = value.slice(to).match(/^[*`]*/)[0];
  // One star is italic, two are bold, three are both.
  const there = before.endsWith(sign) && after.startsWith(sign);
  const on = there && Math.min(before.length, after.length) & size;
  const [start, end] = on ? [from - size, to + size] : [from, to];
  const chosen = value.slice(from, to);
  replaceIn(area, start, end, on ? chosen : sign + chosen + sign);
  const place = on ? start : from + size;
  area.setSelectionRange(place, place + chosen.length);
}

function link(area) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const chosen = value.slice(from, to);
  const address = /^https?:\/\/\S+$/.test(chosen);
  replaceIn(area, from, to, address ? `[](${chosen})` : `[${chosen}]()`);
  // The caret goes where words are missing.
  const place = address || !chosen ? from + 1 : from + chosen.length + 3;
  area.setSelectionRange(place, place);
}

function code(area) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const chosen = value.slice(from, to);
  if (!chosen.includes("\n")) {
    mark(area, "`");
    return;
  }
  const before = from && value[from - 1] !== "\n" ? "\n" : "";
  replaceIn(area, from, to, `${before}\`\`\`\n${chosen.replace(/\n$/, "")}\n\`\`\`\n`);
}

const MARKS = {
  b: (area) => mark(area, "**"),
  i: (area) => mark(area, "*"),
  k: link,
  e: code,
};

// The sign on a key; where that is no Latin one, what stands there on a Latin keyboard.
function keyOf({ key = "", code = "" }) { // none when the browser fills in a field
  return (/^[!-~]+$/.test(key) ? key : code.replace(/^Key/, "")).toLowerCase();
}

// What a key means in the editor: a function to call, or nothing.
function meaningOf(event, { help, preview, save }) {
  const { target, shiftKey } = event;
  const key = keyOf(event);
  if (key === "?") return target.matches("input, select, textarea") ? null : help;
  if (event.altKey || !(MAC ? event.metaKey : event.ctrlKey)) return null;
  if (shiftKey) return key === "p" ? preview : null;
  if (key === "s" || key === "enter") return save;
  return key in MARKS && target.matches("textarea") ? () => MARKS[key](target) : null;
}

// The help sheet speaks of Ctrl; a Mac has another key for it.
function nameKeys(sheet) {
  if (!MAC) return;
  for (const key of sheet.querySelectorAll("kbd")) {
    if (key.textContent === "Ctrl") key.textContent = "⌘";
  }
}

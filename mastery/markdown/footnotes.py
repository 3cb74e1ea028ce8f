"""Footnotes: ``[^1]`` in the text, ``[^1]: ...`` on a line of its own for what it says.

mdit-py-plugins' own rule reads a definition. The rest is ours: its marks take time that grows with
the square of the text, and its notes vanish when nothing refers to them or two have one name.
"""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote.index import footnote_def

_MARK = re.compile(r"\[\^([^\s\[\]]{1,100})\]")

MOST_MARKS = 100  # that lead to one note; each gets a way back


def footnotes(md: MarkdownIt) -> None:
    md.block.ruler.before("reference", "footnote", _definition, {"alt": ["paragraph", "reference"]})
    md.inline.ruler.after("image", "footnote_ref", _mark)
    md.core.ruler.push("footnotes", _gather)
    md.add_render_rule("footnote_ref", _render_mark)
    md.add_render_rule("footnote_open", _render_open)
    md.add_render_rule("footnote_back", _render_back)


def _definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a definition that stands by itself, not in a list, a quotation or another.

    Silent, it is asked whether a paragraph ends here, and it does in those too.
    """
    if (state.level and not silent) or not _MARK.match(
        state.src, state.bMarks[start] + state.tShift[start]
    ):
        return False
    return footnote_def(state, start, end, silent)


def _mark(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("[^", state.pos) or "footnotes" not in state.env:
        return False
    found = _MARK.match(state.src, state.pos, state.posMax)
    if not found or f":{found[1]}" not in state.env["footnotes"]["refs"]:
        return False
    if not silent:
        token = state.push("footnote_ref", "", 0)
        token.content, token.meta = found[0], {"label": found[1]}
    state.pos = found.end()
    return True


class _Note:
    def __init__(self, label: str, tokens: list[Token]) -> None:
        self.label = label
        self.tokens = tokens
        self.number = 0
        self.marks = 0


def _gather(state: StateCore) -> None:
    """Number the notes in the order of their first marks and put them at the end of the text."""
    if "footnotes" not in state.env:
        return
    state.tokens, notes = _parted(state.tokens)
    by_label: dict[str, _Note] = {}
    for note in notes:
        by_label.setdefault(note.label, note)
    shown: list[_Note] = []
    _number(state.tokens, by_label, shown)
    waiting = iter(notes)
    done = 0
    while done < len(notes):
        if done == len(shown):  # the next that no mark leads to
            _show(next(note for note in waiting if not note.number), shown)
        _number(shown[done].tokens, by_label, shown)
        done += 1
    state.tokens.append(
        _html('<div class="footnotes" role="group" aria-label="Footnotes">\n<ol>\n')
    )
    for note in shown:
        opening = Token("footnote_open", "li", 1, meta={"number": note.number})
        state.tokens += [opening, *_with_way_back(note), _html("</li>\n")]
    state.tokens.append(_html("</ol>\n</div>\n"))


def _parted(tokens: list[Token]) -> tuple[list[Token], list[_Note]]:
    body: list[Token] = []
    notes: list[_Note] = []
    goal = body
    for token in tokens:
        if token.type == "footnote_reference_open":
            notes.append(_Note(token.meta["label"], []))
            goal = notes[-1].tokens
        elif token.type == "footnote_reference_close":
            goal = body
        else:
            goal.append(token)
    return body, notes


def _number(tokens: list[Token], by_label: dict[str, _Note], shown: list[_Note]) -> None:
    for token in tokens:
        for child in token.children or ():
            if child.type != "footnote_ref":
                continue
            note = by_label[child.meta["label"]]
            if note.marks == MOST_MARKS:
                child.type = "text"
                continue
            if not note.number:
                _show(note, shown)
            note.marks += 1
            child.meta = {"number": note.number, "mark": note.marks}


def _show(note: _Note, shown: list[_Note]) -> None:
    shown.append(note)
    note.number = len(shown)


def _with_way_back(note: _Note) -> list[Token]:
    back = [
        Token("footnote_back", "", 0, meta={"number": note.number, "mark": mark})
        for mark in range(1, note.marks + 1)
    ]
    if note.tokens and note.tokens[-1].type == "paragraph_close":
        return [*note.tokens[:-1], *back, note.tokens[-1]]
    return [*note.tokens, *back]


def _html(content: str) -> Token:
    return Token("own_html", "", 0, content=content)


def _names(token: Token, env: EnvType) -> tuple[str, str]:
    number, mark = token.meta["number"], token.meta.get("mark", 1)
    prefix = escapeHtml(env["prefix"])
    second = f"-{mark}" if mark > 1 else ""
    return f"{prefix}-fn-{number}", f"{prefix}-fnref-{number}{second}"


def _render_mark(
    renderer: object, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    note, mark = _names(tokens[index], env)
    number = tokens[index].meta["number"]
    return (
        f'<sup class="footnote-ref"><a id="{mark}" href="#{note}" '
        f'aria-label="Footnote {number}">{number}</a></sup>'
    )


def _render_open(
    renderer: object, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    note, _mark = _names(tokens[index], env)
    return f'<li id="{note}">'


def _render_back(
    renderer: object, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    _note, mark = _names(tokens[index], env)
    number, which = tokens[index].meta["number"], tokens[index].meta["mark"]
    place = f", place {which}" if which > 1 else ""
    return (
        f' <a class="footnote-back" href="#{mark}" '
        f'aria-label="Back to footnote {number} in the text{place}">\u21a9\ufe0e</a>'
    )

"""The two parsers: one for texts of editors, one for what everybody else writes."""

import re
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.parser_block import ParserBlock
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from mastery.markdown.dollars import dollars
from mastery.markdown.footnotes import footnotes
from mastery.markdown.highlight import Highlighter
from mastery.markdown.pictures import picture
from mastery.markdown.raw import Tamer

# Nesting, in blocks or marks inside each other. Work grows with it times the length of the text.
BLOCKS_DEEP = 100
BLOCK_WORK = 100_000
INLINE_DEEP = 20
MARKS_DEEP = 50
STRAY_BRACKETS = 300

_writer = RendererHTML()
_options = MarkdownIt().options
_TASK = re.compile(r"\[([ xX])\][ \t]+(?=\S)")


def editors_parser() -> MarkdownIt:
    """CommonMark with tables. Raw HTML is shown as the text it is."""
    return MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")


def entries_parser() -> MarkdownIt:
    """CommonMark with tables, tasks, footnotes, maths and colours in code.

    ``env`` holds ``prefix`` for ids, ``shift`` for headings and ``sizes`` of pictures, for one
    text alone.
    """
    md = _entries_parser(links=True, deep=BLOCKS_DEEP)
    with_links = _entries_parser(links=True, deep=INLINE_DEEP)
    without_links = _entries_parser(links=False, deep=INLINE_DEEP)

    def parse_inline(state: StateCore) -> None:
        for token in state.tokens:
            if token.type == "inline":
                stray = token.content.count("[") - token.content.count("]")
                inner = with_links if stray <= STRAY_BRACKETS else without_links
                token.children = inner.inline.parse(token.content, inner, state.env, [])

    md.core.ruler.at("inline", parse_inline)
    md.core.ruler.push("settle", _settle)
    md.add_render_rule("blockquote_open", _render_quote_open)
    md.add_render_rule("fence", _render_fence)
    md.add_render_rule("own_html", _render_own)
    md.add_render_rule("table_open", _render_table_open)
    md.add_render_rule("table_close", _render_table_close)
    md.render("a\n\n[b](c) **d**")  # rules are gathered at first use, which is not for two threads
    return md


def _entries_parser(*, links: bool, deep: int) -> MarkdownIt:
    md = MarkdownIt()
    md.block = Blocks()
    md.configure("commonmark", {"html": True, "typographer": False, "maxNesting": deep})
    md.enable(["table", "strikethrough"]).use(footnotes).use(dollars)
    if not links:
        md.disable(["link", "image", "footnote_ref"])
    md.inline.ruler.getRules("")
    md.inline.ruler2.getRules("")
    return md


class Blocks(ParserBlock):
    """Show blocks that are nested too deep as the text they are; the parser would drop them."""

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:  # noqa: N803
        deepest = min(BLOCKS_DEEP, max(3, BLOCK_WORK // (state.lineMax + 1)))
        if state.level < state.env.setdefault("deepest", deepest):
            super().tokenize(state, startLine, endLine)
            return
        line = startLine
        while line < endLine and (state.isEmpty(line) or state.sCount[line] >= state.blkIndent):
            line += 1
        token = state.push("code_block", "code", 0)
        token.content = state.getLines(startLine, line, state.blkIndent, True)
        state.line = line


def _settle(state: StateCore) -> None:
    """Lower headings, tame raw HTML, make links of pictures, and keep marks and links in bounds."""
    tamer = state.env["tamer"] = Tamer(state.env.get("shift", 0), state.env.get("sizes", {}))
    # A definition used over and over may be longer than everything else together.
    room = 100_000 + 4 * len(state.src)
    for index, token in enumerate(state.tokens):
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + tamer.shift)}"
        elif token.type in {"th_open", "td_open"}:
            if side := str(token.attrs.pop("style", "")).removeprefix("text-align:"):
                token.attrs["class"] = side
        elif token.type == "html_block":
            tamer.in_link = False
            token.content = tamer(token.content)
        elif token.children:
            if index > 1 and state.tokens[index - 2].type == "list_item_open":
                _make_task(state.tokens[index - 2], token)
            tamer.in_link = False
            room = _settle_inline(token.children, tamer, room)


def _settle_inline(children: list[Token], tamer: Tamer, room: int) -> int:
    deep = 0
    for child in children:
        if child.type == "html_inline":
            child.content = tamer(child.content)
        elif child.type == "image" or child.nesting:
            deep += child.nesting
            room -= sum(len(str(value)) for value in child.attrs.values())
            if room < 0:
                child.attrs = {}
            if child.type == "image":
                _settle_picture(child, tamer)
            elif child.type in {"link_open", "link_close"}:
                tamer.in_link = child.nesting == 1
            elif deep - min(child.nesting, 0) > MARKS_DEEP:
                child.type, child.content = "text", child.markup
    return room


def _settle_picture(token: Token, tamer: Tamer) -> None:
    address, title = str(token.attrs.get("src", "")), str(token.attrs.get("title", ""))
    for child in token.children or ():
        if child.type == "maths":
            child.type, child.content = "text", child.markup + child.content + child.markup
    alt = _writer.renderInlineAsText(token.children, _options, {})
    token.type = "own_html"
    token.content = picture(address, alt, title, in_link=tamer.in_link, sizes=tamer.sizes)


def _make_task(item: Token, inline: Token) -> None:
    """Give an item that begins with ``[ ]`` or ``[x]`` a box to look at, named by its words."""
    children = inline.children or []
    first, found = children[0], _TASK.match(inline.content)
    if found and first.type == "text":
        first.content = first.content[found.end() :]
        item.attrs["class"] = "task"
        checked = " checked" if found[1] != " " else ""
        box = f'<label><input type="checkbox" disabled{checked}> '
        children.insert(0, Token("own_html", "", 0, content=box))
        children.append(Token("own_html", "", 0, content="</label>"))


def _render_own(
    renderer: object, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return tokens[index].content


def _render_quote_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """Put the line break into an empty quotation that the specification has there."""
    return renderer.renderToken(tokens, index, options, env).rstrip() + "\n"


def _render_fence(
    renderer: object, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    language = next(iter(unescapeAll(token.info).split()), "")
    colours = env.setdefault("colours", Highlighter())
    css = f' class="language-{escape(language)}"' if language else ""
    return f"<pre><code{css}>{colours(token.content, language)}</code></pre>\n"


def _render_table_open(
    renderer: object, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return '<div class="table-wrap" role="group" aria-label="Table" tabindex="0"><table>\n'


def _render_table_close(
    renderer: object, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return "</table></div>\n"

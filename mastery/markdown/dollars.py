"""Formulas between dollar signs, told from money and from shell variables."""

import re
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.dollarmath.index import math_block_dollar

from mastery.markdown.maths import mathml

# Signs that one text may spend on formulas: about half a second of work.
BUDGET = 60_000
OVERHEAD = 10

# A formula holds no backtick, so that code stays code, and no blank beside its dollars, so that
# "$5 and $6" stays money. "$5 to$6" and "$HOME/$PATH" are no formulas either.
_INLINE = re.compile(
    r"""
    \$\$ (?P<display> (?: [^\\$`]++ | \\[\s\S] )++ ) \$\$
    | (?<![\w$]) \$ (?![\s$]) (?P<inline> (?: [^\\$`]++ | \\[\s\S] )++ ) (?<!\s) \$ (?![\d$])
    """,
    re.VERBOSE,
)
_PATHS = re.compile(r"\w*[/:]")


def dollars(md: MarkdownIt) -> None:
    md.inline.ruler.before("escape", "maths", _inline)
    md.block.ruler.before("fence", "maths_block", math_block_dollar(False, None, False))
    md.add_render_rule("maths", _render_inline)
    md.add_render_rule("math_block", _render_block)


def formula_at(text: str, at: int, end: int | None = None) -> re.Match[str] | None:
    """Find the formula that a dollar begins: ``inline`` or ``display`` holds its TeX."""
    found = _INLINE.match(text, at, len(text) if end is None else end)
    inline = found and found["inline"]
    if (
        found
        and inline
        and _PATHS.fullmatch(inline)
        and text[found.end() : found.end() + 1].isalpha()
    ):
        return None
    return found


def _inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "$":
        return False
    found = formula_at(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        token = state.push("maths", "", 0)
        token.content = found["inline"] or found["display"]
        token.markup = "$" if found["inline"] else "$$"
    state.pos = found.end()
    return True


def _formula(tex: str, env: EnvType, *, block: bool) -> tuple[str, bool] | None:
    env["formulas"] = env.get("formulas", 0) + len(tex) + OVERHEAD
    return mathml(tex, block=block) if env["formulas"] <= BUDGET else None


def _render_inline(
    renderer: object, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    block = token.markup == "$$"
    formula = _formula(token.content.strip(), env, block=block)
    if formula is None:
        source = escape(token.markup + token.content + token.markup, quote=False)
        return f"<code>{source}</code>"
    math, wide = formula
    if not (block or wide):
        return math
    css = "formula" if block else "formula formula--long"
    return f'<span class="{css}" role="group" aria-label="Formula" tabindex="0">{math}</span>'


def _render_block(
    renderer: object, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    tex = tokens[index].content.strip()
    formula = _formula(tex, env, block=True)
    if formula is None:
        return f"<pre><code>$$\n{escape(tex, quote=False)}\n$$</code></pre>\n"
    return (
        f'<div class="formula" role="group" aria-label="Formula" tabindex="0">{formula[0]}</div>\n'
    )

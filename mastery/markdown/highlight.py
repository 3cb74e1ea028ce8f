"""Colours for code: Pygments' tokens as spans with a short class each, no style."""

from functools import lru_cache
from html import escape
from math import inf
from threading import Lock
from time import thread_time

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import _TokenType, string_to_tokentype
from pygments.util import ClassNotFound

LONGEST = 50_000  # characters of one block
LONGEST_LINE = 1_000  # characters; within a line, lexers look ahead over and over
MOST_SECONDS = 1.0  # of the processor, for one text: some lexers take ages over some code

# Named one by one: a lexer is a heap of regular expressions, and not all of them end in time.
LANGUAGES = frozenset(
    {
        "awk", "bash", "c", "c++", "clojure", "cmake", "console", "cpp", "csharp", "css",
        "csv", "cuda", "cython", "dart", "diff", "docker", "dockerfile", "elixir", "erlang",
        "fish", "fortran", "go", "graphql", "haskell", "hcl", "html", "http", "ini", "java",
        "javascript", "js", "json", "jsonl", "jsx", "julia", "kotlin", "latex", "less",
        "lisp", "lua", "make", "makefile", "markdown", "md", "nasm", "nginx",
        "nix", "objective-c", "ocaml", "patch", "perl", "php", "powershell", "protobuf",
        "ps1", "py", "py3", "pycon", "pytb", "python", "python3", "r", "rb", "rs", "ruby",
        "rust", "scala", "scheme", "scss", "session", "sh", "shell", "shell-session", "sql",
        "swift", "tcl", "terraform", "tex", "text", "toml", "ts", "tsx", "typescript", "vb",
        "verilog", "vhdl", "vim", "xml", "yaml", "yml", "zig", "zsh",
    }
)  # fmt: skip
# Only what has a colour gets an element. The names are Pygments' own.
_CLASSES = {
    string_to_tokentype(f"Token.{name}"): css
    for name, css in {
        "Comment": "c", "Keyword": "k", "Keyword.Constant": "kc", "Keyword.Type": "kt",
        "Literal.String": "s", "Literal.String.Escape": "se", "Literal.String.Interpol": "si",
        "Literal.Number": "m", "Literal.Date": "m", "Operator.Word": "ow",
        "Name.Attribute": "na", "Name.Builtin": "nb", "Name.Class": "nc", "Name.Constant": "no",
        "Name.Decorator": "nd", "Name.Exception": "ne", "Name.Function": "nf",
        "Name.Namespace": "nn", "Name.Tag": "nt", "Name.Variable": "nv",
        "Generic.Deleted": "gd", "Generic.Inserted": "gi", "Generic.Heading": "gh",
        "Generic.Subheading": "gu", "Generic.Prompt": "gp", "Generic.Output": "go",
        "Generic.Error": "gr", "Generic.Traceback": "gt", "Generic.Emph": "ge",
        "Generic.Strong": "gs",
    }.items()
}  # fmt: skip
CLASSES = frozenset(_CLASSES.values())
_first_use = Lock()


class Highlighter:
    """Colours for all the code of one text."""

    def __init__(self) -> None:
        self.spent = 0.0

    def __call__(self, code: str, language: str) -> str:
        """Give code as HTML, with spans where the language is known and the block not huge."""
        short = len(code) <= LONGEST and max(map(len, code.split("\n"))) <= LONGEST_LINE
        lexer = _lexer(language.lower()) if short else None
        if lexer is None or self.spent > MOST_SECONDS:
            return escape(code, quote=False)
        began = thread_time()
        parts: list[str] = []
        css, run = "", ""
        for count, (kind, text) in enumerate(lexer.get_tokens(code)):
            if count % 16 == 0 and self.spent + thread_time() - began > MOST_SECONDS:
                self.spent = inf
                return escape(code, quote=False)
            if (this := _class_of(kind)) == css or text.isspace():
                run += text
                continue
            parts.append(_span(run, css))
            css, run = this, text
        parts.append(_span(run, css))
        self.spent += thread_time() - began
        return "".join(parts)


def _span(text: str, css: str) -> str:
    text = escape(text, quote=False)
    return f'<span class="{css}">{text}</span>' if css and text else text


@lru_cache(maxsize=128)
def _lexer(language: str) -> Lexer | None:
    if language not in LANGUAGES:
        return None
    with _first_use:  # a lexer's class makes its tables when it is first called, for one thread
        try:
            return get_lexer_by_name(language, stripnl=False, ensurenl=False)
        except ClassNotFound:
            return None


@lru_cache(maxsize=512)
def _class_of(kind: _TokenType) -> str:
    while kind not in _CLASSES and kind.parent is not None:
        kind = kind.parent
    return _CLASSES.get(kind, "")

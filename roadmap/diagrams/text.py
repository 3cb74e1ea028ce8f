"""Lines of text whose width has to be estimated, as the reader's font is not known."""

from functools import lru_cache

_WIDTHS = {
    **dict.fromkeys("ijl'|!,.:;‘’", 0.26),
    **dict.fromkeys('ft()[]{}/\\-·  “”"r', 0.36),
    **dict.fromkeys("mwMW@%&—", 0.88),
    **dict.fromkeys("ABCDEFGHKNOPQRSTUVXYZ", 0.71),
}


@lru_cache(maxsize=4096)
def text_width(text: str, size: float) -> float:
    """Estimate the width of text in a bold sans-serif face, rather too wide than too narrow."""
    return 1.05 * size * sum(_WIDTHS.get(char, 0.58) for char in text)


def shorten(text: str, width: float, size: float) -> str:
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1].rstrip()
    return text + "…"


def wrap(text: str, width: float, size: float, most: int) -> list[str]:
    """Break text into at most so many lines; what is left over ends in an ellipsis."""
    return list(_wrapped(text, width, size, most))


@lru_cache(maxsize=1024)
def _wrapped(text: str, width: float, size: float, most: int) -> tuple[str, ...]:
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(joined, size) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return tuple(shorten(line, width, size) for line in lines)

"""Pictures in a text, shortened, so that a person can read what stands around them."""

import re
from collections.abc import Callable, Iterable

_SHORTEST = 200  # characters; less can be read
_JSON_RUN = re.compile(r"[\w+/-]++(?:\\[/nr][\w+/-]*+)*={0,2}", re.ASCII)
_FORM_RUN = re.compile(
    r"[\w+/-](?:[\w+/ \r\n-]++|\\[/nr])*+={0,2}", re.ASCII
)  # a box's "+" has become a space


def shortened(text: str, name: Callable[[str], str], *, in_form: bool = False) -> str:
    """A text in which `name` has named each long run of base64.

    `in_form`: it is a form's value, in which base64 has blanks and line breaks; in JSON those are escaped.
    """

    def put(found: re.Match[str]) -> str:
        return name(found[0]) if len(found[0]) >= _SHORTEST else found[0]

    return (_FORM_RUN if in_form else _JSON_RUN).sub(put, text)


def length_of(base64: str) -> str:
    """What stands for base64 that is only looked at."""
    return f"<{len(base64)} characters of base64>"


class PictureTokens:
    """Tokens such as `{picture 1}`, which stand for base64 while a person edits what is around it."""

    def __init__(self, texts: Iterable[str]) -> None:
        """`texts`: all that the tokens must not stand in already."""
        self._word = "picture"
        self._taken: dict[str, str] = {}
        while any("{" + self._word in text for text in texts):
            self._word += "_"
        self._token = re.compile(rf"\{{{self._word} \d+\}}")

    def take(self, base64: str) -> str:
        """Put a token in place of base64."""
        token = f"{{{self._word} {len(self._taken) + 1}}}"
        self._taken[token] = base64
        return token

    def put_back(self, text: str) -> str:
        """A text with the base64 of each token in it."""
        return self._token.sub(lambda found: self._taken.get(found[0], found[0]), text)

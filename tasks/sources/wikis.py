"""Dumps of MediaWiki: the articles of an XML export, their markup removed, page by page in bounded memory."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.parsers import expat

from tasks.sources.documents import Document
from tasks.sources.errors import SourceError

START = re.compile(r"\s*(<\?xml[^>]*\?>\s*)?<mediawiki\b")
PIECE_BYTES = 1 << 16
PAGE_CHARACTERS = 16 << 20  # MediaWiki itself allows 2 MiB
ARTICLES = "0"  # the namespace; the others hold talk, templates, files
# Links to files and categories, in any language the prefix before a colon, are not words of the sentence around them.
FILE_SUFFIX = re.compile(r"(?i)\.(jpe?g|png|gif|svg|ogg|ogv|webm|pdf|tiff?)\s*$")
PREFIXES = frozenset({"file", "image", "category"})
UNSHOWN_TAGS = frozenset({"ref", "references", "gallery", "math", "timeline", "syntaxhighlight", "score", "imagemap"})
FIELDS = frozenset({"title", "ns", "id", "text", "model"})


def read_wiki_dump(stream: BinaryIO, name: str, others: Counter[str], cut: bool = False) -> Iterator[Document]:
    """Articles as text; redirects, pages of other namespaces and pages that are not wikitext are counted in `others`.

    Of a stream that is `cut`, the beginning of the page that stands last is passed over. Raises SourceError for XML
    that is broken, declares entities, or holds a page beyond the bound.
    """
    pages = _Pages(name)
    while piece := stream.read(PIECE_BYTES):
        pages.feed(piece)
        yield from _articles(pages, others)
    if not cut:
        pages.feed(b"", last=True)
    yield from _articles(pages, others)


def plain_text(wikitext: str) -> str:
    """The text that an article shows, without templates, references, files and categories.

    >>> plain_text("{{Infobox|a=b}} '''Oakton''' is a [[town (place)|town]].<ref>x</ref>[[File:a.jpg|thumb|b]]")
    'Oakton is a town.'
    """
    import mwparserfromhell

    code = mwparserfromhell.parse(wikitext)
    for tag in code.filter_tags(recursive=True, matches=lambda tag: str(tag.tag).strip().lower() in UNSHOWN_TAGS):
        _remove(code, tag)
    for link in code.filter_wikilinks(recursive=True, matches=_is_file_or_category):
        _remove(code, link)
    text = code.strip_code(normalize=True, collapse=True)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]*\n[ \t]*", "\n", text)).strip()


def _is_file_or_category(link: Any) -> bool:
    prefix, colon, _ = str(link.title).partition(":")
    return bool(colon) and (FILE_SUFFIX.search(str(link.title)) is not None or prefix.strip().lower() in PREFIXES)


def _remove(code: Any, node: Any) -> None:
    try:
        code.remove(node)
    except ValueError:  # it stood inside of one that is gone already
        return


def _articles(pages: "_Pages", others: Counter[str]) -> Iterator[Document]:
    for page in pages.take():
        if page.get("ns", ARTICLES) != ARTICLES:
            others["wiki page that is not an article"] += 1
        elif "redirect" in page:
            others["wiki redirect"] += 1
        elif page.get("model", "wikitext") != "wikitext":
            others[f"wiki page of {page['model'][:30]}"] += 1
        elif text := plain_text(page.get("text", "")):
            yield Document(page.get("id", ""), page.get("title"), text)
        else:
            others["wiki page without text"] += 1


class _Pages:
    """Gathers the fields of pages from expat's events; of several revisions the last."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._done: list[dict[str, str]] = []
        self._page: dict[str, str] = {}
        self._path: list[str] = []
        self._parts: list[str] | None = None
        self._characters = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._refuse_entity

    def feed(self, data: bytes, last: bool = False) -> None:
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            raise SourceError(f"{self._name} is not a sound wiki dump: {error}") from error

    def take(self) -> list[dict[str, str]]:
        """The pages that ended since the last call."""
        done, self._done = self._done, []
        return done

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "page":
            self._page, self._characters = {}, 0
        if tag == "redirect":
            self._page["redirect"] = attributes.get("title", "")
        if tag in FIELDS and (tag != "id" or self._path[-1:] == ["page"]):
            self._parts = []
        self._path.append(tag)

    def _end(self, tag: str) -> None:
        self._path.pop()
        if self._parts is not None and tag in FIELDS:
            self._page[tag] = "".join(self._parts)
            self._parts = None
        if tag == "page":
            self._done.append(self._page)

    def _text(self, data: str) -> None:
        self._characters += len(data)
        if self._characters > PAGE_CHARACTERS:
            raise SourceError(
                f"{self._name} holds a page of more than {PAGE_CHARACTERS:,} characters: is it a wiki dump?"
            )
        if self._parts is not None:
            self._parts.append(data)

    def _refuse_entity(self, *_: object) -> None:
        raise SourceError(f"{self._name} declares entities of its own, which can unpack without end: refused")

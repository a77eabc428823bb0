"""Word vectors as others read them: word2vec text and binary, TensorFlow projector, Arrow. Bytes in, bytes out."""

import io
import logging
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from models.vectors.binary_words import Layout, read_binary_words
from models.vectors.word_vectors import WordVectors
from models.wording import counted

LOG = logging.getLogger(__name__)
LINE_END = b"\n"
WIDTH_LINES = 1000  # enough to tell the usual width from that of an odd line
SHOWN_WORDS, SHOWN_CHARACTERS = 10, 40
ROWS_AT_A_TIME = 10_000  # bounds the strings in memory, and an Arrow string column at 2 GB


def to_word2vec_text(vectors: WordVectors) -> bytes:
    """A line `words width`, then a line a word; the shortest decimals that read back to the same float32."""
    _refuse_blanks(vectors)
    lines = map(" ".join, zip(vectors.tokens.to_pylist(), _number_lines(vectors, " "), strict=True))
    return "\n".join([f"{len(vectors)} {vectors.width}", *lines, ""]).encode()


def from_word2vec_text(data: bytes, limit: int | None = None) -> WordVectors:
    """Read word2vec or GloVe text (which has no first line), of it the first `limit` words.

    A line whose word holds a blank or is no UTF-8 is passed over, and so are repeated words and numbers that are not
    finite: each counted and named in the log. Raises ValueError when lines differ in width.
    """
    first, _, rest = data.partition(b"\n")
    heading = first if len(first.split()) == 2 else None
    body = _first_lines(data if heading is None else rest, limit)
    width = _text_width(body) if heading is None else _header(first)[1]
    odd: list[str] = []
    try:
        tokens, numbers = _parse_lines(body, width)
    except ValueError:  # looking at every line takes long, and hardly any file needs it
        body, odd = _split_odd_lines(body, width)
        tokens, numbers = _parse_lines(body, width)
    found = (len(tokens) + len(odd), width)
    if heading is not None and (_first_words(_header(heading)[0], limit), width) != found:
        raise ValueError(f"the first line promises {heading.decode()!r} words and width, found {found}")
    return _sound(tokens, numbers, odd)


def _first_words(words: int, limit: int | None) -> int:
    return words if limit is None else min(words, limit)


def _first_lines(body: bytes, limit: int | None) -> bytes:
    if limit is None:
        return body
    end = 0
    for _ in range(limit):
        end = body.find(LINE_END, end) + 1
        if not end:
            return body
    return body[:end]


def _text_width(body: bytes) -> int:
    """The numbers in most of the first lines: any one of them may hold a word with a blank."""
    counts = Counter(len(line.split()) - 1 for line in islice(io.BytesIO(body), WIDTH_LINES) if line.strip())
    width = counts.most_common(1)[0][0] if counts else 0
    if width < 1:
        raise ValueError(f"a line must be a word and its numbers, got {body.partition(LINE_END)[0][:80]!r}")
    return width


def _split_odd_lines(body: bytes, width: int) -> tuple[bytes, list[str]]:
    """The lines that are one word and `width` numbers, and the words of those that are not.

    Raises ValueError for a line with too few numbers, and when most lines are odd.
    """
    sound, odd = [], []
    for number, line in enumerate(io.BytesIO(body), 1):
        fields = line.split()
        if len(fields) == width + 1 and _is_utf8(fields[0]):
            sound.append(line)
        elif len(fields) > width and _all_numbers(fields[-width:]):
            odd.append(b" ".join(fields[:-width]).decode("utf-8", "backslashreplace"))
        elif fields:
            raise ValueError(f"not word2vec text of width {width}: line {number} is {line[:80]!r}")
    if len(odd) > len(sound):
        raise ValueError(
            f"not word2vec text of width {width}: {len(odd)} of {counted(len(odd) + len(sound), 'line')} differ"
        )
    return b"".join(sound), odd


def _parse_lines(body: bytes, width: int) -> tuple[pa.StringArray, np.ndarray]:
    trailing = body.partition(b"\n")[0].rstrip(b"\r").endswith(b" ")
    names = ["token", *map(str, range(width))]
    types = dict.fromkeys(names[1:], pa.float32()) | {"token": pa.string()}
    try:
        table = pa.csv.read_csv(
            pa.py_buffer(body),
            pa.csv.ReadOptions(column_names=names + ["end"] * trailing, block_size=1 << 24),
            pa.csv.ParseOptions(delimiter=" ", quote_char=False),
            pa.csv.ConvertOptions(column_types=types, strings_can_be_null=False, include_columns=names),
        )
    except pa.ArrowInvalid as error:
        raise ValueError(f"not word2vec text of width {width}: {error}") from error
    return table["token"].combine_chunks(), np.column_stack([table[name].to_numpy() for name in names[1:]])


def from_word2vec(data: bytes, limit: int | None = None) -> WordVectors:
    """Read word2vec text or binary, whichever it is: after the first line, text has one number for each blank.

    With a limit, the first so many words: files begin with the most frequent ones.
    """
    first, _, rest = data.partition(b"\n")
    counts = first.split()
    if len(counts) != 2 or not all(field.isdigit() for field in counts):
        return from_word2vec_text(data, limit)
    fields = rest.partition(b"\n")[0].split()[-int(counts[1]) :]  # the word before them may hold a blank
    return (from_word2vec_text if _all_numbers(fields) else from_word2vec_binary)(data, limit)


def _all_numbers(fields: list[bytes]) -> bool:
    try:
        return bool(fields) and all(np.isfinite(float(field)) for field in fields)
    except ValueError:
        return False


def _is_utf8(data: bytes) -> bool:
    try:
        return data.decode() is not None
    except UnicodeDecodeError:
        return False


def to_word2vec_binary(vectors: WordVectors) -> bytes:
    """The same line, then each word, a blank, and its float32 numbers in little-endian order."""
    _refuse_blanks(vectors)
    stream = io.BytesIO()
    stream.write(f"{len(vectors)} {vectors.width}\n".encode())
    numbers = vectors.vectors.astype("<f4")
    for token, row in zip(vectors.tokens.to_pylist(), numbers, strict=True):
        stream.write(token.encode() + b" " + row.tobytes())
    return stream.getvalue()


def from_word2vec_binary(data: bytes, limit: int | None = None) -> WordVectors:
    """Read word2vec binary, with or without a line end after each vector; a word may hold blanks.

    A word that is not UTF-8 is passed over, and so are repeated words and numbers that are not finite: each counted and
    named in the log. Raises ValueError when the data is cut short, or longer than its first line promises.
    """
    first, _, _ = data.partition(b"\n")
    words, width = _header(first)
    start = len(first) + 1
    if words * (2 + 4 * width) > len(data) - start:  # before any room is made: a header can promise terabytes
        raise ValueError(f"the data ends within vector 1 to {words}: the first line promises {words} of width {width}")
    wanted = _first_words(words, limit)
    return of_bytes(*read_binary_words(Layout(data, wanted, width, whole=wanted == words), start))


def of_bytes(found: list[bytes], numbers: np.ndarray) -> WordVectors:
    """The vectors of these words; one that is not UTF-8 is passed over like the others that are not good."""
    decodes = np.array([_is_utf8(word) for word in found], bool)
    tokens = [word.decode() for word, sound in zip(found, decodes, strict=True) if sound]
    odd = [word.decode("utf-8", "backslashreplace") for word, sound in zip(found, decodes, strict=True) if not sound]
    return _sound(pa.array(tokens, pa.string()), numbers if decodes.all() else numbers[decodes], odd)


def to_projector(vectors: WordVectors) -> tuple[bytes, bytes]:
    """vectors.tsv and metadata.tsv of the TensorFlow embedding projector: no headings, one line a word."""
    _refuse_blanks(vectors)
    numbers = "\n".join([*_number_lines(vectors, "\t"), ""])
    return numbers.encode(), "\n".join([*vectors.tokens.to_pylist(), ""]).encode()


def to_table(vectors: WordVectors) -> pa.Table:
    """Columns token string, vector fixed-size list of float32."""
    flat = pa.array(np.ascontiguousarray(vectors.vectors).reshape(-1))
    return pa.table({"token": vectors.tokens, "vector": pa.FixedSizeListArray.from_arrays(flat, vectors.width)})


def from_table(table: pa.Table) -> WordVectors:
    """The inverse of `to_table`; a plain list column does too. Raises ValueError when vectors differ in width."""
    tokens = table["token"].combine_chunks().cast(pa.string())
    column = table["vector"].combine_chunks()
    numbers = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    if len(column) == 0 or len(numbers) % len(column) or pc.count_distinct(pc.list_value_length(column)).as_py() > 1:
        raise ValueError(f"{len(column)} vectors must have one common width, got {len(numbers)} numbers in all")
    return WordVectors(tokens, numbers.reshape(len(column), -1))


def _number_lines(vectors: WordVectors, separator: str) -> Iterator[str]:
    """The numbers of each word as one string. Arrow prints the shortest decimals, ten times as fast as Python."""
    for start in range(0, len(vectors), ROWS_AT_A_TIME):
        rows = np.ascontiguousarray(vectors.vectors[start : start + ROWS_AT_A_TIME])
        offsets = np.arange(0, rows.size + 1, vectors.width, dtype=np.int32)
        numbers = pa.ListArray.from_arrays(pa.array(offsets), pa.array(rows.reshape(-1)).cast(pa.string()))
        yield from pc.binary_join(numbers, separator).to_pylist()


def _refuse_blanks(vectors: WordVectors) -> None:
    blank = vectors.tokens.filter(pc.match_substring_regex(vectors.tokens, r"^$|[\s]"))
    if len(blank):
        raise ValueError(f"this format cannot hold empty words or words with blanks, got {blank[0].as_py()!r}")


def _header(line: bytes) -> tuple[int, int]:
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields):
        raise ValueError(f"the first line must be `words width`, got {line[:80]!r}")
    return int(fields[0]), int(fields[1])


def _sound(tokens: pa.StringArray, numbers: np.ndarray, odd: list[str]) -> WordVectors:
    """The vectors of every word that has one, and finite; of repeated words the first. The log names the others."""
    numbers = numbers.astype(np.float32, copy=False)
    keep = np.isfinite(numbers).all(axis=1)
    if pc.count_distinct(tokens).as_py() != len(tokens):
        _, first_rows = np.unique(np.array(tokens.to_pylist(), object), return_index=True)
        keep[np.setdiff1d(np.arange(len(tokens)), first_rows)] = False
    odd = odd + tokens.filter(pa.array(~keep)).to_pylist()
    if odd:
        shown = ", ".join(repr(word[:SHOWN_CHARACTERS]) for word in odd[:SHOWN_WORDS])
        LOG.warning(
            "%d of %d words passed over (a blank inside, no UTF-8, repeated, or numbers that are not finite): %s%s",
            len(odd),
            len(odd) + int(keep.sum()),
            shown,
            ", ..." if len(odd) > SHOWN_WORDS else "",
        )
    return WordVectors(tokens.filter(pa.array(keep)), numbers[keep]) if not keep.all() else WordVectors(tokens, numbers)

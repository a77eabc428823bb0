"""Word vectors as others read them: word2vec text and binary, TensorFlow projector, Arrow. Bytes in, bytes out."""

import io
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from models.vectors.word_vectors import WordVectors

ROWS_AT_A_TIME = 10_000  # bounds the strings in memory, and an Arrow string column at 2 GB


def to_word2vec_text(vectors: WordVectors) -> bytes:
    """A line `words width`, then a line a word; the shortest decimals that read back to the same float32."""
    _refuse_blanks(vectors)
    lines = map(" ".join, zip(vectors.tokens.to_pylist(), _number_lines(vectors, " "), strict=True))
    return "\n".join([f"{len(vectors)} {vectors.width}", *lines, ""]).encode()


def from_word2vec_text(data: bytes) -> WordVectors:
    """Read word2vec or GloVe text (which has no first line). Raises ValueError when lines differ in width."""
    first, _, rest = data.partition(b"\n")
    body = rest if len(first.split()) == 2 else data
    sample = body.partition(b"\n")[0].rstrip(b"\r")
    trailing = sample.endswith(b" ")  # word2vec.c ends each line with a blank
    width = sample.rstrip().count(b" ")
    if width < 1:
        raise ValueError(f"a line must be a word and its numbers, got {sample[:80]!r}")
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
    numbers = np.column_stack([table[name].to_numpy() for name in names[1:]])
    return _checked(table["token"].combine_chunks(), numbers, first if body is rest else None)


def from_word2vec(data: bytes) -> WordVectors:
    """Read word2vec text or binary, whichever it is: after the first line, text has one number for each blank."""
    first, _, rest = data.partition(b"\n")
    counts = first.split()
    if len(counts) != 2 or not all(field.isdigit() for field in counts):
        return from_word2vec_text(data)
    fields = rest.partition(b"\n")[0].split(b" ")
    return from_word2vec_text(data) if _all_numbers(fields[1:]) else from_word2vec_binary(data)


def _all_numbers(fields: list[bytes]) -> bool:
    try:
        return bool(fields) and all(np.isfinite(float(field)) for field in fields if field.strip())
    except ValueError:
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


def from_word2vec_binary(data: bytes) -> WordVectors:
    """Read word2vec binary, with or without a line end after each vector. Raises ValueError when it is cut short."""
    first, _, _ = data.partition(b"\n")
    words, width = _header(first)
    position = len(first) + 1
    if words * (2 + 4 * width) > len(data) - position:  # before any room is made: a header can promise terabytes
        raise ValueError(f"the data ends within vector 1 to {words}: the first line promises {words} of width {width}")
    tokens, numbers = [], np.empty((words, width), np.float32)
    for row in range(words):
        blank = data.find(b" ", position)
        end = blank + 1 + 4 * width
        if blank < 0 or end > len(data):
            raise ValueError(f"the data ends within vector {row + 1} of {words}: the file is cut short")
        tokens.append(data[position:blank].lstrip(b"\n").decode())
        numbers[row] = np.frombuffer(data, "<f4", width, blank + 1)
        position = end
    return WordVectors(pa.array(tokens, pa.string()), numbers)


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


def _checked(tokens: pa.StringArray, numbers: np.ndarray, header: bytes | None) -> WordVectors:
    """The vectors, once they agree with what the first line promised."""
    if header is not None and _header(header) != numbers.shape:
        raise ValueError(f"the first line promises {header.decode()!r} words and width, found {numbers.shape}")
    return WordVectors(tokens, numbers.astype(np.float32))

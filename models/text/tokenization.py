"""Texts to tokens: pyarrow cuts at blanks and encodes what it finds, the rules run once for each distinct piece."""

import re
from itertools import chain, pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.settings import TextSettings
from models.text.rules import NUMBER, URL, USER, piece_tokens, token_writers
from models.text.tokens import Strings, Tokens, offsets_of
from models.threads import side_by_side

BYTES_AT_ONCE = 4 << 20  # of text for one thread: large enough to be worth the call, small enough for the caches
PIECE = re.compile(r"[^ \t\n\v\f\r]+")  # where Arrow's ascii_split_whitespace cuts; other blanks are left to the rules

# Where no rule looks across, a blank may be put: between words, hyphens, quotes, brackets and runs of marks, in a piece
# that holds nothing out of which addresses, numbers, emoticons, acronyms or contractions are made.
SEAMED = r'^#?(?:[A-Za-z!?…"“”‘,()\[\]/&|+%$~*-]|\.{2,})+\.?["”)]*$'
SEAMS = r"(^#?[A-Za-z]+|[A-Za-z]+|!+|\?+|\.{2,}|…+)", r" \1 "
# Pieces that are one token by a single rule, as RE2 sees them; most pieces are. A test holds them against the rules.
WORD = r"^[A-Za-z]+[.,;:]?$"
HASHTAG = r"^#[A-Za-z0-9_]*[A-Za-z][A-Za-z0-9_]*[.,;:]?$"
MENTION = r"^@[A-Za-z0-9_]+[.,;:]?$"
ADDRESS = r"^https?://[!-~]*$"
DIGITS = r"^[0-9]+[.,;:]?$"
ELONGATED = "(?i)" + "|".join(f"{letter}{{3}}" for letter in "abcdefghijklmnopqrstuvwxyz")  # RE2 has no \1


def tokenize(text: str | None, settings: TextSettings) -> list[str]:
    """The tokens of one text; none for None. For many texts `tokenize_texts` gives the same, far faster.

    >>> tokenize("@BBC Nooo!!! It's 7.8 #EarthQuake http://t.co/x", TextSettings())
    ['<user>', 'noo', '!!', 'it', "'s", '<number>', '#earthquake', '<url>']
    >>> tokenize("Don't panic :))) 🔥", TextSettings())
    ['do', "n't", 'panic', ':)', '🔥']
    """
    writers = token_writers(settings)
    return [token for piece in PIECE.findall(text or "") for token in piece_tokens(piece, writers)]


def tokenize_texts(texts: Strings, settings: TextSettings) -> Tokens:
    """The tokens of every text, in order; null has none. Texts may be of any length."""
    encoded = side_by_side(_encode_pieces, _slices(texts), pa.cpu_count())
    if not encoded:
        return Tokens.from_lists([])
    lengths = np.concatenate([lengths for lengths, _ in encoded])
    pieces = pa.chunked_array([pieces for _, pieces in encoded]).unify_dictionaries()
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in pieces.chunks])
    return _expand(offsets_of(lengths), codes, _tokenize_pieces(pieces.chunk(0).dictionary, settings))


def _slices(texts: Strings) -> list[pa.StringArray]:
    """The texts in slices of about BYTES_AT_ONCE, none of which can outgrow 32-bit offsets."""
    slices = []
    for chunk in texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]:
        column = chunk.cast(pa.large_string())
        ends = np.cumsum(pc.binary_length(column).fill_null(0).to_numpy(zero_copy_only=False))
        marks = np.arange(BYTES_AT_ONCE, ends[-1] if len(ends) else 0, BYTES_AT_ONCE)
        cuts = np.unique([0, *np.searchsorted(ends, marks), len(column)])
        slices += [column.slice(start, stop - start).cast(pa.string()) for start, stop in pairwise(cuts.tolist())]
    return slices


def _encode_pieces(texts: pa.StringArray) -> tuple[np.ndarray, pa.DictionaryArray]:
    """Pieces of each text, int64 (texts,), and all pieces, dictionary-encoded."""
    pieces = pc.ascii_split_whitespace(texts)
    lengths = pieces.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return lengths, pieces.flatten().dictionary_encode()


def _tokenize_pieces(pieces: pa.StringArray, settings: TextSettings) -> Tokens:
    """The tokens of each distinct piece, as if it were a text."""
    seamed = pc.and_not(pc.match_substring_regex(pieces, SEAMED), pc.match_substring_regex(pieces, WORD))
    parted = pc.replace_substring_regex(pieces.filter(seamed), *SEAMS)
    lengths, encoded = _encode_pieces(pc.replace_with_mask(pieces, seamed, parted))
    ruled = _rule_pieces(encoded.dictionary, settings)
    return _expand(offsets_of(lengths), encoded.indices.to_numpy(), ruled)


def _rule_pieces(pieces: pa.StringArray, settings: TextSettings) -> Tokens:
    """The tokens of each distinct piece by the rules: in bulk where RE2 can see what they will say, else one by one."""
    single = _single_tokens(pieces, settings)
    simple = pc.is_valid(single).to_numpy(zero_copy_only=False)
    writers = token_writers(settings)
    rest = [piece_tokens(piece, writers) for piece in pieces.filter(pa.array(~simple)).to_pylist()]
    words = pa.concat_arrays([single.drop_null(), pa.array(chain.from_iterable(rest), pa.string())]).dictionary_encode()
    lengths = np.concatenate([np.ones(simple.sum(), np.int64), [len(tokens) for tokens in rest]]).astype(np.int64)
    tokens = Tokens(offsets_of(lengths), words.indices.to_numpy().astype(np.int32), words.dictionary)
    return tokens.take(np.argsort(np.argsort(~simple, kind="stable")))


def _single_tokens(pieces: pa.StringArray, settings: TextSettings) -> pa.StringArray:
    """The token of each piece that is one token by a single rule, else null."""
    word = pc.match_substring_regex(pieces, WORD if settings.split_hashtags else f"{WORD}|{HASHTAG}")
    if settings.squeeze_elongations:
        word = pc.and_(word, pc.invert(pc.match_substring_regex(pieces, ELONGATED)))
    masked = [
        pc.and_(pc.match_substring_regex(pieces, pattern), pa.scalar(wanted))
        for pattern, wanted in (
            (ADDRESS, settings.mask_urls),
            (MENTION, settings.mask_mentions),
            (DIGITS, settings.mask_numbers),
        )
    ]
    written = pc.ascii_rtrim(pc.ascii_lower(pieces) if settings.lowercase else pieces, ".,;:")
    return pc.case_when(pc.make_struct(word, *masked), written, URL, USER, NUMBER)


def _expand(offsets: np.ndarray, codes: np.ndarray, pieces: Tokens) -> Tokens:
    """The tokens of texts that hold these pieces, given the tokens of each distinct piece."""
    expanded = pieces.take(codes)  # as if each occurrence of a piece were a document
    return Tokens(expanded.offsets[offsets], expanded.codes, expanded.words)

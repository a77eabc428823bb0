"""Writes the bundled sample: `python -m tasks.sample` makes `data/sample/` again, byte for byte."""

import argparse
import csv
import io
from collections.abc import Sequence
from pathlib import Path

from models.sample import COLUMNS, SEED, Row, generate_corpus, generate_tweets

FOLDER = Path(__file__).parents[1] / "data" / "sample"
DOCUMENTS_PER_FILE = 150


def write_sample(folder: Path, seed: int = SEED) -> None:
    """Write tweets.csv and corpus/*.txt into the folder; corpus files of an earlier run are replaced."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    (folder / "tweets.csv").write_bytes(format_tweets(generate_tweets(seed)).encode())
    for stale in corpus.glob("*.txt"):
        stale.unlink()
    for name, text in format_corpus(generate_corpus(seed)).items():
        (corpus / name).write_bytes(text.encode())


def format_tweets(rows: Sequence[Row]) -> str:
    """The rows as CSV with a header and Unix line ends; rows with a wrong number of fields stay so."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.fields for row in rows)
    return stream.getvalue()


def format_corpus(corpus: dict[str, list[str]]) -> dict[str, str]:
    """Texts by file name, `news-01.txt`: one document per line, a blank line between two.

    A reader may take a blank line, a line or a file as the end of a document and gets whole documents every time.
    """
    files = {}
    for topic, documents in corpus.items():
        for start in range(0, len(documents), DOCUMENTS_PER_FILE):
            name = f"{topic}-{start // DOCUMENTS_PER_FILE + 1:02d}.txt"
            files[name] = "\n\n".join(documents[start : start + DOCUMENTS_PER_FILE]) + "\n"
    return files


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of `python -m tasks.sample`."""
    parser = argparse.ArgumentParser(description="Write the bundled sample again.")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write into (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the generator (default: %(default)s)")
    options = parser.parse_args(arguments)
    write_sample(options.out, options.seed)


if __name__ == "__main__":
    main()

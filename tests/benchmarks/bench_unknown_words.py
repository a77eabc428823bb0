"""What it brings that a network reads words it never saw by their n-grams, on tweets of keywords it never saw.

Subword vectors are learned from a corpus without the tweets. Keywords are dealt into folds; a network learns from the
tweets of all folds but one and is asked about that one: once with one id for all words outside its vocabulary, once
with their n-grams. Test tweets are not used. Of all tweets, and of those with many such words: log loss and F1 of both,
and by how much the log loss falls with an interval of 95 % (bootstrap over tweets, draws of a network averaged).

    python tests/benchmarks/bench_unknown_words.py --tweets train.csv --data FOLDER_OF_CORPORA
"""

import argparse
import os
import tempfile
from pathlib import Path

from bench_vectors import MIN_COUNT, read_tokens, write_tokens

SHARES = (0.0, 0.15, 0.25)  # least share of words of a tweet that are outside the vocabulary


def subword_vectors(data: Path, words: int, epochs: int):
    """Skip-gram vectors with subwords of so many words of the corpus."""
    from models.settings import EmbeddingSettings, SubwordSettings, VocabularySettings
    from models.text.vocabulary import fit_vocabulary
    from models.word2vec import train_vectors

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.txt"
        write_tokens(data, words, path)
        tokens = read_tokens(path, 1)
    vocabulary = fit_vocabulary(tokens, VocabularySettings(min_count=MIN_COUNT))
    settings = EmbeddingSettings(epochs=epochs, subwords=SubwordSettings(enabled=True))
    return train_vectors(*vocabulary.encode(tokens), vocabulary.tokens, settings, 1)[0]


def read_tweets(path: Path, folds: int):
    """Tokens with the keyword in front, labels, and the fold of each tweet by its keyword."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv

    from models.settings import TextSettings
    from models.text import repair_keywords, repair_texts, tokenize_texts

    table = pa.csv.read_csv(path, parse_options=pa.csv.ParseOptions(newlines_in_values=True))
    keywords = repair_keywords(table["keyword"].combine_chunks())[0]
    texts = repair_texts(table["text"].combine_chunks())[0]
    joined = [f"{keyword or ''} {text}" for keyword, text in zip(keywords.to_pylist(), texts.to_pylist(), strict=True)]
    found = keywords.fill_null("").dictionary_encode()
    dealt = np.random.default_rng(0).permutation(len(found.dictionary)) % folds
    return tokenize_texts(pa.array(joined), TextSettings()), table["target"].to_numpy(), dealt[found.indices.to_numpy()]


def ask_fold(tokens, labels, learned, asked, vectors, seed: int):
    """P(target = 1) of the rows asked, without and with n-grams, and the share of their words that are unknown."""
    import numpy as np

    from models.recurrent import build_classifier, predict_probabilities, train_classifier
    from models.recurrent.training import LabelledDocuments
    from models.settings import ClassifierSettings, VocabularySettings
    from models.text.vocabulary import UNKNOWN_ID, fit_vocabulary
    from models.vectors.open_vocabulary import OpenVocabulary

    settings = ClassifierSettings(batch_size=32, epochs=6, schedule="one-cycle")  # as in the recipe `quick`
    read, new = tokens.take(learned), tokens.take(asked)
    words = fit_vocabulary(read, VocabularySettings()).extended(vectors.tokens)
    said = []
    for ngrams in (None, vectors.ngrams.halved()):
        known = OpenVocabulary(words, ngrams)
        network = build_classifier(settings, len(words), vectors.rows_for(words.tokens)[0], seed)
        ids, offsets, beyond = known.encode(read)
        documents = LabelledDocuments(ids, offsets, labels[learned], beyond=beyond)
        train_classifier(network, documents, ([], [0], []), settings, seed)
        said.append(predict_probabilities(network, *known.encode(new)))
    ids, offsets = words.encode(new)
    unknown = np.add.reduceat(np.append(ids == UNKNOWN_ID, False), offsets[:-1]) / np.maximum(np.diff(offsets), 1)
    return np.stack(said), np.where(np.diff(offsets) > 0, unknown, 0.0)


def report(labels, said, unknown) -> None:
    """A line for each share of unknown words; said (2, draws, tweets)."""
    import numpy as np

    from models.metrics.scores import classification_metrics

    losses = -np.log(np.clip(np.where(labels == 1, said, 1 - said), 1e-7, 1)).mean(axis=1)
    random = np.random.default_rng(0)
    for least in SHARES:
        rows = np.flatnonzero(unknown >= least)
        falls = (losses[0] - losses[1])[rows]
        low, high = np.percentile([random.choice(falls, len(falls)).mean() for _ in range(2000)], [2.5, 97.5])
        f1 = [np.mean([classification_metrics(labels[rows], draw[rows])["f1"] for draw in way]) for way in said]
        print(
            f"{least:.0%} unknown words or more, {len(rows):,} tweets: log loss {losses[0][rows].mean():.4f} with one "
            f"id, {losses[1][rows].mean():.4f} with n-grams, {falls.mean():.4f} lower [{low:.4f}, {high:.4f}]; "
            f"F1 {f1[0]:.4f} and {f1[1]:.4f}"
        )


def main() -> None:
    """Learn vectors, then every fold and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=Path, required=True, help="labelled tweets with the column keyword")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds enwiki_2015 and enwikinews")
    parser.add_argument("--words", type=int, default=1_500_000, help="words of the corpus to learn vectors from")
    parser.add_argument("--epochs", type=int, default=5, help="of the vectors")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--draws", type=int, default=2, help="networks of each fold and way")
    asked = parser.parse_args()
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1"}
    import numpy as np

    vectors = subword_vectors(asked.data, asked.words, asked.epochs)
    table = [vectors.ngrams.halved().vectors.nbytes / 2**20, len(vectors.ngrams.buckets), vectors.width]
    print("n-grams in the model: {:.0f} MB, {:,} of width {}".format(*table))
    tokens, labels, fold = read_tweets(asked.tweets, asked.folds)
    said, unknown = np.zeros((2, asked.draws, len(labels))), np.zeros(len(labels))
    for number in range(asked.folds):
        learned, rows = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        for draw in range(asked.draws):
            said[:, draw, rows], unknown[rows] = ask_fold(tokens, labels, learned, rows, vectors, draw)
    report(labels, said, unknown)


if __name__ == "__main__":
    main()

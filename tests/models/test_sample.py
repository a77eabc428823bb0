"""The bundled sample's generator: a fair test split, every sort of noise and fault, and labels that hang on order."""

import re

import numpy as np
import pyarrow as pa
import pytest

from models.classifiers.logistic import fit_logistic
from models.frequencies import fit_features, tf_idf_matrix
from models.sample import contrasts, count_words, generate_corpus, generate_tweets
from models.sample.corpus import RULES
from models.sample.events import FAMILIES, HAZARDS
from models.sample.figures_of_speech import LOOKALIKES
from models.sample.grammar import expand, mend, sentence_case
from models.sample.handbook import FACTS
from models.sample.tweets import SHARES, splits_of
from models.seeds import generator
from models.settings import FrequencySettings, LogisticSettings, TextSettings
from models.splitting.splits import fold_texts
from models.text import repair_texts, tokenize_texts

FAULTS = {
    "no text": 3,
    "spreadsheet error": 2,
    "label": 3,
    "control characters": 2,
    "over-long text": 1,
    "duplicate": 5,
    "conflict": 3,
    "repeated id": 2,
    "missing id": 1,
    "number of fields": 2,
}


@pytest.fixture(scope="module")
def rows():
    return generate_tweets()


@pytest.fixture(scope="module")
def sound(rows):
    return [row for row in rows if row.fault is None]


@pytest.fixture(scope="module")
def texts(sound):
    return repair_texts(pa.array([row.fields[3] for row in sound]))[0]


@pytest.fixture(scope="module")
def corpus():
    return generate_corpus(20)


def words_of(text):
    return sorted(re.findall(r"\w+", expand(text, {slot: [slot] for slot in RULES}, generator(0, "test"))))


def test_no_template_family_of_the_test_split_occurs_in_training(sound, texts):
    families = {"train": set(), "validation": set(), "test": set()}
    for row, split in zip(sound, splits_of(texts), strict=True):
        families[split].add(row.family)
    assert families["test"]
    assert not families["test"] & (families["train"] | families["validation"])


def test_every_kind_of_tweet_is_in_training_and_in_the_test_split(sound, texts):
    kinds = {(row.family.split("/")[0], split) for row, split in zip(sound, splits_of(texts), strict=True)}
    assert kinds >= {(kind, split) for kind in SHARES for split in ("train", "test")}


def test_tweets_land_in_the_same_split_repaired_or_raw(sound, texts):
    raw = splits_of(pa.array([row.fields[3] for row in sound]))
    in_test = [split == "test" for split in splits_of(texts)]
    assert in_test == [split == "test" for split in raw]


def test_there_are_three_thousand_tweets_of_both_classes_in_every_split(sound, texts):
    assert 2_950 <= len(sound) <= 3_050
    labels = np.array([int(row.fields[4]) for row in sound])
    splits = np.array(splits_of(texts))
    for split in ("train", "validation", "test"):
        assert 0.4 < labels[splits == split].mean() < 0.6


def test_one_in_five_tweets_is_a_test_tweet(texts):
    assert np.mean([split == "test" for split in splits_of(texts)]) == pytest.approx(0.2, abs=0.01)


def test_only_reposts_share_a_folded_text_and_they_share_the_label(sound, texts):
    folded = fold_texts(texts).to_pylist()
    labels = {}
    for row, text in zip(sound, folded, strict=True):
        labels.setdefault(text, set()).add(row.fields[4])
    assert 20 <= len(folded) - len(labels) <= 40
    assert all(len(each) == 1 for each in labels.values())


@pytest.mark.parametrize(("fault", "count"), FAULTS.items())
def test_rows_of_each_fault_are_there(rows, fault, count):
    assert sum(row.fault == fault for row in rows) == count


def test_there_are_no_faults_but_those(rows):
    assert {row.fault for row in rows} == {None, *FAULTS}


def test_faulty_rows_show_the_fault_they_are_named_for(rows):
    fields = {fault: [row.fields for row in rows if row.fault == fault] for fault in FAULTS}
    by_text = {row.fields[3]: row.fields[4] for row in rows if row.fault is None}
    ids = {row.fields[0] for row in rows if row.fault is None}
    assert all(not row[3].strip() for row in fields["no text"])
    assert {row[3] for row in fields["spreadsheet error"]} == {"Err:509", "#REF!"}
    assert {row[4] for row in fields["label"]} == {"2", "yes?", "-1"}
    assert all(re.search(r"[\x00-\x08\x1b]", row[3]) for row in fields["control characters"])
    assert all(len(row[3]) > 5_000 for row in fields["over-long text"])
    assert all(by_text[row[3]] == row[4] for row in fields["duplicate"])
    assert all(by_text[row[3]] != row[4] for row in fields["conflict"])
    assert all(row[0] in ids for row in fields["repeated id"])
    assert all(row[0] == "" for row in fields["missing id"])
    assert sorted(len(row) for row in fields["number of fields"]) == [3, 6]


def test_copies_come_after_their_originals(rows):
    first = {}
    for row in rows:
        for key in (row.fields[0], row.fields[3]) if len(row.fields) == 5 else ():
            assert not (row.fault is None and first.get(key) in ("duplicate", "conflict", "repeated id"))
            first.setdefault(key, row.fault)


def test_sound_ids_are_unique(sound):
    assert len({row.fields[0] for row in sound}) == len(sound)


@pytest.mark.parametrize(
    "pattern",
    [
        r"http://t\.co/\w{10}",
        r"@\w+",
        r"#\w+",
        "&amp;",
        "&gt;",
        "â€",
        r"\n",
        r"([aeo])\1{3}",
        "🔥",
        r"^RT @",
        r"^[^a-z]{20,}$",
    ],
)
def test_tweets_are_as_noisy_as_real_ones(sound, pattern):
    assert sum(bool(re.search(pattern, row.fields[3])) for row in sound) >= 10


def test_keywords_and_locations_are_sometimes_missing_and_keywords_hold_percent_20(sound):
    keywords, locations = [row.fields[1] for row in sound], [row.fields[2] for row in sound]
    assert 30 < keywords.count("") < 300
    assert 600 < locations.count("") < 1_400
    assert sum("%20" in keyword for keyword in keywords) > 100


@pytest.mark.parametrize("build", [contrasts.things, contrasts.clauses, contrasts.scenes])
def test_swapping_what_is_so_and_what_is_not_swaps_the_label_and_keeps_the_words(build):
    real, harmless = (build(HAZARDS[0], label, generator(1, "test")) for label in (1, 0))
    assert real["A"] == harmless["B"]
    assert real["B"] == harmless["A"]


@pytest.mark.parametrize("frames", [contrasts.THINGS, contrasts.CLAUSES, contrasts.SCENES])
def test_every_frame_says_once_what_is_so_and_once_what_is_not(frames):
    assert not set(frames.seen) & set(frames.held_out)
    for frame in frames.seen + frames.held_out:
        assert frame.count("{A}") == frame.count("{B}") == 1


def test_logistic_regression_on_word_pairs_gets_some_but_not_most_of_it(sound, texts):
    tokens = tokenize_texts(texts, TextSettings())
    labels = np.array([int(row.fields[4]) for row in sound], np.int8)
    splits = np.array(splits_of(texts))
    train, validation, test = (np.flatnonzero(splits == split) for split in ("train", "validation", "test"))
    space = fit_features(tokens.take(train), FrequencySettings())
    features = {split: tf_idf_matrix(tokens.take(rows), space) for split, rows in
                (("train", train), ("validation", validation), ("test", test))}  # fmt: skip
    model, _ = fit_logistic(
        features["train"], labels[train], features["validation"], labels[validation], LogisticSettings()
    )
    predicted = model.predict_probabilities(features["test"]) >= 0.5
    assert 0.70 <= (predicted == labels[test]).mean() <= 0.85


def test_a_seed_makes_the_same_sample_again_and_another_one_another():
    assert generate_tweets(3, 100) == generate_tweets(3, 100)
    assert generate_tweets(3, 100) != generate_tweets(4, 100)
    assert generate_corpus(3, 2_000) == generate_corpus(3, 2_000)
    assert generate_corpus(3, 2_000) != generate_corpus(4, 2_000)


def test_too_few_tweets_to_hide_faults_among_are_refused():
    with pytest.raises(ValueError, match="at least 20 tweets"):
        generate_tweets(rows=8)


def test_an_empty_corpus_is_refused():
    with pytest.raises(ValueError, match="words must be >= 1, got 0"):
        generate_corpus(20, 0)


def test_the_corpus_has_three_hundred_thousand_words_in_distinct_documents(corpus):
    documents = [document for topic in corpus.values() for document in topic]
    assert 300_000 <= count_words(corpus) <= 303_000
    assert len(set(documents)) == len(documents)
    assert not any("\n" in document or "{" in document or "[" in document for document in documents)


def test_the_corpus_knows_the_words_of_the_tweets(corpus, texts):
    documents = pa.array([document for topic in corpus.values() for document in topic])
    known = set(tokenize_texts(documents, TextSettings()).words.to_pylist())
    tweets = tokenize_texts(texts, TextSettings())
    words = np.array(tweets.words.to_pylist())[tweets.codes]
    assert np.mean([word in known for word in words if word.isalpha()]) > 0.9


def test_every_hazard_has_facts_and_look_alikes():
    assert {hazard.noun for hazard in HAZARDS} == set(FACTS)
    assert {hazard.family for hazard in HAZARDS} == set(FAMILIES) == set(LOOKALIKES)


def test_a_slot_without_a_rule_is_an_error():
    with pytest.raises(KeyError, match="planet"):
        expand("on {planet}", {}, generator(0, "test"))


def test_articles_agree_and_sentences_start_with_capitals():
    assert (
        mend("a(n) eruption and a(n) huge usual fire , a(n) usual day")
        == "an eruption and a huge usual fire, a usual day"
    )
    assert sentence_case("roads closed. stay home! now") == "Roads closed. Stay home! Now"

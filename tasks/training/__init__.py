"""Steps that learn: features, word vectors, classifiers, language models, and what is recorded of them."""

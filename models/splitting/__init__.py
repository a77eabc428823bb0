"""Which rows train, validate and test: splits that never move, folds, duplicates that stay together."""

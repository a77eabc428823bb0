"""Cross-validation of a recipe: the tables of its folds, the predictions of rows held out, their scores and record."""

"""What came before deep networks, as scikit-learn estimators."""

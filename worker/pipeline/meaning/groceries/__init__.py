"""Knowledge of groceries: topics, brands, and words of other languages."""

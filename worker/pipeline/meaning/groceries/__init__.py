"""What is known of groceries: topics, brands, words of other languages."""

"""What a person waits for: the whole query of each strategy."""

"""Words that editors taught search: synonyms and words that say nothing."""

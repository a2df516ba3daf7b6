"""Golden questions: what an article must answer, checked over the whole base before a publish."""

"""What runs inside Rasa's graph: language understanding and the rule policy."""

"""Articles that fit what the customer asks, and which of them agents sent."""

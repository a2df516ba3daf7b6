"""What Rasa calls back: each action does one thing, says what to say, and sets `action_result`."""

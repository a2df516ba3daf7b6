"""From the bot to people: tickets, queues, the hand-off pack, and the desk that agents work at."""

"""The shared memory: contacts, conversations, their messages, and who owns a conversation now."""

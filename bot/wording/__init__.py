"""What the bot says: every text of it by key, language and channel, changed by admins while it runs."""

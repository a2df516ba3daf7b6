"""What customers think: of the bot's part and of the people's part, asked apart."""

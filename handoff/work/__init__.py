"""Who is there, how much each can take, and which ticket goes to whom next."""

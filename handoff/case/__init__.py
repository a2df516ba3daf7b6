"""What a ticket is about and who follows it: category, tags, links, merges, watchers, mentions."""

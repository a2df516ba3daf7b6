"""The help pages: published articles for people and search engines."""

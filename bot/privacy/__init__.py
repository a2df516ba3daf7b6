"""What is stored of a contact: all of it on request, none of it after an erasure."""

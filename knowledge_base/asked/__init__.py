"""What people asked, what they got, and what there is no good answer for."""

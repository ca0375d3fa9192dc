"""Scores of a search for pictures, by what is known of avatars: their captions and their changed copies."""

"""Pictures of a folder, a table or tar files: found one after the other, and decoded within bounds."""

"""Cards: what a folder says of itself in the forms that hubs, catalogues and validators read."""

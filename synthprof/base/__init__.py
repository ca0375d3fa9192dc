"""Tools below everything else: they depend neither on data sets nor on processes."""

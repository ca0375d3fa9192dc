"""Tools that know nothing of data sets or processes."""

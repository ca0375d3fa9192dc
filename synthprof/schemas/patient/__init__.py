"""Schema `patient`: patients of practices and a hospital in Germany, all made up.

schema.toml declares columns, kinds of patient and the tables of visits and laboratory values, saetze.toml the
note; the CSV files hold diagnoses, places and words. Each file names its sources. Of no medical use.
"""

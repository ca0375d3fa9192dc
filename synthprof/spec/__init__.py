"""The declaration of a data set: plain, frozen and light, since the DAG files import it."""

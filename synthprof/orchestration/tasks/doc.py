"""The text that Airflow shows beside each DAG."""

from synthprof.orchestration.tasks.datasets import Dataset

GENERATE_DOC = """\
### Make a data set

Profiles with feature vectors, embeddings, clusters and a search index, in a version of their own that becomes
visible whole or not at all. The same parameters give the same bytes, however the work is split or retried.

| stage | what it does |
|---|---|
| setup | checks parameters, disk and memory, plans the shards |
| generate | makes the profiles, one task for each range of rows |
| writers | says how many tasks write: one databases, with *store* parquet one the parts of each range |
| ingest | writes `perfis.db`, or `perfis/` in parts |
| vectorize | makes feature vectors and embeddings, one task for each range of rows |
| persist_blobs | writes `vetores.db` and `embeddings.db`, or the same in parts |
| cluster | k-means over the embeddings, `clusters.db` |
| train_index | with *store* parquet: makes what all parts of an index with lists are coded by |
| fill_index | fills the lists of the index in parts, one task for each range of rows |
| export_index | writes the FAISS index, all of it or from its parts, unless *save_index* is off |
| vacuum | VACUUM and ANALYZE, if *vacuum* is on |
| publish | checks the result, writes the report, makes the version visible |

**Trigger** it with the parameters you want; from a shell:
`airflow dags trigger synthprof_generate --conf '{"profiles": 1000000, "seed": 7}'`.
Beside `make ui` write `.venv/bin/python -m synthprof.orchestration.local airflow` for `airflow`.

**A failed stage** can be cleared alone, at any time: what is done stays done, and the result is the same.
A refused parameter fails *setup* at once; its log starts with the value, the rule and the remedy.
"""

REINDEX_DOC = """\
### Rebuild an index

Publishes a version once more with another kind of search index, as a new version; profiles, embeddings and
clusters are taken over. The same parameters give the same bytes as `synthprof_generate` would.
"""

VERIFY_DOC = """\
### Verify a version

Compares every file with its checksum, and blocks of rows with what the spec gives when they are made again.
The run fails if anything differs; its log says what. `synthprof repair` makes a damaged version whole.
"""

LOAD_DOC = """\
### Load a version

Fills a table, collection or index of a database or search engine with a version's rows and vectors, and
compares their number and a sample with the version. Each row is there once, however often the task is
retried: it goes on after the last block that the target has taken.

*into* is a URL without a password, such as `duckdb:///data/gamers.duckdb`, or `conn:NAME` for the Connection
`synthprof_NAME`: its type is the scheme (`postgres`, `qdrant`, `opensearch` and so on), unless `scheme` in
its extra names another, its schema is the path, and all else in its extra are options, such as `table`.
"""


WORKLOAD_DOC = """\
### Make queries with exact answers

Makes a workload for a version: queries of four classes, from easy to hard, with their exact nearest rows, in
a folder beside the version. The same parameters give the same bytes. A cleared task goes on where it was.
"""


EXPORT_DOC = """\
### Export a version

Writes a version in each of the formats, a task each, in folders beside the version. The same parameters give
the same bytes; an export that is there stays as it is, and a cleared task goes on where it was. An option
that one of the formats does not take fails its task.
"""


MATCH_DOC = """\
### Find near-identical pictures

Finds pictures that show the same: of a folder, a table or tar files, as *pictures* names them, or the
avatars or thumbnails of a version. Pairs, groups and a page that shows pairs side by side lie in a folder of
the data set. An estimate of the memory comes first; a cleared task goes on where it was. *pictures* must be
readable where the task runs, and lie below a folder of SYNTHPROF_SOURCES if that is set there.
"""


EMBED_DOC = """\
### Embed texts or pictures

A table with an id and a text column (SQLite, Parquet, Arrow, CSV, JSON, Excel, DuckDB, a folder of parts,
or `conn:NAME` for the Connection `synthprof_NAME` to a database), or a folder of text files, becomes a data
set with embeddings, clusters and a search index, published and searched like the others. So do pictures,
of a table, a folder or tar files, with *kind* `images` and *encoder* `clip` or `http`. *source* must be
readable where the tasks run, and lie below a folder of SYNTHPROF_SOURCES if that is set there. *setup*
reads all of it once and leaves out up to *max_failed* rows that cannot be embedded; *generate* takes what
it has read; what follows is the same as in `synthprof_generate`. A source whose content changed gives
another version.

**Trigger** it with the parameters you want; from a shell:
`airflow dags trigger synthprof_embed --conf '{"source": "/sources/notes.db", "text_column": "body"}'`.
Beside `make ui` write `.venv/bin/python -m synthprof.orchestration.local airflow` for `airflow`.
"""


def dataset_doc(dataset: Dataset) -> str:
    """Return the text for the DAG of one file in `datasets/`."""
    seed = f"the date in {dataset.timezone}" if dataset.seed_from_date else "fixed"
    night = f"; night 0: {dataset.first_night}" if dataset.first_night else ""
    return (
        f"{dataset.description}\n\nFrom `datasets/{dataset.name}.toml`: `{dataset.schedule}` in "
        f"{dataset.timezone}; seed: {seed}{night}.\n\n{GENERATE_DOC}"
    )

"""The parameters of a data set: the spec, which determines its bytes, and the runtime, which does not.

One declaration with bounds and descriptions serves the DAG's trigger form, the command line and the
documentation. DAG files import this module: it loads neither NumPy nor Arrow nor FAISS.
"""

import functools
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from synthprof.base.column_kinds import KINDS
from synthprof.base.columns import parse_columns
from synthprof.base.digests import digest_of
from synthprof.base.names import NAME_HINT, NAME_PATTERN
from synthprof.spec.drift import DRIFT_PATTERN, QUARTER, Drift, parse_drift
from synthprof.spec.limits import LARGEST_INTEGER
from synthprof.spec.locales import DEFAULT_LOCALE, locales
from synthprof.spec.params import ParamModel, in_words

BLOCK_ROWS = 16_384
"""Rows of a block, the unit of randomness, work, files, resumption and verification."""

DEFAULT_HARDNESS, DEFAULT_SPREAD = 1.1, 0.7
"""As hard for an index as embeddings of real texts (benchmarks/results/hardness.txt)."""

MAX_SHARDS = 100
"""Shards of a run: Airflow maps at most 1,024 tasks, and each costs about a second."""

Encoder = Literal["catalogue", "hashed", "http", "model", "clip"]
RowKind = Literal["texts", "images"]
ProseSize = Literal["card", "short", "rich"]
IndexKind = Literal["auto", "flat", "ivf_flat", "ivf_sq8", "ivf_pq", "hnsw"]
StoreKind = Literal["sqlite", "parquet"]
IndexMemory = Annotated[
    int, Field(ge=16, le=1_048_576, description="Memory the index may take when loaded, in MiB.")
]


def _known_locale(locale: str) -> str:
    if locale not in locales():
        raise ValueError(f"{locale!r} is not one of {list(locales())}")
    return locale


def _known_columns(columns: str) -> str:
    parse_columns(columns)
    return columns


def _known_drift(drift: str) -> str:
    return ",".join(map(str, parse_drift(drift)))


_NO_SIGN_OF_ZERO = AfterValidator(lambda value: value + 0.0)  # -0.0 and 0.0 are one parameter

_PATH = in_words("at most 1,000 characters in one line", r"^[^\x00-\x1f\x7f]{0,1000}$(?!\n)")


class Spec(ParamModel):
    """The parameters that determine the bytes of a data set, and no others.

    Reports quote the descriptions: another wording changes the bytes of every report.html.
    """

    profile_schema: Annotated[
        str,
        Field(
            pattern=in_words(NAME_HINT, NAME_PATTERN),
            # reports quote this wording, so that forms and help get their own
            description="Schema of the profiles: columns, catalogue and archetypes.",
            json_schema_extra={
                "description": "Schema of the profiles, their columns and how these are drawn: built in, "
                "or a folder in `schemas/` by its name."
            },
        ),
    ] = "gamer_br"
    profiles: Annotated[
        int, Field(ge=1, le=1_000_000_000, description="Number of profiles (rows) to make.")
    ] = 100_000
    seed: Annotated[
        int, Field(ge=0, le=LARGEST_INTEGER, description="The same seed gives the same bytes.")
    ] = 42
    locale: Annotated[
        str,
        AfterValidator(_known_locale),
        Field(
            description="Language of people's names, and of nothing else: places, values and texts stay the "
            "schema's. pt_BR stands for the schema's own names, by sex and birth decade; another Faker "
            "locale has plain first and last names, which fit the sex where Faker lists them by sex.",
            json_schema_extra=lambda schema: schema.update(enum=list(locales())),
        ),
    ] = DEFAULT_LOCALE
    separation: Annotated[
        float,
        Field(ge=0, le=1, description="How far apart the player archetypes are: 0 no structure, 1 crisp."),
        _NO_SIGN_OF_ZERO,
    ] = 0.8
    topic_sizes: Annotated[
        float,
        Field(
            ge=0,
            le=4,
            description="Zipf exponent of the archetypes' sizes, the largest first; 0 keeps the sizes of the "
            "schema, on which its margins rest.",
        ),
        _NO_SIGN_OF_ZERO,
    ] = 0.0
    hardness: Annotated[
        float,
        Field(
            ge=0,
            le=100,
            description="Noise in embeddings of encoder catalogue: its energy in a typical row over that of "
            "the row's fields; 0 none. The default is as hard for an index as real text.",
        ),
        _NO_SIGN_OF_ZERO,
    ] = DEFAULT_HARDNESS
    hardness_spread: Annotated[
        float,
        Field(
            ge=0,
            le=3,
            description="How much the noise differs between rows, as the standard deviation of the logarithm "
            "of its length.",
        ),
        _NO_SIGN_OF_ZERO,
    ] = DEFAULT_SPREAD
    hardness_decay: Annotated[
        float,
        Field(
            ge=0,
            le=4,
            description="Spectrum of the noise: its variance in dimension j is in proportion to 1 / j to "
            "this power; 0 is white.",
        ),
        _NO_SIGN_OF_ZERO,
    ] = 0.0
    near_duplicates: Annotated[
        float,
        Field(
            ge=0,
            le=0.9,
            description="Share of the embeddings that are near-copies of another row's, whatever the row's "
            "fields say; near_duplicates.npy tells which.",
        ),
        _NO_SIGN_OF_ZERO,
    ] = 0.0
    near_distance: Annotated[
        float,
        Field(
            ge=0.001,
            le=1,
            description="Distance of a near-copy to its origin, in the middle; embeddings have length 1.",
        ),
    ] = 0.15
    avatars: Annotated[
        bool,
        Field(
            description="Draw a picture of each profile, with a caption, from its attributes and the seed."
        ),
    ] = False
    avatar_size: Annotated[
        int,
        Field(ge=64, le=256, multiple_of=8, description="Pixels of a side of the pictures."),
    ] = 64
    avatar_copies: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Share of the pictures that have a copy: cut, turned, scaled, compressed, brightened "
            "or with a watermark; avatar_truth.arrow tells which.",
        ),
        _NO_SIGN_OF_ZERO,
    ] = 0.1
    duplicates: Annotated[
        float,
        Field(
            ge=0,
            le=0.5,
            description="Share of the rows that are second records of the same person, with errors; "
            "duplicates.arrow tells which.",
        ),
        _NO_SIGN_OF_ZERO,
    ] = 0.0
    duplicate_errors: Annotated[
        float,
        Field(ge=0, le=12, description="Mean number of errors in a second record; 0 is the same again."),
        _NO_SIGN_OF_ZERO,
    ] = 1.0
    dim_vector: Annotated[
        int,
        Field(ge=1, le=4_096, description="Values of a feature vector; positions beyond the features are 0."),
    ] = 32
    dim_embedding: Annotated[int, Field(ge=8, le=4_096, description="Values of an embedding.")] = 128
    encoder: Annotated[
        Encoder,
        Field(
            description="catalogue: similar profiles lie near each other and text can be searched; "
            "hashed: a simulated embedding, a seeded Gaussian per profile; http: an embedding service that "
            "speaks OpenAI's protocol, at SYNTHPROF_EMBEDDINGS_URL; "
            "model: a sentence-transformers, ONNX or model2vec model on this machine.",
            json_schema_extra={
                "description": "catalogue: similar profiles lie near each other and text can be searched; "
                "hashed: a simulated embedding, a seeded Gaussian per profile; http: an embedding service "
                "that speaks OpenAI's protocol, at SYNTHPROF_EMBEDDINGS_URL; "
                "model: a sentence-transformers, ONNX or model2vec model on this machine; "
                "clip: a model of pictures and texts in ONNX, for kind=images."
            },
        ),
    ] = "catalogue"
    model: Annotated[
        str,
        Field(
            pattern=in_words("at most 200 characters in one line", r"^[^\x00-\x1f\x7f]{0,200}$(?!\n)"),
            description="Name of the model for http, its folder or name for model; else empty.",
            json_schema_extra={
                "description": "Name of the model for http, its folder or name for model, its folder for "
                "clip; else empty."
            },
        ),
    ] = ""
    clusters: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="Number of k-means clusters; 0 is about √rows, at most 8,192 and 1/39 of the rows.",
        ),
    ] = 0
    kmeans_niter: Annotated[
        int,
        Field(
            ge=1,
            le=1_000,
            description="Iterations of k-means at most; they end when one gains less than 0.1 %.",
        ),
    ] = 20
    kmeans_nredo: Annotated[
        int, Field(ge=1, le=100, description="Times k-means starts anew; the best result is kept.")
    ] = 1
    use_gpu: Annotated[
        bool, Field(description="Train the clusters on a GPU; without one: a warning, then the CPU.")
    ] = False
    save_index: Annotated[bool, Field(description="Write index.faiss for nearest-neighbour search.")] = True
    index: Annotated[
        IndexKind,
        Field(description="Kind of FAISS index; auto chooses by rows, dimension and index_memory_mib."),
    ] = "auto"
    index_memory_mib: IndexMemory = 4_096
    store: Annotated[
        StoreKind,
        Field(
            description="Where rows, vectors and embeddings lie: sqlite has a database of each; parquet has "
            "Parquet and NumPy files of 262,144 rows each, which many tasks write at once and DuckDB reads."
        ),
    ] = "sqlite"
    vacuum: Annotated[bool, Field(description="VACUUM and ANALYZE the databases before publishing.")] = False
    kind: Annotated[
        RowKind,
        Field(description="What the rows of the source are: texts, or images with encoder clip or http."),
    ] = "texts"
    collection: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{32})?$(?!\n)",
            description="Digest of the rows that were read from elsewhere; empty for generated profiles.",
        ),
    ] = ""
    columns: Annotated[
        str,
        Field(
            pattern=in_words("names joined by commas, as ano,cidade:text", r"^[^\x00-\x1f\x7f]*$(?!\n)"),
            # reports of collections quote this wording, so that forms and help get their own
            description="Further columns of the source to keep, as `ano,cidade`; search can filter by them. "
            "`:integer` or `:text` after a name says what it must be.",
            json_schema_extra={
                "description": "Further columns of the source to keep, as `ano,cidade`; search can filter by "
                "them. A kind after a name says what it must be, as `ano:integer`; a name with a comma, "
                f"a colon or a quote stands in double quotes. The kinds are {', '.join(KINDS)}.",
            },
        ),
        AfterValidator(_known_columns),
    ] = ""
    schema_digest: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{32})?$(?!\n)",
            description="Digest of a schema of the user's; empty for built-in ones.",
        ),
    ] = ""

    with_tables: Annotated[
        str,
        Field(
            pattern=in_words(
                "names joined by commas, all or none",
                r"^([a-z][a-z0-9_]{0,62}(, ?[a-z][a-z0-9_]{0,62}){0,19})?$(?!\n)",
            ),
            description="Child tables to make: names joined by commas, all or none; empty for those that the "
            "schema makes of itself.",
        ),
    ] = ""
    prose: Annotated[
        ProseSize,
        Field(
            description="Size of the texts that tell of a row: card has the main facts as labels in a line, "
            "short tells them in one to three sentences, rich tells all that the columns say in a "
            "paragraph. A schema without plans of a size has one text for all sizes."
        ),
    ] = "rich"
    drift: Annotated[
        str,
        Field(
            pattern=in_words("kinds joined by commas, as prior,concept:plan@3", DRIFT_PATTERN),
            description="Drift of later nights: prior, covariate, concept, new_category and rotation, joined "
            "by commas; a column may follow as `concept:plan`, the first night with it as `@3`. drift.json "
            "tells what drifted.",
        ),
        AfterValidator(_known_drift),
    ] = ""
    drift_strength: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Strength of the drift: shares move by a total variation of half of it, as far as "
            "they can, and embeddings turn by this part of a right angle.",
        ),
        _NO_SIGN_OF_ZERO,
    ] = 0.5
    drift_night: Annotated[
        int,
        Field(
            ge=0,
            le=100_000,
            description="Nights since the first one, which is 0 and has no drift yet.",
        ),
    ] = 0
    drift_nights: Annotated[
        int,
        Field(
            ge=1,
            le=10_000,
            description="Nights until a drift has its whole strength: 1 is sudden, more are gradual.",
        ),
    ] = 1

    @property
    def row_word(self) -> str:
        """The word for a row in texts for people: "profile", "text" or "picture"."""
        return row_word_of(self.collection, self.kind)

    @property
    def pictures(self) -> bool:
        """True where the rows are pictures."""
        return self.kind == "images"

    @property
    def noisy(self) -> bool:
        """True where the embeddings have noise: of profiles, by the encoder that has no noise of itself."""
        return self.encoder == "catalogue" and not self.collection and self.hardness > 0

    @property
    def copies(self) -> bool:
        """True where some embeddings are near-copies of others: of profiles, by an encoder of ours."""
        return self.near_duplicates > 0 and not self.collection and not self.slow_encoder

    @property
    def drifts(self) -> tuple[tuple[Drift, float], ...]:
        """The drifts of the data set, and the strength of each in its night: 0 before it begins."""
        night, whole, nights = self.drift_night, self.drift_strength, self.drift_nights
        return tuple((each, each.strength(night, whole, nights)) for each in parse_drift(self.drift))

    @property
    def drift_degrees(self) -> float:
        """The angle by which the embeddings have turned in the data set's night, from 0 to QUARTER."""
        strengths = (strength for each, strength in self.drifts if each.kind == "rotation")
        return QUARTER * max(strengths, default=0.0)

    @property
    def slow_encoder(self) -> bool:
        """True where a service or a model embeds, so that each row is saved once it is embedded."""
        return self.encoder in ("http", "model", "clip")

    @property
    def blocks(self) -> int:
        """Number of blocks; the last one may be short."""
        return -(-self.profiles // BLOCK_ROWS)

    def block_rows(self, block: int) -> int:
        """Return the number of rows of one block."""
        return min(BLOCK_ROWS, self.profiles - block * BLOCK_ROWS)

    @property
    def in_parts(self) -> bool:
        """True where the rows lie in part files, which are written and read without SQLite."""
        return self.store == "parquet"

    @property
    def resolved(self) -> dict[str, Any]:
        """The parameters that a collection's source or a schema of the user's determines; else empty."""
        names = ["collection", "profiles", "columns"] if self.collection else []
        names += ["schema_digest"] if self.schema_digest else []
        return {name: getattr(self, name) for name in names}

    @functools.cached_property
    def digest(self) -> str:
        """The name of this spec: BLAKE2b of its canonical JSON, as 32 hexadecimal digits."""
        defaults = {name: field.default for name, field in type(self).model_fields.items()}
        unset = {name for name in _YOUNGER if getattr(self, name) == defaults[name]} | self._silent
        return digest_of(self.model_dump(mode="json", exclude=unset))

    def described(self) -> dict[str, Any]:
        """Return the parameters that apply to this kind of data set, as its manifest lists them."""
        foreign = GENERATING if self.collection else EMBEDDING
        unset = {name for name in ("schema_digest", "with_tables") if not getattr(self, name)}
        unset |= set() if self.pictures else {"kind"}
        excluded = (set(foreign) - {"profiles", "profile_schema"}) | unset | self._silent
        return self.model_dump(mode="json", exclude=excluded)

    @property
    def _silent(self) -> set[str]:
        """The parameters of what is not there, as noise, truth sets and parts: they change no byte."""
        takes_noise = self.encoder == "catalogue" and not self.collection
        silent = set(NOISE) if not self.noisy else set()
        silent -= {"hardness"} if takes_noise else set()
        silent |= set() if self.copies else {"near_distance"}
        silent |= set() if self.duplicates else {"duplicates", "duplicate_errors"}
        silent |= set() if self.drift else set(DRIFT)
        silent |= {"store"} if not self.in_parts else set()
        return silent | (set() if self.avatars else set(AVATARS))


def row_word_of(collection: str, kind: str = "texts") -> str:
    """Return the word for a row: "text" or "picture" in a collection, else "profile"."""
    return "profile" if not collection else "picture" if kind == "images" else "text"


NOISE = ("hardness", "hardness_spread", "hardness_decay")
"""Parameters of the noise in embeddings."""

AVATARS = ("avatars", "avatar_size", "avatar_copies")
"""Parameters of the pictures of profiles."""
DRIFT = ("drift", "drift_strength", "drift_night", "drift_nights")
"""Parameters of the drift between nights."""

_YOUNGER = (
    "model",
    "kind",
    "collection",
    "columns",
    "schema_digest",
    "with_tables",
    "prose",
    "topic_sizes",
    *NOISE,
    "near_duplicates",
    "near_distance",
    *AVATARS,
    "duplicates",
    "duplicate_errors",
    *DRIFT,
    "store",
)
"""Parameters added after the first release: they are part of the digest only once they are set."""

GENERATING = (
    "profile_schema",
    "profiles",
    "locale",
    "separation",
    "topic_sizes",
    *NOISE,
    "near_duplicates",
    "near_distance",
    *AVATARS,
    "duplicates",
    "duplicate_errors",
    "dim_vector",
    "store",
    "with_tables",
    "prose",
    *DRIFT,
)
"""Parameters of generated profiles alone."""

EMBEDDING = ("source", "kind", "table", "id_column", "text_column", "image_column", "columns", "collection")
"""Parameters of collections alone."""

SOURCE_URL = "SYNTHPROF_CONN_"
"""Begin of the variables with the URLs of sources `conn:NAME`, which go on with NAME in capitals; an Airflow
task sets one from its Connection."""

RESOLVED = ("collection", "schema_digest")
"""Parameters that users cannot set: they follow from the source, or from the schema."""


class Runtime(ParamModel):
    """The parameters of one run, on which no byte of the data set depends."""

    source: Annotated[
        str,
        Field(
            pattern=_PATH,
            description="Where the texts or images are: a table in SQLite, Parquet, Arrow, CSV, JSON, Excel "
            "or DuckDB, in one file or in a folder of parts; a folder of text files, or of images; tar files "
            "of images; or a database, as an SQLAlchemy URL without a password or as conn:NAME.",
        ),
    ] = ""
    table: Annotated[
        str,
        Field(
            pattern=_PATH, description="Table, view or sheet of the source; may be empty if it has only one."
        ),
    ] = ""
    id_column: Annotated[str, Field(pattern=_PATH, description="Column with the id of each row.")] = "id"
    text_column: Annotated[str, Field(pattern=_PATH, description="Column with the text.")] = "text"
    image_column: Annotated[
        str,
        Field(pattern=_PATH, description="Column with the image, as bytes or as a path beside the table."),
    ] = "image"
    shards: Annotated[
        int,
        Field(
            ge=0,
            le=MAX_SHARDS,
            description="Parts of the data set, each a mapped task in Airflow; 0 is automatic.",
        ),
    ] = 0
    workers: Annotated[
        int,
        Field(ge=0, le=1_024, description="Processes per machine; 0 is 80 % of the usable cores."),
    ] = 0
    detailed_logging: Annotated[bool, Field(description="Log every block, not only every stage.")] = False
    force: Annotated[bool, Field(description="Rebuild everything, even results that exist already.")] = False
    keep_versions: Annotated[
        int,
        Field(
            ge=0,
            le=10_000,
            description="Published versions to keep, including the current one; after publishing, older "
            "versions that no process reads are removed; 0 keeps all.",
        ),
    ] = 3
    batch_size: Annotated[
        int,
        Field(
            ge=1,
            le=4_096,
            description="Texts or images per request (encoder http) or per batch (encoder model or clip).",
        ),
    ] = 32
    requests_in_flight: Annotated[
        int, Field(ge=1, le=64, description="Requests that one task has open at once (encoder http).")
    ] = 4
    request_seconds: Annotated[
        int, Field(ge=1, le=3_600, description="Seconds to wait for one answer (encoder http).")
    ] = 60
    patience_seconds: Annotated[
        int,
        Field(
            ge=0, le=86_400, description="Seconds to wait for the service during an outage (encoder http)."
        ),
    ] = 900
    limit: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000_000,
            description="Rows that one task embeds before it stops (slow encoders); 0 is no limit.",
        ),
    ] = 0
    max_failed: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000_000,
            description="Maximum number of rows without an embedding, and of rows of a source to leave out.",
        ),
    ] = 0

"""Claims of the built-in schema listing: what hangs together in an ad, its marginals, its Spanish, a run."""

import csv
import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthprof.encoders.catalogue.meanings import meanings_of
from synthprof.encoders.reading.reader import reader_of
from synthprof.profiles.children import generate_family
from synthprof.runner.run import run_all
from synthprof.schemas.describe import describe
from synthprof.schemas.loader import load_bundle, load_schema, schema_folder
from synthprof.spec.request import Request
from synthprof.versions.search import search_text
from synthprof.versions.searcher import open_searcher
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

FORMS = ("masculino", "femenino", "masculino plural", "femenino plural")
ADJECTIVES = re.compile(r"(?<!he )(?<!ventas )\b(?:nuev|seminuev|usad|cuidad|hech)(o|a|os|as)\b")
WORD_FORMS = re.compile(r"\{([^{}:]*\|[^{}]*)\}")


def facts(name: str) -> pd.DataFrame:
    lines = (schema_folder("listing") / name).read_text(encoding="utf-8").splitlines()
    return pd.DataFrame(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.fixture(scope="module")
def family() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A block of ads and the offers on them."""
    made = generate_family(load_schema("listing"), 7, "pt_BR", 0.8, 0)
    return made.generated.profiles.to_pandas().set_index("id"), made.tables["ofertas"].to_pandas()


@pytest.fixture(scope="module")
def ads(family: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    return family[0]


def test_what_follows_from_the_thing_and_the_place_is_that_of_the_files(ads: pd.DataFrame) -> None:
    things, towns = facts("articulos.csv").set_index("articulo"), facts("ciudades.csv").set_index("ciudad")
    for name in ("categoria", "grupo", "genero"):
        assert (ads[name].astype(str) == ads.articulo.astype(str).map(things[name])).all()
    assert (ads.comunidad == ads.ciudad.map(towns.comunidad)).all()
    assert (ads.cp.str[:3] == ads.ciudad.map(towns.cp)).all() and ads.cp.str.fullmatch(r"\d{5}").all()
    north = (ads.latitud - ads.ciudad.map(towns.latitud.astype(float))) * 111
    east = (
        (ads.longitud - ads.ciudad.map(towns.longitud.astype(float))) * 111 * np.cos(np.radians(ads.latitud))
    )
    away = np.hypot(north, east)
    assert away.max() < 2 * 3.5 * 1.5 and away.mean() == pytest.approx(2 * np.sqrt(np.pi / 2), rel=0.05)
    assert ads.anuncio_id.is_unique


def test_prices_follow_thing_condition_age_community_and_level(ads: pd.DataFrame) -> None:
    worth = (ads.precio / ads.precio_tienda).groupby(ads.estado_articulo, observed=True).mean()
    order = ["nuevo", "como nuevo", "buen estado", "con uso", "para piezas"]
    assert (np.diff(worth[order]) < -0.1).all()
    used = ads[ads.estado_articulo == "buen estado"]
    young = used.antiguedad_meses < 12
    ratio = used.precio / used.precio_tienda
    assert ratio[young].mean() > 1.2 * ratio[used.antiguedad_meses > 48].mean()
    means = (ads.precio / ads.valor_mercado).groupby(ads.nivel_precio, observed=True).mean()
    assert means[["ganga", "barato", "normal", "caro"]].tolist() == pytest.approx(
        [0.6, 0.83, 1.02, 1.27], abs=0.04
    )
    shop = np.log(ads.precio_tienda[ads.articulo == "Sofá"])
    assert (shop.mean(), shop.std()) == pytest.approx((6.305, 0.5), abs=0.08)
    levels = (ads.valor_mercado / ads.precio_tienda).groupby(ads.indice_comunidad > 1).mean()
    assert levels[True] > 1.08 * levels[False]


def test_prices_end_as_people_and_businesses_write_them(ads: pd.DataFrame) -> None:
    cents = (ads.precio * 100).round().astype(int)
    trade = ads.vendedor == "profesional"
    assert set(cents[~trade] % 50) == {0}
    assert set(cents[~trade & (ads.precio >= 160)] % 1000) == {0}
    assert set(cents[trade & (ads.precio < 200)] % 100) == {99}
    assert set(cents[trade & ads.precio.between(200, 2_000)] % 1000) == {900}
    assert ads.precio.min() >= 1


def test_numbers_of_an_ad_fit_each_other(ads: pd.DataFrame) -> None:
    assert (ads.favoritos <= ads.visitas).all()
    assert (ads.favoritos.sum() / ads.visitas.sum()) == pytest.approx(0.05, abs=0.015)
    assert ads.visitas[ads.dias_publicado > 90].mean() > 2 * ads.visitas[ads.dias_publicado < 20].mean()
    assert (
        ads.visitas[ads.nivel_precio == "ganga"].mean() > 1.5 * ads.visitas[ads.nivel_precio == "caro"].mean()
    )
    assert ads.visitas.var() > 20 * ads.visitas.mean()  # far from Poisson
    days = (pd.Timestamp("2024-12-31") - pd.to_datetime(ads.publicado).dt.normalize()).dt.days
    assert (days == ads.dias_publicado).all()
    assert ads.fotos.between(0, 10).all() and ads.valoracion.dropna().between(1, 5).all()
    hour = pd.to_datetime(ads.publicado).dt.hour
    assert hour[ads.vendedor == "profesional"].between(7, 22).mean() > 0.97
    assert hour[ads.vendedor == "particular"].between(19, 23).mean() > 0.3
    assert not ads.envio[ads.categoria == "Coches"].any()


def test_values_are_missing_where_ads_lack_them(ads: pd.DataFrame) -> None:
    assert ads.valoracion.isna()[ads.ventas == 0].all() and not ads.valoracion.isna()[ads.ventas >= 15].any()
    assert ads.color.isna()[ads.categoria == "Libros"].all()
    assert ads.talla.isna()[~ads.grupo.isin(["Moda", "Deporte"])].all()
    assert ads.talla.notna()[ads.articulo == "Vestido"].mean() == pytest.approx(0.94, abs=0.03)
    assert ads.material.isna()[ads.articulo == "Teléfono móvil"].all()
    assert not ads.antiguedad_meses.isna()[(ads.categoria == "Coches")].any()
    assert set(ads.columns[ads.isna().any()]) == {
        "antiguedad_meses",
        "color",
        "material",
        "talla",
        "valoracion",
    }


def test_marginals_are_those_of_the_population(ads: pd.DataFrame) -> None:
    places, towns = facts("comunidades.csv"), facts("ciudades.csv")
    people = places.set_index("comunidad").poblacion.astype(float)
    found = ads.comunidad.value_counts(normalize=True).reindex(people.index, fill_value=0)
    assert found.to_numpy() == pytest.approx((people / people.sum()).to_numpy(), abs=0.01)
    assert set(towns.comunidad) == set(places.comunidad)
    weights = towns.peso.astype(float).groupby(towns.comunidad).sum().reindex(people.index)
    assert weights.to_numpy() == pytest.approx(people.to_numpy() / 1_000, abs=8)
    trade = (ads.vendedor == "profesional").mean()
    assert trade == pytest.approx(0.17, abs=0.02)


def test_words_have_a_form_for_each_gender_and_number() -> None:
    for name in ("titulos.toml", "frases.toml"):
        text = (schema_folder("listing") / name).read_text(encoding="utf-8")
        slots = str(tomllib.loads(text)["slot"])
        forms = [found.split("|") for found in WORD_FORMS.findall(slots)]
        assert forms and all(len(each) == 4 for each in forms)
        for masculine, feminine, many_m, many_f in forms:  # o a os as, e e en en, lo la los las, el le les
            assert many_m != masculine or many_f != feminine
            assert (masculine == feminine) == (many_m == many_f)


def test_titles_and_texts_agree_with_the_noun_and_say_what_columns_say(ads: pd.DataFrame) -> None:
    endings = dict(zip(FORMS, ("o", "a", "os", "as"), strict=True))
    some = ads.iloc[:6_000]
    for title, text, gender, thing in zip(
        some.titulo, some.descripcion, some.genero, some.articulo, strict=True
    ):
        end = endings[gender]
        assert title.startswith(thing) and "{" not in text and "  " not in text
        for found in ADJECTIVES.findall(f"{title} {text}".lower()):
            assert found == end, (title, text)
        many = end.endswith("s")
        for verb in re.findall(r"\b(cuestan?|tienen?|están?|Son|Es) (?!mi primera)", text):
            assert verb.endswith("n") == many, text
    told = some[some.descripcion.str.contains("Solo hay una foto")]
    assert len(told) and (told.fotos == 1).all()
    told = some[some.descripcion.str.contains("Se puede enviar|Hago envíos|Hacemos envíos")]
    told = told[~told.descripcion.str.contains("No hago|No hacemos")]
    assert len(told) and told.envio.all()
    priced = some.descripcion.str.extract(r"(?:Pido|Precio:|Precio final:) ([\d.]+(?:,\d\d)?) €")[0].dropna()
    read = priced.str.replace(".", "").str.replace(",", ".").astype(float)
    assert len(priced) > 1_000 and (read == some.precio[priced.index]).all()


def test_offers_come_after_the_ad_in_order_and_below_its_price(
    family: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    ads, offers = family
    parent = ads.loc[offers.anuncio]
    at = pd.to_datetime(offers.fecha)
    assert (at.to_numpy() >= pd.to_datetime(parent.publicado).to_numpy()).all()
    assert (at <= pd.Timestamp("2024-12-31T23:59:59")).all()
    assert (at == pd.Timestamp("2024-12-31T23:59:59")).mean() < 0.03
    later = offers.anuncio.to_numpy()[1:] == offers.anuncio.to_numpy()[:-1]
    assert (at.diff().dt.total_seconds().to_numpy()[1:][later] >= 0).all()
    assert (offers.importe.to_numpy() <= parent.precio.to_numpy() + 1).mean() > 0.97
    counts = offers.anuncio.value_counts().reindex(ads.index, fill_value=0)
    assert counts[ads.negociable == 1].mean() > 2 * counts[ads.negociable == 0].mean()
    assert "aceptada" not in set(offers.estado)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (
            "bici de montaña barata en Madrid",
            "articulo=Bicicleta de montaña, nivel_precio=barato, ciudad=Madrid",
        ),
        ("sofá nuevo con envío", "articulo=Sofá, estado_articulo=nuevo, envio=true"),
        (
            "móvil como nuevo en Andalucía",
            "articulo=Teléfono móvil, estado_articulo=como nuevo, comunidad=Andalucía",
        ),
        ("vendedor profesional de coches", "vendedor=profesional, articulo=Coche, categoria=Coches"),
        ("tienda de campaña por 80 euros", "articulo=Tienda de campaña, precio=80"),
        ("vestidos rojos talla 38", "articulo=Vestido, color=rojo, talla=38"),
        ("Silla de coche sin envío", "articulo=Silla de coche, envio=false"),
    ],
)
def test_ads_are_searched_in_spanish(text: str, meant: str) -> None:
    found = {str(each) for each in meanings_of(load_bundle("listing")).read(text).attributes}
    assert found == set(meant.split(", "))


def test_who_asks_for_things_by_post_or_in_a_place_gets_no_others() -> None:
    clauses = reader_of(load_bundle("listing")).read("sofá con envío en Madrid").clauses
    assert set(map(str, clauses)) >= {"comunidad=Comunidad de Madrid and ciudad=Madrid", "envio=true"}


def test_a_run_is_published_and_made_again_alike(tmp_path: Path) -> None:
    params = {
        "dataset": "anuncios",
        "profile_schema": "listing",
        "profiles": 600,
        "clusters": 6,
        "kmeans_niter": 3,
    }
    more = {"dim_embedding": 32, "index": "flat", "workers": 1, "with_tables": "all"}
    run_all(Request.from_params(params | more), tmp_path)
    version = open_version(tmp_path, "anuncios")
    assert verify(version, None, lambda *_: None).sound
    assert version.bundle.view.language == "es"
    hits = search_text(open_searcher(version), "sofá con envío").hits
    assert hits and all(hit.profile["envio"] == 1 for hit in hits)
    hits = search_text(open_searcher(version), "algo para bebés en Andalucía").hits
    assert hits and all(hit.profile["comunidad"] == "Andalucía" for hit in hits)


def test_the_page_of_the_schema_is_made_from_it() -> None:
    path = Path(__file__).parents[2] / "docs" / "schema-listing.md"
    said = path.read_text(encoding="utf-8")
    assert said == describe(load_schema("listing")), f"run: python -m synthprof.schemas listing > {path}"

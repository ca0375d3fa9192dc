"""The page of a match: pairs side by side, in one file that needs no network."""

import base64
import html
import io
from typing import TYPE_CHECKING

import pyarrow as pa
from PIL import Image

from synthprof.sources.pictures.decode import decode
from synthprof.sources.pictures.picture import BadPicture

if TYPE_CHECKING:
    from synthprof.delivery.matching.survey import Place

SHOWN = 200
"""Pairs that the page shows: the least alike first, as those are to be looked at."""

THUMBNAIL = 128
"""Pixels of the longer side of a picture on the page, at most."""

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem}
ol{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(19rem,100%),1fr))}
ol{list-style:none;padding:0}h1{font-size:1.5rem;line-height:1.25}
li{border:1px solid #8886;border-radius:.5rem;padding:.75rem}figure{display:flex;gap:.5rem;margin:0}
figure div{flex:1;min-width:0}img{display:block;height:8rem;object-fit:contain;width:100%}
small{display:block;overflow-wrap:anywhere}p{margin:.5rem 0 0}.wrong{outline:2px solid #c04444}
"""


def page_of(place: "Place", pairs: pa.Table, pictures: pa.Table, truth: pa.Table | None) -> str:
    """Return the page as HTML. truth: the planted copies, where they are known: other pairs are marked."""
    rows = pairs.sort_by([("score", "ascending"), ("one", "ascending"), ("other", "ascending")])
    rows = rows.slice(0, SHOWN).to_pylist()
    thumbnails = _thumbnails(place, {row[side] for row in rows for side in ("one", "other")})
    planted = None
    if truth is not None:
        planted = {frozenset((row["one"], row["other"])): row["change"] for row in truth.to_pylist()}
    groups = len(pictures["group"].drop_null().unique())
    title = f"{_counted(pairs.num_rows, 'pair')} of near-identical pictures"
    told = f"{_counted(pictures.num_rows, 'picture')}, {_counted(groups, 'group')}."
    if pairs.num_rows > len(rows):
        told += f" The {len(rows):,} least alike pairs are shown."
    items = "".join(_item(row, thumbnails, planted) for row in rows)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}</style><h1>{title}</h1><p>{told}</p><ol>{items}</ol></html>\n"
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _item(
    row: dict[str, object], thumbnails: dict[str, str], planted: dict[frozenset[object], str] | None
) -> str:
    sides = "".join(
        f'<div><img alt="" src="{thumbnails.get(str(row[side]), "")}">'
        f"<small>{html.escape(str(row[side]))}</small></div>"
        for side in ("one", "other")
    )
    change = "" if planted is None else planted.get(frozenset((row["one"], row["other"])), "not planted")
    corners = f", {row['inliers']:,} corners" if row["inliers"] else ""
    words = [f"score {row['score']:.2f}", f"by {row['found_by']}{corners}", *([change] if change else [])]
    marked = ' class="wrong"' if change == "not planted" else ""
    return f"<li{marked}><figure>{sides}</figure><p>{html.escape(' · '.join(words))}</p></li>"


def _thumbnails(place: "Place", wanted: set[str]) -> dict[str, str]:
    """Return small pictures as data URLs, by id."""
    found = {}
    for picture in place.pictures():
        key = picture.id or picture.name
        if key in wanted and key not in found:
            try:
                image = Image.fromarray(decode(picture, THUMBNAIL))
            except BadPicture:
                continue
            image.thumbnail((THUMBNAIL, THUMBNAIL))
            written = io.BytesIO()
            image.save(written, "PNG")
            found[key] = f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"
    return found

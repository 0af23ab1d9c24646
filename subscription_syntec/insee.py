"""Answers of INSEE's macro-economic database (BDM), in SDMX 2.1 StructureSpecificData.

    <message:DataSet>
      <Series IDBANK="001515333" FREQ="T" DECIMALS="2" LAST_UPDATE="2026-07-10">
        <Obs TIME_PERIOD="2026-Q2" OBS_VALUE="148.37" OBS_STATUS="A" OBS_QUAL="DEF" DATE_JO="2026-07-12"/>

Series and observations have no namespace, the newest observation comes first, and zeros at the
end of a value are dropped. What comes from outside is never trusted: no entity, no document
type, no network.
"""

from dataclasses import dataclass
from datetime import date

from lxml import etree

DEFAULT_URL = "https://bdm.insee.fr/series/sdmx/data/SERIES_BDM"
URL_PARAMETER = "subscription_syntec.insee_url"
FREQUENCIES = {"M": "month", "T": "quarter", "A": "year"}
FINAL_STATUS = {"A"}
FINAL_QUALITY = {"DEF", ""}
YES = {"true", "1", "oui"}


class BadAnswer(ValueError):
    """What came back is no answer of INSEE; ``str()`` says in what way, in technical words."""


@dataclass(frozen=True, slots=True)
class Observation:
    period: str
    value: str
    is_final: bool
    published: date | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """``frequency`` is empty where INSEE names one that indexes do not have."""

    idbank: str
    title: str
    frequency: str
    decimals: int
    is_stopped: bool
    observations: tuple[Observation, ...]


def read_answer(content: bytes) -> dict[str, Series]:
    """The series of an answer, by their number.

    :raises BadAnswer: where ``content`` is none.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadAnswer(str(error)) from error
    if root.getroottree().docinfo.doctype:
        raise BadAnswer("document type not allowed")
    if etree.QName(root).localname != "StructureSpecificData":
        raise BadAnswer(f"<{etree.QName(root).localname}> instead of <StructureSpecificData>")
    return {series.idbank: series for series in map(_series, root.iter("Series"))}


def _series(node) -> Series:
    newest = _day(node.get("LAST_UPDATE"))
    observations = []
    for place, observation in enumerate(node.iter("Obs")):
        published = _day(observation.get("DATE_JO")) or (newest if place == 0 else None)
        if (value := observation.get("OBS_VALUE", "NaN")) != "NaN":
            observations.append(
                Observation(
                    period=observation.get("TIME_PERIOD", ""),
                    value=value,
                    is_final=observation.get("OBS_STATUS", "A") in FINAL_STATUS
                    and observation.get("OBS_QUAL", "") in FINAL_QUALITY,
                    published=published,
                )
            )
    decimals = node.get("DECIMALS", "")
    return Series(
        idbank=node.get("IDBANK", ""),
        title=node.get("TITLE_FR", ""),
        frequency=FREQUENCIES.get(node.get("FREQ", ""), ""),
        decimals=int(decimals) if decimals.isdecimal() else 0,
        is_stopped=node.get("SERIE_ARRETEE", "").lower() in YES,
        observations=tuple(observations),
    )


def _day(text) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None

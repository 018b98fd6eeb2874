"""What was likely meant by a value that is refused, for `did you mean`: it suggests, and never decides."""

from __future__ import annotations

import re
from datetime import date

from graph.text import bare

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
DAYS = (  # day first, as in London
    re.compile(r"(?P<day>[0-9]{1,2})[/. -](?P<month>[0-9]{1,2})[/. -](?P<year>[0-9]{4}|[0-9]{2})"),
    re.compile(r"(?P<year>[0-9]{4})[/. -](?P<month>[0-9]{1,2})[/. -](?P<day>[0-9]{1,2})(?:[t ][0-9:.z+-]*)?"),
    re.compile(
        r"(?:(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?[ -])?(?P<month>[a-z]{3,9})\.?[ ,-]{1,2}(?P<year>[0-9]{4}|[0-9]{2})"
    ),
)
ACADEMIC_YEAR = re.compile(r"([0-9]{4}) ?[-/–] ?(?:[0-9]{2})?([0-9]{2})")
NUMBER = re.compile(r"[£$€]? ?(?P<whole>[0-9]{1,3}(?:[, ][0-9]{3})+|[0-9]+)(?P<part>\.[0-9]+)?")
HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/[^\s\"<>\\^`{|}]*)?", re.IGNORECASE)
NO_KEY = re.compile(r"[^A-Za-z0-9._~/-]+")
PLACEHOLDERS = frozenset(
    ["tbc", "tbd", "tba", "none", "null", "nil", "n/a", "na", "n.a.", "unknown", "-", "--", "?", "??"],
)


def day(said: str) -> str:
    """`1/10/2025` and `1 Oct 2025` as `2025-10-01`; empty where it is like no date."""
    found = next(filter(None, (form.fullmatch(said.lower()) for form in DAYS)), None)
    if not found:
        return ""
    year, month = f"20{found['year']}"[-4:], _month(found["month"])
    try:
        whole = date(int(year), month, int(found["day"] or 1)).isoformat()
    except ValueError:
        return ""
    return whole if found["day"] else whole[:7]


def academic_year(said: str) -> str:
    """`2026-27` and `2026/2027` as `2026/27`."""
    found = ACADEMIC_YEAR.fullmatch(said)
    return f"{found[1]}/{found[2]}" if found and (int(found[1]) + 1) % 100 == int(found[2]) else ""


def several(said: str) -> str:
    """`GB-CHC-1, GB-COH-2` as `GB-CHC-1; GB-COH-2`."""
    parts = list(filter(None, map(str.strip, said.split(","))))
    return "; ".join(parts) if len(parts) > 1 and not re.search(r"\s", "".join(parts)) else ""


def _month(said: str) -> int:
    """1 to 12, or 0 where it is no month."""
    if said.isdigit():
        return int(said)
    return next((number for number, name in enumerate(MONTHS, 1) if name.startswith(said)), 0)


def number(said: str) -> str:
    """`£12,500` as `12500`."""
    found = NUMBER.fullmatch(said)
    plain = re.sub("[, ]", "", found["whole"]) + (found["part"] or "") if found else ""
    return "" if plain == said else plain


def whole(said: str) -> str:
    """`1,200` and `1200.0` as `1200`."""
    plain = re.sub(r"\.0+$", "", number(said) or said)
    return plain if plain.isdecimal() and plain != said else ""


def url(said: str) -> str:
    """`www.example.org` as `https://www.example.org`."""
    return f"https://{said}" if HOST.fullmatch(said) else ""


def key(said: str) -> str:
    """`Hackney Youth` as `hackney-youth`."""
    plain = NO_KEY.sub("-", said if said.isupper() else bare(said)).strip("-")
    return plain if len(plain) <= 200 else ""


def is_placeholder(said: str) -> bool:
    """Whether it stands for nothing, as `TBC` does."""
    return said.strip().lower() in PLACEHOLDERS

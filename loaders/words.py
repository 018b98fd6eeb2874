"""The words that a made-up city is named with."""

from __future__ import annotations

SCHOOLS = ("School of Kindness", "School of Made Things", "School of Numbers", "School of Law & Letters")
UNITS = (
    *(("school", name) for name in SCHOOLS),
    *(("professional_service", name) for name in ("Civic Desk", "Placements Desk")),
    *(("centre", name) for name in ("Centre for Neighbourly Research", "Centre for Urban Soil", "L'Atelier")),
    *(("clinic", name) for name in ("Debt Clinic", "Nutrition Clinic", "Design Clinic")),
)
MODULES = ("Street Work", "City Work", "Listening", "Counting Together", "Mending", "Leading Change")
FORMS = {  # what organisations are called, by type, the commonest first
    "charity": ("Trust", "Foundation", "Fund", "Association"),
    "grassroots": ("Circle", "Neighbours", "Collective", "Action"),
    "small_business": ("Ltd", "& Daughters", "Studio", "Co-operative"),
    "school": ("Primary School", "School", "Académie"),
    "sports_club": ("Club", "Harriers", "Rovers"),
    "local_authority": ("Council", "Service"),
    "other": ("Forum", "Network", "Café"),
    "nhs_trust": ("Health Trust", "Clinic"),
    "funder": ("Endowment", "Fund"),
    "further_education": ("College", "Sixth Form"),
    "higher_education": ("University", "Institute"),
}


def words_of(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STARTS = words_of(
    "Amber Brindle Cinder Dapple Élan Fern Gossamer Hazel Indigo Juniper Kestrel Lark Marl Nørre Ochre Quince "
    "Russet Silver Tansy Umber Velvet Willow Xylo Yarrow Žabi Thistle Señor O'Finch D'Arbre Mallow Łąka"
)
ENDS = words_of(
    "quill mere wick combe holt thwaite fennel lantern brook moss whistle garth dove nettle spire acre ember "
    "shaw heron lock plume ridge tarn vale weir yard bram cress drift eaves gale hythe"
)
WORKS = words_of(
    "Youth Garden Food Housing Arts Elders’ Family Women's Street Repair Music Advice Language Cycling River "
    "Kitchen Library Mentoring Refugee Football Allotment Energy Carers’ Skills Dance Welcome Boxing Film"
)
GIVEN = words_of("Zoë Amara Bjørn Chidi Dilnoza Éloïse Farid Grażyna Hana Ifeoma José Keir Leïla Mai Ngozi Órla")
FIELDS = words_of("housing nutrition policing youth-work ecology migration statistics design law sport ageing")
POSTS = ("Senior Lecturer", "Lecturer", "", "Professor", "Technician", "Clinic Manager")
PLANS = ("Mapping", "Growing", "Opening", "Sharing", "Rethinking", "Listening for", "Counting", "Mending")
GROUPS = ("young people", "carers", "families", "older residents", "new arrivals", "tenants")
AREAS = ("north London communities", "along the old canal", "the estates by the river", "across London")
MEASURES = ("people reached", "workshops held", "hours of advice", "meals served", "trees planted")

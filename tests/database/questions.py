"""Operations written by hand over the world of `tests.world`, which together ask for every part of a plan."""

from __future__ import annotations

QUESTIONS: dict[str, str] = {
    "constants": "{ __typename }",
    "graph": "{ graph { __typename version contentHash counts { name count } "
    "sources { sourceId rows loadId rank date } } }",
    "one": '{ partner(id: "partner:acorn") { id name aliases type orgIds sources locators website description } }',
    "one that is not": '{ partner(id: "partner:ghost") { id } borough(id: "partner:acorn") { id } }',
    "node": '{ node(id: "borough:hackney") { __typename id ... on Entity { name } '
    "... on Borough { area population part } } }",
    "nodes": '{ nodes(ids: ["challenge:crime", "nothing", "partner:cafe", "partner:cafe"]) { id '
    "... on Entity { name } __typename } }",
    "nodes of steps": '{ nodes(ids: ["partner:acorn", "project:garden"]) { ... on Partner { borough { name } } '
    "... on Project { challenges { nodes { name } } } } }",
    "variable ids": "query ($ids: [ID!]! = []) { nodes(ids: $ids) { id } }",
    "page": "{ partners { nodes { id name } totalCount } }",
    "first": "{ partners(first: 2) { nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
    "last": "{ partners(last: 2) { edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage } } }",
    "last of steps": '{ project(id: "project:garden") { partners(last: 2) { edges { role node { name } } '
    "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }",
    "info alone": "{ boroughs(first: 1) { pageInfo { hasNextPage } } }",
    "nothing": '{ units(where: {name: {eq: "none"}}) { totalCount nodes { name } '
    "pageInfo { hasNextPage endCursor } } }",
    "nulls last": "{ projects(orderBy: [{funding: ASC}]) { nodes { id funding } } }",
    "nulls last when descending": "{ projects(orderBy: [{funding: DESC}, {startDate: DESC}]) { nodes { id } } }",
    "nulls last from the end": "{ projects(orderBy: [{endDate: DESC}], last: 4) { nodes { id endDate } } }",
    "booleans in order": "{ placements(orderBy: [{portfolioSubmitted: DESC}]) { edges { cursor node { name } } } }",
    "enums in order": "{ partners(orderBy: [{type: ASC}, {name: DESC}]) { nodes { id type } } }",
    "by the relation": '{ project(id: "project:garden") { partners(orderBy: [{edge: {hours: DESC}}]) '
    "{ edges { cursor role hours inKind since node { id } } } } }",
    "twice the same pair": '{ partner(id: "partner:acorn") { projects { totalCount edges { role until } } } }',
    "to one": "{ partners { nodes { id borough { name } boroughEdge { since until node { id } sources } } } }",
    "to one of itself": "{ partners { nodes { id parent { id parent { id parent { name } } } } } }",
    "to one backwards": '{ module(id: "module:m") { unit { name } placements { nodes { host { name } } } } }',
    "undated to one": "{ placements { nodes { name host { id } module { code } } } }",
    "symmetric": "{ boroughs { nodes { name neighbours { edges { boundary boundaryLength node { name } } } } } }",
    "deep": "{ challenges { nodes { projects(first: 2) { nodes { partners(first: 3) { nodes { borough { "
    "neighbours { nodes { basedPartners(first: 2) { totalCount nodes { name } } } } } } } } } } } }",
    "nested pages": "{ boroughs(first: 2) { nodes { basedPartners(first: 1) { nodes { projects(first: 1) { nodes { "
    "name challenges(first: 2) { pageInfo { hasNextPage } nodes { name } } } pageInfo { hasNextPage } } } "
    "pageInfo { hasNextPage } } } pageInfo { hasNextPage } } }",
    "nested lasts": "{ boroughs(last: 3) { nodes { name basedPartners(last: 1) { nodes { name projects(last: 1) { "
    "nodes { name } pageInfo { hasPreviousPage } } } pageInfo { hasPreviousPage } } } pageInfo { hasPreviousPage } } }",
    "aliases": "{ a: partners(first: 1) { nodes { x: name y: name } nodes { id } t: totalCount u: totalCount } "
    "b: partners(last: 1) { edges { node { name } } nodes { id } } }",
    "counted on the way": "{ a: projects(first: 2, orderBy: [{funding: DESC}]) { totalCount pageInfo { hasNextPage } "
    "nodes { name challenges(first: 1) { totalCount pageInfo { hasNextPage } nodes { name } } } t: totalCount } "
    "b: projects(last: 2, orderBy: [{funding: DESC}]) { nodes { name } totalCount pageInfo { hasPreviousPage } } "
    "c: projects(orderBy: [{funding: DESC}]) { totalCount groups(by: [TYPE]) { count } } }",
    "equal": '{ partners(where: {name: {eq: "Acorn"}}) { nodes { id } totalCount } }',
    "not equal": "{ partners(where: {type: {ne: CHARITY}}) { nodes { id } totalCount } }",
    "in": '{ partners(where: {name: {in: ["Acorn", "zebra", "x"]}, type: {in: []}}) { totalCount } '
    "p: partners(where: {status: {in: [ACTIVE, ENDED]}}) { nodes { id } } }",
    "greater": '{ partners(where: {name: {gt: "Zebra"}}) { nodes { id } } b: partners(where: {name: {gte: "Zebra"}}) '
    "{ nodes { id } } }",
    "less": '{ partners(where: {name: {lt: "Zebra"}}) { nodes { id } } b: projects(where: {funding: {lte: 0}}) '
    "{ nodes { id } } }",
    "wide": '{ a: partners(where: {name: {gt: "\ue000"}}) { nodes { id } } b: partners(where: {name: {lt: "🌳 U"}}) '
    '{ nodes { id } } c: partners(where: {description: {gte: "\ufffd"}}) { nodes { id } } }',
    "dates": '{ projects(where: {startDate: {gte: "2023", lt: "2023-04-01"}}) { nodes { id startDate } } }',
    "contains": '{ partners(where: {description: {contains: "100%"}}) { nodes { id } } '
    'b: partners(where: {name: {contains: ""}}) { totalCount } c: partners(where: {name: {contains: "ACORN"}}) '
    "{ totalCount } }",
    "folded": '{ a: partners(where: {name: {containsIgnoreCase: "CAFÉ OLES"}}) { nodes { id } } '
    'b: partners(where: {name: {containsIgnoreCase: "o\'hara"}}) { nodes { id } } '
    'c: partners(where: {description: {containsIgnoreCase: "ACORNS"}}) { nodes { id } } '
    'd: challenges(where: {name: {containsIgnoreCase: "sante"}}) { nodes { id } } }',
    "starts": '{ partners(where: {name: {startsWith: "Caf"}, website: {startsWith: ""}}) { nodes { id } } '
    'b: partners(where: {name: {startsWith: "🌳"}}) { nodes { id } } }',
    "missing": "{ a: partners(where: {type: {eq: null}}) { nodes { id } } b: partners(where: {type: {isNull: false}}) "
    "{ totalCount } c: partners(where: {aliases: {isEmpty: true}}) { nodes { id } } "
    "d: partners(where: {postcode: {ne: null}}) { nodes { id } } }",
    "has": '{ partners(where: {aliases: {has: "Oak"}, sources: {has: "source:register"}}) { nodes { id } } }',
    "logic": '{ partners(where: {or: [{type: {eq: CHARITY}}, {not: {status: {eq: ACTIVE}}}], '
    'and: [{name: {ne: "x"}}]}) { nodes { id } totalCount } }',
    "not of missing": "{ partners(where: {not: {type: {eq: CHARITY}}}) { nodes { id } } "
    "b: partners(where: {not: {not: {type: {eq: CHARITY}}}}) { nodes { id } } }",
    "none of none": "{ a: partners(where: {or: []}) { totalCount } b: partners(where: {and: []}) { totalCount } "
    "c: partners(where: {not: {or: []}}) { totalCount } }",
    "some": '{ partners(where: {servedBoroughs: {some: {name: {eq: "Hackney"}}}}) { nodes { id } totalCount } }',
    "none": '{ partners(where: {projects: {none: {name: {startsWith: "G"}}}}) { nodes { id } totalCount } }',
    "every": "{ partners(where: {projects: {every: {status: {eq: ACTIVE}}}}) { nodes { id } totalCount } }",
    "edge": "{ partners(where: {projects: {edge: {role: {eq: LEAD}}}}) { nodes { id } } "
    "b: partners(where: {projects: {some: {}, edge: {hours: {gt: 1}}}}) { nodes { id } } }",
    "to one where": '{ partners(where: {borough: {name: {eq: "Hackney"}}}) { nodes { id } totalCount } '
    'b: partners(where: {not: {borough: {name: {eq: "Hackney"}}}}) { totalCount } }',
    "to one edge": '{ partners(where: {boroughEdge: {since: {gte: "2020"}}}) { nodes { id } } '
    "b: partners(where: {boroughEdge: {since: {isNull: true}}}) { nodes { id } } }",
    "relation of relations": '{ boroughs(where: {basedPartners: {some: {projects: {some: {challenges: {some: {name: '
    '{eq: "Health"}}}}}}}}) { nodes { name } totalCount } b: partners(where: {parent: {parent: {borough: {part: '
    "{eq: INNER}}}}}) { nodes { id } } }",
    "there and back": '{ partners(where: {projects: {some: {partners: {some: {name: {eq: "Acorn"}}}}}}) '
    "{ nodes { id } totalCount } boroughs(where: {neighbours: {some: {neighbours: {none: {name: "
    '{eq: "Newham"}}}}}}) { nodes { id } } }',
    "where in steps": "{ projects { nodes { id partners(where: {status: {eq: ACTIVE}}, edge: {hours: {isNull: true}}) "
    "{ totalCount edges { role node { name } } } } } }",
    "groups": "{ partners { groups(by: TYPE) { __typename count keys { __typename value node { id } } } } }",
    "groups of booleans": "{ placements { groups(by: PORTFOLIO_SUBMITTED) { count keys { value } } } }",
    "groups of numbers": "{ modules { groups(by: CREDITS) { count keys { value } } } }",
    "groups by to one": "{ partners { groups(by: BOROUGH) { count keys { value node { ... on Borough { name "
    "neighbours(first: 1) { nodes { name } } } } } } } }",
    "groups by to many": "{ partners { groups(by: PROJECTS, first: 2) { count keys { value node { name } } } } }",
    "groups where": "{ partners(where: {type: {isNull: false}}, first: 1) { groups(by: STATUS) "
    "{ count keys { value } } } }",
    "groups of steps": "{ boroughs { nodes { name basedPartners { groups(by: TYPE) { count keys { value } } } "
    "neighbours { groups(by: PART) { count keys { value } } } } } }",
    "groups of dates": "{ projects { y: groups(by: START_DATE_YEAR) { count keys { value } } "
    "m: groups(by: START_DATE_MONTH) { count keys { value node { id } } } "
    "a: groups(by: START_DATE_ACADEMIC_YEAR) { count keys { value } } } }",
    "groups of the relation": '{ project(id: "project:garden") { partners { r: groups(by: EDGE_ROLE) '
    "{ __typename count keys { value } } s: groups(by: EDGE_SINCE_YEAR) { count keys { value } } } } "
    'champion(id: "champion:ada") { challenges { groups(by: EDGE_ACADEMIC_YEAR) { keys { value } '
    "sum { edge { hours } } } } } }",
    "sums": "{ projects { groups(by: STATUS) { sum { __typename funding f: funding } average { funding } } } "
    "boroughs { groups(by: PART) { count sum { area population } average { area population } } } }",
    "sums of the relation": '{ project(id: "project:garden") { partners { groups(by: EDGE_ROLE) { sum { edge { '
    "__typename hours inKind } } average { edge { hours } } } } challenges { groups(by: POSITION) { count sum { "
    'position edge { share } } } } } indicator(id: "indicator:asylum") { boroughs { groups(by: EDGE_PERIOD) '
    "{ keys { value } sum { population edge { value } } average { area edge { value } } } } } }",
    "sums by relation": "{ partners { nodes { id projects { groups(by: CHALLENGES) { keys { value node { name } } "
    "count sum { funding edge { hours inKind } } average { edge { hours } } } } } } "
    "boroughs { groups(by: NEIGHBOURS) { keys { node { name } } sum { population } } } }",
    "as of": '{ a: partner(id: "partner:acorn", asOf: "2020-12-31") { borough { name } boroughEdge { since until } } '
    'b: partner(id: "partner:acorn", asOf: "2021-01-01") { borough { name } } '
    'c: partner(id: "partner:acorn", asOf: "2018-12-31") { borough { name } } partner(id: "partner:acorn") '
    '{ borough { name } } d: partner(id: "partner:trees", asOf: "2020-05-01") { borough { name } } '
    'e: partner(id: "partner:trees", asOf: "2020-04-30") { borough { name } } }',
    "as of, a page": '{ partners(asOf: "2020-12-31", where: {borough: {name: {eq: "Hackney"}}}) { totalCount '
    'nodes { id } groups(by: BOROUGH) { keys { value } count } } b: boroughs(asOf: "2021-01-01") { nodes { id '
    "basedPartners { totalCount nodes { id } } } groups(by: BASED_PARTNERS) { keys { value node { ... on Partner { "
    "borough { id } } } } count } } }",
    "as of, conditions": '{ partners(asOf: "2018-06-01", where: {boroughEdge: {since: {isNull: false}}}) '
    '{ nodes { id } } b: boroughs(asOf: "2022-01-01", where: {basedPartners: {none: {id: {eq: "partner:acorn"}}}}) '
    '{ nodes { id } } c: boroughs(asOf: "2022-01-01", where: {basedPartners: {every: {id: {eq: "partner:acorn"}}}}) '
    '{ totalCount } d: boroughs(asOf: "2019-01-01", where: {basedPartners: {edge: {until: {isNull: false}}}}) '
    '{ nodes { id } } e: partners(asOf: "2022-01-01", where: {projects: {some: {}}}) { nodes { id '
    "projects { edges { role } } } } }",
    "as of, one": '{ a: champion(id: "champion:ada", asOf: "2019-12-31") { unit { name } } '
    'b: champion(id: "champion:ada", asOf: "2023-12-31") { unit { name } } '
    'project(id: "project:garden", asOf: "2023-12-31") '
    "{ partners { groups(by: EDGE_ROLE) { keys { value } sum { edge { hours } } } } } }",
    "search": '{ search(text: "acorn") { __typename totalCount nodes { __typename id name ... on Partner { borough '
    "{ name } projects(first: 1) { nodes { name } } } } edges { cursor __typename node { id aliases } } } }",
    "search by parts": '{ a: search(text: "caf") { nodes { id } } b: search(text: "OLÉS café") { nodes { id } } '
    'c: search(text: "ol tr") { totalCount } d: search(text: "tr oak") { nodes { id } } e: search(text: "w") '
    "{ nodes { id } } }",
    "search nothing": '{ a: search(text: "") { totalCount nodes { id } pageInfo { hasNextPage endCursor } } '
    'b: search(text: " *?-") { edges { cursor } } c: search(text: "🌳") { totalCount } '
    'd: search(text: "e", kinds: []) { totalCount nodes { id } } }',
    "search is no language": """{ a: search(text: "acorn OR cafe") { totalCount } b: search(text: "\\"acorn\\"") {
    nodes { id } } c: search(text: "name:acorn") { totalCount } d: search(text: "acorn AND NOT oak") { totalCount }
    e: search(text: "ac*rn") { totalCount } f: search(text: "(acorn") { totalCount } g: search(text: "acorn~2 ^ +") {
    totalCount } h: search(text: "o'hara'; --") { nodes { id } } i: search(text: "[a TO z]") { totalCount } }""",
    "search kinds": '{ search(text: "e", kinds: [BOROUGH, CHALLENGE, STUDENT]) { totalCount nodes { id } } '
    's: search(text: "student", kinds: STUDENT) { totalCount } }',
    "search wide": '{ a: search(text: "private") { nodes { id } } b: search(text: "trees for") { edges { cursor } } }',
    "search pages": '{ a: search(text: "e", first: 2) { nodes { id } pageInfo { hasNextPage hasPreviousPage } } '
    'b: search(text: "e", last: 2) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor } } }',
    "search personal": '{ a: search(text: "soil") { nodes { id name } } b: search(text: "ada soil") { nodes { id } } }',
    "provenance": '{ partner(id: "partner:acorn") { provenance { __typename sourceId locator source { name '
    "rank licence date } values { __typename property value shown } } } }",
    "provenance of many": "{ partners { nodes { id provenance { sourceId values { p: property p2: property "
    'v: value } } } } nodes(ids: ["placement:p3", "student:s2", "borough:hackney", "source:sheet"]) { id '
    "... on Entity { provenance { locator values { property value shown } } } } "
    'source(id: "source:sheet") { provenance { source { provenance { '
    "sourceId source { id } } } } } }",
    "provenance behind a step": "{ projects { nodes { partners(first: 2) { edges { node { provenance { values { value "
    "property } sourceId } } } } } } partners { groups(by: BOROUGH) { keys { node { provenance { "
    'source { id } } } } } } search(text: "acorn") { nodes { provenance { sourceId locator } } } }',
    "path": '{ path(from: "borough:kensington", to: "challenge:poverty", maxHops: 6) { __typename node { __typename '
    "name ... on Borough { neighbours { totalCount } } } relation direction since until } }",
    "path via": '{ a: path(from: "partner:acorn", to: "borough:hackney", via: SERVES) { node { id } since } '
    'b: path(from: "partner:cafe", to: "partner:zebra", via: [SUCCEEDS]) { relation direction } '
    'c: path(from: "borough:islington", to: "borough:newham") { relation direction node { id } } }',
    "path nowhere": '{ a: path(from: "partner:acorn", to: "challenge:crime") { node { id } } '
    'b: path(from: "x", to: "partner:acorn") { node { id } } c: path(from: "unit:lab", to: "unit:lab") { relation '
    "node { name } } }",
    "neighbourhood": '{ neighbourhood(of: "borough:hackney", hops: 2, limit: 30) { __typename nodes { __typename id '
    "... on Partner { projects(first: 1) { nodes { name } } } } links { __typename from to relation since until } "
    "hasMore } }",
    "neighbourhood of kinds": '{ a: neighbourhood(of: "challenge:health", kinds: [PROJECT, PARTNER], limit: 3) '
    '{ nodes { id } links { from to } hasMore } b: neighbourhood(of: "challenge:crime") { nodes { id } links { from } '
    'hasMore } c: neighbourhood(of: "x") { hasMore } }',
    "introspection beside": '{ __type(name: "Partner") { name } partners(first: 1) { nodes { id } } '
    "__schema { __typename } }",
}  # fmt: skip

ORDERS = (
    "[{name: ASC}]",
    "[{name: DESC}]",
    "[{type: ASC}, {name: DESC}]",
    "[{sizeBand: DESC}, {description: ASC}]",
    "[{id: DESC}]",
)

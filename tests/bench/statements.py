"""The questions that are measured: as GraphQL, and as the SQL and Cypher that somebody who knows it would write."""

PAGE = """
query Page {
  partners(first: 20) {
    nodes {
      id name
      borough { id name }
      projects(first: 10) {
        nodes {
          id name
          challenges { nodes { id name } }
          champions(first: 5) { nodes { id name } }
          students(first: 5) { nodes { id name } }
        }
      }
    }
  }
}
"""

PAGE_SQL = """
SELECT json_object('partners', json_object('nodes', json((
  SELECT json_group_array(json_object(
    'id', p.id, 'name', p.name,
    'borough', json((
      SELECT json_object('id', b.id, 'name', b.name)
      FROM Partner_BASED_IN_Borough e CROSS JOIN Borough b ON b.id = e."to"
      WHERE e."from" = p.id ORDER BY e.since DESC NULLS LAST, b.id LIMIT 1)),
    'projects', json_object('nodes', json((
      SELECT json_group_array(json_object(
        'id', j.id, 'name', j.name,
        'challenges', json_object('nodes', json((
          SELECT json_group_array(json_object('id', id, 'name', name)) FROM (
            SELECT c.id, c.name FROM Project_ADDRESSES_Challenge e CROSS JOIN Challenge c ON c.id = e."to"
            WHERE e."from" = j.id ORDER BY c.name, c.id LIMIT 20)))),
        'champions', json_object('nodes', json((
          SELECT json_group_array(json_object('id', id, 'name', name)) FROM (
            SELECT c.id, c.name FROM Champion_SUPPORTS_Project e CROSS JOIN Champion c ON c.id = e."from"
            WHERE e."to" = j.id ORDER BY c.name, c.id LIMIT 5)))),
        'students', json_object('nodes', json((
          SELECT json_group_array(json_object('id', id, 'name', name)) FROM (
            SELECT s.id, s.name FROM Student_TAKES_PART_IN_Project e CROSS JOIN Student s ON s.id = e."from"
            WHERE e."to" = j.id ORDER BY s.name, s.id LIMIT 5))))
      )) FROM (
        SELECT j.id, j.name FROM Partner_TAKES_PART_IN_Project e CROSS JOIN Project j ON j.id = e."to"
        WHERE e."from" = p.id ORDER BY j.name, j.id, e.key LIMIT 10) j)))
  )) FROM (SELECT id, name FROM Partner ORDER BY name, id LIMIT 20) p))))
"""

PAGE_CYPHER = """
MATCH (p:Partner) WHERE p.name IS NOT NULL
WITH p ORDER BY p.name, p.id LIMIT 20
CALL (p) {
  MATCH (p)-[e:BASED_IN]->(b:Borough)
  WITH e, b ORDER BY e.since IS NULL, e.since DESC, b.id LIMIT 1
  RETURN collect({id: b.id, name: b.name}) AS boroughs
}
CALL (p) {
  MATCH (p)-[e:TAKES_PART_IN]->(j:Project)
  WITH e, j ORDER BY j.name, j.id, e._key LIMIT 10
  CALL (j) {
    MATCH (j)-[:ADDRESSES]->(c:Challenge)
    WITH c ORDER BY c.name, c.id LIMIT 20
    RETURN collect({id: c.id, name: c.name}) AS challenges
  }
  CALL (j) {
    MATCH (j)<-[:SUPPORTS]-(c:Champion)
    WITH c ORDER BY c.name, c.id LIMIT 5
    RETURN collect({id: c.id, name: c.name}) AS champions
  }
  CALL (j) {
    MATCH (j)<-[:TAKES_PART_IN]-(s:Student)
    WITH s ORDER BY s.name, s.id LIMIT 5
    RETURN collect({id: s.id, name: s.name}) AS students
  }
  RETURN collect({
    id: j.id, name: j.name,
    challenges: {nodes: challenges}, champions: {nodes: champions}, students: {nodes: students}
  }) AS projects
}
RETURN {partners: {nodes: collect({id: p.id, name: p.name, borough: head(boroughs), projects: {nodes: projects}})}}
"""

FILTER = """
query Filter {
  partners(first: 20, where: {borough: {name: {eq: "Harrow"}}}) { totalCount nodes { id name } }
}
"""

FILTER_SQL = """
WITH harrow AS (
  SELECT e."from" AS id FROM Borough b JOIN Partner_BASED_IN_Borough e ON e."to" = b.id
  WHERE b.name = 'Harrow' AND NOT EXISTS (
    SELECT 1 FROM Partner_BASED_IN_Borough o WHERE o."from" = e."from" AND (
      o.since > e.since OR (o.since IS NOT NULL AND e.since IS NULL) OR (o.since IS e.since AND o."to" < e."to"))))
SELECT json_object('partners', json_object(
  'totalCount', (SELECT count(*) FROM harrow),
  'nodes', json((SELECT json_group_array(json_object('id', id, 'name', name)) FROM (
    SELECT p.id, p.name FROM Partner p WHERE p.id IN (SELECT id FROM harrow) ORDER BY p.name, p.id LIMIT 20)))))
"""

FILTER_CYPHER = """
MATCH (b:Borough {name: 'Harrow'})<-[e:BASED_IN]-(p:Partner)
WHERE NOT EXISTS {
  MATCH (p)-[o:BASED_IN]->(c:Borough)
  WHERE o <> e AND (o.since > e.since OR (o.since IS NOT NULL AND e.since IS NULL)
    OR ((o.since = e.since OR (o.since IS NULL AND e.since IS NULL)) AND c.id < b.id))
}
WITH collect(p) AS found
CALL (found) {
  UNWIND found AS p
  WITH p ORDER BY p.name, p.id LIMIT 20
  RETURN collect(p {.id, .name}) AS nodes
}
RETURN {partners: {totalCount: size(found), nodes: nodes}}
"""

DEEP = """
query Deep($after: String) {
  partners(first: 20, after: $after) { nodes { id name status } pageInfo { hasNextPage endCursor } }
}
"""

SMALL = "query Small($id: ID!) { partner(id: $id) { id name borough { name } } }"
SMALL_VARIABLES = {"id": "partner:made-up-p000007"}

// Audits the GraphQL endpoint at an address, and prints each audit's outcome as JSON.
import { auditServer } from "graphql-http";

const outcomes = await auditServer({ url: process.argv[2] });
console.log(JSON.stringify(outcomes.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));

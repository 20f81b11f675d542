/**
 * The contract between the daemon and its clients: the shapes on the wire, the error codes with their HTTP status, and
 * what follows from a record alone. Its schemas are in `contract/`, one file for each capability, and other code imports them
 * from here, except for what a daemon needs for its first answers: building all of them takes time. `facts.ts` and
 * `capabilities.ts` can be imported alone, without schemas.
 */
export * from "./capabilities.ts";
export * from "./contract/access.ts";
export * from "./contract/audit.ts";
export * from "./contract/backup.ts";
export * from "./contract/clean-up.ts";
export * from "./contract/connections.ts";
export * from "./contract/connector.ts";
export * from "./contract/daemon.ts";
export * from "./contract/grants.ts";
export * from "./contract/incidents.ts";
export * from "./contract/oauth.ts";
export * from "./contract/permissions.ts";
export * from "./contract/policy.ts";
export * from "./contract/problem.ts";
export * from "./contract/profiles.ts";
export * from "./contract/registration.ts";
export * from "./contract/remote-tokens.ts";
export * from "./contract/rotation.ts";
export { type CalendarDuration, calendarDuration, resource, type UserInfo } from "./contract/scalars.ts";
export * from "./contract/tokens.ts";
export * from "./contract/usage.ts";
export * from "./contract/verification.ts";
export * from "./facts.ts";

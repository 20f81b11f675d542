/** The routes for the daemon itself: its events, health, metrics and stop. */
import { createHmac } from "node:crypto";
import * as contract from "../../contract.ts";
import { RuleError } from "../../rules/rule-error.ts";
import { StoreUnreachable } from "../../store/store.ts";
import { textOf } from "../events.ts";
import { type Route, route } from "../route.ts";
import type { RouteParts } from "./parts.ts";

const { apiPermissions } = contract;

/** To list all tokens is less than to read more. */
const missedCharacters = 500_000;

export function daemonRoutes(parts: RouteParts): Route[] {
	const { authority, events, metrics, version } = parts;
	return [
		route({
			method: "get",
			path: "/v1/events",
			operationId: "streamEvents",
			tag: "Daemon",
			summary: "Stream every change",
			description:
				"Server-sent events, named `hello`, `token`, `dead-token-used`, `audit`, `profiles` and `connections`. A shared server goes on after the event in `Last-Event-ID`, at any replica, if `hello`, the first event, says that it has `resumed`. Otherwise list the tokens again.",
			problems: ["owner-only", "too-many-streams"],
			caller: apiPermissions.read,
			answers: {
				status: 200,
				description: "The stream, which the daemon does not end",
				type: "text/event-stream",
			},
			query: contract.eventsQuery,
			handle: async ({ caller, query: { workspace }, response }) => {
				if (workspace !== undefined && caller.token !== undefined)
					throw new RuleError("owner-only", "Only the owner of this daemon can name a workspace.");
				const hello = { version, protocol: contract.protocol, notices: await parts.notices() };
				const tokenId = (caller.token ?? caller.administrator)?.id;
				await beginAfter(parts, response.req.headers["last-event-id"], (resumed, beginning) => {
					if (response.closed) return;
					const following = authority.access.follow(caller, apiPermissions.read);
					events.attach(response, { ...hello, ...resumed }, { ...following, workspace, tokenId }, beginning);
				});
				return undefined;
			},
		}),
		route({
			method: "post",
			path: "/v1/shutdown",
			operationId: "stopDaemon",
			tag: "Daemon",
			summary: "Stop the daemon",
			caller: "owner",
			answers: { status: 202, description: "The daemon is stopping" },
			handle: ({ response }) => {
				response.writeHead(202).end();
				parts.onShutdown();
				return undefined;
			},
		}),
		route({
			method: "get",
			path: "/healthz",
			operationId: "getHealth",
			tag: "Daemon",
			summary: "Check that the daemon is running",
			description: "With a challenge, the answer proves that this daemon wrote `daemon.json`.",
			caller: "none",
			query: contract.healthQuery,
			answers: { status: 200, description: "The daemon is running", schema: contract.health },
			handle: ({ query }) => ({ body: healthOf(parts, query.challenge) }),
		}),
		route({
			method: "get",
			path: "/readyz",
			operationId: "getReadiness",
			tag: "Daemon",
			summary: "Check that verifications can be answered",
			description:
				"A shared server that is cut off from its database can't answer, unless it was started with `--serve-stale`: then its status is `stale` for that long.",
			caller: "none",
			isAnsweredStale: true,
			answers: { status: 200, description: "The daemon can answer", schema: contract.readiness },
			handle: () => ({ body: readinessOf(parts.store) }),
		}),
		route({
			method: "get",
			path: "/metrics",
			operationId: "getMetrics",
			tag: "Daemon",
			summary: "Get metrics for Prometheus",
			caller: apiPermissions.read,
			isAnsweredStale: true,
			answers: { status: 200, description: "The metrics in Prometheus's text format", type: "text/plain" },
			handle: async ({ response }) => {
				const { type, text } = await metrics.text();
				response
					.writeHead(200, { "Content-Type": type, "Content-Length": Buffer.byteLength(text) })
					.end(text);
				return undefined;
			},
		}),
	];
}

type Begin = (
	resumed: { resumed?: boolean },
	beginning: { id?: string | undefined; missed?: string[] },
) => void;

/** Calls `begin` in the moment from which on the stream has to send what happens. */
async function beginAfter(
	{ authority: { announcements } }: RouteParts,
	lastEventId: string | string[] | undefined,
	begin: Begin,
): Promise<void> {
	if (typeof lastEventId !== "string" || lastEventId === "") return begin({}, { id: announcements.lastId });
	await announcements.after(lastEventId, (events) => {
		const missed = events?.map(({ name, data, id }) => textOf(name, data(), id)) ?? [];
		const length = missed.reduce((sum, text) => sum + text.length, 0);
		if (events === undefined || length > missedCharacters)
			begin({ resumed: false }, { id: announcements.lastId });
		else begin({ resumed: true }, { id: lastEventId, missed });
	});
}

function readinessOf(store: RouteParts["store"]): contract.Readiness {
	if (store.isCurrent()) return { status: "ready" };
	const staleSeconds = store.staleSeconds();
	if (staleSeconds !== undefined) return { status: "stale", staleSeconds };
	throw new StoreUnreachable(undefined, "The database can't be reached.");
}

function healthOf(parts: RouteParts, challenge: string | undefined): contract.Health {
	const { protocol } = contract;
	const health: contract.Health = { status: "ok", version: parts.version, protocol };
	// Only the daemon that wrote daemon.json knows the owner key; another process on its port can't give this proof.
	if (challenge !== undefined)
		health.proof = createHmac("sha256", parts.ownerKey).update(challenge).digest("hex");
	return health;
}

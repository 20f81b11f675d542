/**
 * What is believed of a shared server's answers: shapes of the contract, in bounds. A server that answers anything else has
 * failed; views and commands never see such an answer. Fields that only a newer server knows are let through.
 */
import * as z from "zod";
import {
	auditEvent,
	auditList,
	catalogueEntry,
	connection,
	connectionList,
	createdToken,
	importedTokens,
	incidentReport,
	permissionList,
	policyInForce,
	probeResult,
	profileList,
	reconciliation,
	resourceList,
	rotatedToken,
	type ServerEvents,
	tokenList,
	tokenRecord,
	undoneRotation,
	updatedToken,
	usageList,
} from "../../daemon/contract.ts";

/** Of one answer, and of one event. */
export const mostCharacters = 64 * 2 ** 20;
/** Of one server. Views of more would take the editor's memory. */
export const mostTokens = 200_000;
/** In `eventMilliseconds`; an incident about 10,000 tokens has 20,000. */
const mostEvents = 50_000;
const eventMilliseconds = 10_000;

const identified = <Found extends z.ZodType>(found: Found) =>
	z.strictObject({ tokens: z.record(z.string(), found) });

/** By method and path; the first that matches. */
const answers: readonly (readonly [request: RegExp, answer: z.ZodType])[] = [
	[/^GET \/v1\/api-tokens\?/, tokenList],
	[/^POST \/v1\/api-tokens$/, createdToken],
	[/\/identify$/, identified(tokenRecord)],
	[/\/identify\?fields=id$/, identified(z.strictObject({ id: z.string() }))],
	[/\/rotate$/, rotatedToken],
	[/\/undo-rotation$/, undoneRotation],
	[/\/probe(?:\?|$)/, probeResult],
	[/^PATCH \/v1\/api-tokens\/|\/grants\//, updatedToken],
	[/^\w+ \/v1\/api-tokens\//, tokenRecord],
	[/^GET \/v1\/resources$/, resourceList],
	[/^GET \/v1\/audit-events/, auditList],
	[/^GET \/v1\/usage/, usageList],
	[/^GET \/v1\/profiles$/, profileList],
	[/^GET \/v1\/policy$/, policyInForce],
	[/^GET \/v1\/permissions$/, permissionList],
	[/^PUT \/v1\/permissions\//, catalogueEntry],
	[/^POST \/v1\/incidents$/, incidentReport],
	[/\/reconcile$/, reconciliation],
	[/\/import$/, importedTokens],
	[/^GET \/v1\/connections$/, connectionList],
	[/^PUT \/v1\/connections\//, connection],
];

const events: { [Name in keyof ServerEvents]: z.ZodType } = {
	hello: z.object({ notices: z.array(z.object({ code: z.string(), detail: z.string() })) }),
	token: z.object({ change: z.enum(["created", "changed", "revoked", "deleted"]), token: tokenRecord }),
	"dead-token-used": z.object({ token: tokenRecord, reason: z.string(), address: z.string() }),
	audit: auditEvent,
	profiles: profileList,
	connections: connectionList,
};

/** @throws Error without anything of the answer, which may hold a secret */
export function believedAnswer<Answer>(request: { method: string; path: string }, answer: Answer): Answer {
	const said = `${request.method} ${request.path}`;
	const schema = answers.find(([pattern]) => pattern.test(said))?.[1];
	if (schema === undefined) throw new Error(`No answer to ${request.method} is expected of a server.`);
	check(schema, answer);
	const { token } = (answer ?? {}) as { token?: unknown };
	// It is written to env files.
	if (typeof token === "string" && !/^[\x21-\x7E]{1,8192}$/.test(token))
		throw new Error("The server answered a secret with characters that no secret has.");
	return answer;
}

/** Checks each event of one stream. */
export function believedEvents(): <Data>(name: keyof ServerEvents, data: Data) => Data {
	let count = 0;
	let since = 0;
	return (name, data) => {
		const now = performance.now();
		if (now - since > eventMilliseconds) [count, since] = [0, now];
		count += 1;
		if (count > mostEvents) throw new Error("The server sends more events than the editor can follow.");
		check(events[name], data);
		return data;
	};
}

function check(schema: z.ZodType, value: unknown): void {
	const { error } = schema.safeParse(value);
	const wrong = error?.issues.find(({ code }) => code !== "unrecognized_keys");
	if (wrong === undefined) return;
	const place = wrong.path.map(String).join(".").slice(0, 100);
	throw new Error(`The server's answer is not as expected (${wrong.code} at ${JSON.stringify(place)}).`);
}

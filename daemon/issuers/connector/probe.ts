/** Tests a secret at its system: live, dead or unknown. Whatever the connector does not name is unknown. */
import type { Outcome, Probe } from "../../contract.ts";
import { type Answer, isAnswer, isHtml } from "./answer.ts";
import { ConnectorError, inSentences } from "./connector-error.ts";
import { valueAt } from "./pointer.ts";
import { partFrom } from "./record.ts";
import { inSession, type Session } from "./session.ts";
import type { Access, CallOptions, ProbeResult, RemoteToken, System } from "./system.ts";

/**
 * @param access its credential is the secret to test.
 * @param kind `credential`: the connection's own, which some systems treat otherwise than their tokens.
 * @throws ConnectorError `not-supported` without a probe, never for what the system answers.
 */
export async function probeAt(
	system: System,
	access: Access,
	kind: "token" | "credential" = "token",
	options: CallOptions = {},
): Promise<ProbeResult> {
	// The login is for the connection: the secret of a token is never sent there.
	const { login: _, logout: __, ...withoutLogin } = system.connector;
	const tested = kind === "credential" ? system : { ...system, connector: withoutLogin };
	return inSession(tested, access, options, (session) => probeIn(session, kind));
}

/** In an operation that is under way. */
export async function probeIn(session: Session, kind: "token" | "credential"): Promise<ProbeResult> {
	const { verify, verifyCredential, login } = session.connector;
	if (kind === "credential" && login !== undefined) {
		const result = await loginResult(session);
		if (result.outcome !== "live" || verifyCredential === undefined) return result;
	}
	const probes = (kind === "credential" ? verifyCredential : undefined) ?? verify;
	if (probes === undefined)
		throw new ConnectorError("not-supported", `${session.name} has no way to test a token.`);
	let result: ProbeResult = unknown("");
	for (const probe of probes) {
		const answer = await answerTo(session, probe);
		if (answer instanceof ConnectorError) return unknown(answer.message);
		const outcome = outcomeOf(probe, answer);
		if (outcome !== "next") return resultOf(session, probe, answer, outcome);
		result = unknown(session.words(answer));
	}
	return result;
}

const unknown = (detail: string): ProbeResult => ({ outcome: "unknown", detail });

async function loginResult(session: Session): Promise<ProbeResult> {
	try {
		await session.logIn();
		return { outcome: "live", detail: `${session.name} accepts it (at the login).` };
	} catch (error) {
		if (!(error instanceof ConnectorError) || error.code === "not-supported") throw error;
		return { outcome: error.code === "credential-dead" ? "dead" : "unknown", detail: error.message };
	}
}

async function answerTo(session: Session, probe: Probe): Promise<Answer | ConnectorError> {
	try {
		return await session.send(probe, session.values());
	} catch (error) {
		if (error instanceof ConnectorError && error.code !== "not-supported") return error;
		throw error;
	}
}

function outcomeOf({ live, dead, next = [] }: Probe, answer: Answer): "live" | "dead" | "next" | "unknown" {
	const is = (outcomes: readonly Outcome[]) => outcomes.some((one) => isAnswer(one, answer));
	if (is(live)) return "live";
	if (is(dead)) return "dead";
	return is(next) ? "next" : "unknown";
}

function resultOf(
	session: Session,
	probe: Probe,
	answer: Answer,
	outcome: "live" | "dead" | "unknown",
): ProbeResult {
	if (outcome === "unknown") return unknown(inDoubt(session, answer));
	const verb = outcome === "live" ? "accepts" : "refuses";
	const detail = `${session.name} ${verb} it (${answer.status} at ${probe.request.split("?")[0]}).`;
	const token = tokenOf(session, probe, answer);
	return Object.keys(token).length === 0 ? { outcome, detail } : { outcome, detail, token };
}

/** An answer of neither kind, where the status does not explain that. */
function inDoubt(session: Session, answer: Answer): string {
	const words = session.words(answer);
	const isExplained = answer.status === 429 || answer.status >= 500 || isHtml(answer);
	return isExplained ? words : inSentences(words, "That does not tell whether the token works.");
}

function tokenOf(session: Session, { record, at = "" }: Probe, { body }: Answer): Partial<RemoteToken> {
	if (record === undefined) return {};
	const fields = record === true ? (session.connector.record ?? {}) : record;
	return partFrom(valueAt(body, at), fields, session.secretHolder());
}

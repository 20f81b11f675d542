/** A connection's own credential is never deleted through it: afterwards no call would be possible. */
import type { Connector } from "../contract.ts";
import { hasKnownHash } from "../rules/remote.ts";
import { RuleError } from "../rules/rule-error.ts";
import { hashOf } from "../rules/secret.ts";
import type { Token } from "../store/store.ts";
import { calling, type Reached } from "./reach.ts";

/** @throws RuleError `credential-in-use`, or `credential-maybe-in-use` where it can't be known and is not confirmed. */
export async function refuseCredentialInUse(
	token: Token,
	{ system, connector, access, options }: Reached,
	confirmed: boolean,
): Promise<void> {
	const credential = hashOf(access.credential);
	if (token.hash === credential || token.remoteId === credential) throw inUse(token);
	const id = tellsId(connector)
		? (await calling(({ probeAt }) => probeAt(system, access, "credential", options))).token?.id
		: undefined;
	if (id !== undefined && id === token.remoteId) throw inUse(token);
	if (id !== undefined || hasKnownHash(token) || confirmed) return;
	throw new RuleError(
		"credential-maybe-in-use",
		`${token.name} may be the credential of this connection; nothing tells. If it is not, repeat this with ?confirmed=true.`,
	);
}

/** Also where the credential is tested otherwise than the tokens: a system can accept a token in its place. */
function tellsId({ verify = [], verifyCredential = verify, record }: Connector): boolean {
	return verifyCredential.some((probe) => (probe.record === true ? record : probe.record)?.id !== undefined);
}

function inUse({ name }: Token): RuleError {
	return new RuleError(
		"credential-in-use",
		`${name} is the credential of this connection. Give the connection another one first.`,
	);
}

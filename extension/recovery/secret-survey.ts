/**
 * Compares what SecretStorage holds with the records: which secrets are lost, and which are of no use to anybody any more.
 * Knows no VS Code. SecretStorage is shared by all windows of a machine, also by those whose daemon is another one, for
 * example in a remote: what this daemon does not know is not dead for that.
 */
import type { TokenRecord } from "../../daemon/contract.ts";

interface Holdings {
	readonly tokens: readonly TokenRecord[];
	/** Ids of the tokens whose secrets SecretStorage holds now. */
	readonly kept: ReadonlySet<string>;
	/** Ids of tokens of this data directory whose secrets have been seen in SecretStorage at some time. */
	readonly seen: ReadonlySet<string>;
}

export interface Orphan {
	readonly id: string;
	/** `gone`: this data directory had the token, and has no record of it any more. */
	readonly reason: "revoked" | "gone";
	readonly token: TokenRecord | undefined;
}

export interface Survey {
	/** Tokens in use whose secret was here and is not. */
	readonly lost: readonly TokenRecord[];
	readonly orphans: readonly Orphan[];
	/** How many secrets are of tokens that this data directory never had: they are left alone. */
	readonly strangers: number;
}

export function surveySecrets({ tokens, kept, seen }: Holdings): Survey {
	const records = new Map(tokens.map((token) => [token.id, token]));
	const unknown = [...kept].filter((id) => !records.has(id));
	const revoked = tokens.filter(({ id, status }) => status === "revoked" && kept.has(id));
	return {
		lost: tokens.filter(({ id, status }) => status === "active" && seen.has(id) && !kept.has(id)),
		orphans: [
			...revoked.map((token): Orphan => ({ id: token.id, reason: "revoked", token })),
			...unknown.filter((id) => seen.has(id)).map((id): Orphan => ({ id, reason: "gone", token: undefined })),
		],
		strangers: unknown.filter((id) => !seen.has(id)).length,
	};
}

/**
 * Compares SecretStorage with the records: which secrets are lost, and which are no longer needed. SecretStorage is
 * shared by all windows of a machine, also by windows with another daemon, for example in a remote, so a secret that
 * this daemon does not know may still work. Knows no VS Code.
 */
import type { TokenRecord } from "../../daemon/contract.ts";
import { serverOf } from "../daemon/qualified-ids.ts";

interface Holdings {
	readonly tokens: readonly TokenRecord[];
	/** The ids of the tokens whose secrets are in SecretStorage now. */
	readonly kept: ReadonlySet<string>;
	/** The ids of the tokens of this data directory whose secrets were ever in this editor's SecretStorage. */
	readonly seen: ReadonlySet<string>;
}

export interface Orphan {
	readonly id: string;
	/** `gone`: the record of the token was deleted from this data directory. */
	readonly reason: "revoked" | "gone";
	readonly token: TokenRecord | undefined;
}

export interface Survey {
	/** Tokens in use whose secret was stored and is missing. */
	readonly lost: readonly TokenRecord[];
	readonly orphans: readonly Orphan[];
	/** The ids of all tokens of this data directory, deleted ones included, whose secrets are in SecretStorage. */
	readonly kept: readonly string[];
	/** The number of secrets of tokens that this data directory never had; they are not touched. */
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
		kept: [...kept].filter((id) => serverOf(id) === undefined && (records.has(id) || seen.has(id))),
		strangers: unknown.filter((id) => !seen.has(id)).length,
	};
}

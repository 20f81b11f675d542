/** The lines of an env file, an example or a schema that wait for a token. Pure, and never answers a value. */

import { entriesIn } from "../../daemon/env-file/env-file.ts";
import type { EnvForm } from "../../daemon/env-file/env-form.ts";
import { schemaKeys } from "../../daemon/env-file/env-schema.ts";
import { isEnvKey } from "../../daemon/env-file/env-text.ts";
import { awaitsToken } from "./token-like.ts";

export interface WaitingKey {
	readonly key: string;
	/** Counted from 0. */
	readonly line: number;
}

/** Lines without a value, `API_TOKEN=`, whose key awaits one. Of a key that occurs twice, the last counts. */
export function keysWithoutValue(text: string, form: EnvForm): WaitingKey[] {
	return lastLines(text, form)
		.filter(({ key, value }) => value.trim() === "" && awaitsToken(key))
		.map(({ key, line }) => ({ key, line: line - 1 }));
}

/** The keys that an example or a schema asks for; a decorator of a schema can say that a key holds no secret. */
export function keysAskedFor(text: string): WaitingKey[] {
	const secret = new Set(schemaKeys(text).flatMap(({ key, isSensitive }) => (isSensitive ? [key] : [])));
	return lastLines(text, "env")
		.filter(({ key }) => secret.has(key) && awaitsToken(key))
		.map(({ key, line }) => ({ key, line: line - 1 }));
}

function lastLines(text: string, form: EnvForm) {
	const entries = entriesIn(text, form).filter(({ key }) => isEnvKey(key));
	return [...new Map(entries.map((entry) => [entry.key, entry])).values()];
}

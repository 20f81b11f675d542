/**
 * The keys that the examples and schemas next to an env file tell, and that the file does not set. Examples are read, and
 * never written.
 */
import type * as vscode from "vscode";
import { valueIn } from "../../daemon/env-file/env-file.ts";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { type SchemaKey, schemaKeys } from "../../daemon/env-file/env-schema.ts";
import { examplesFor, readEnvFile } from "./env-files.ts";

export interface ExampleKey extends SchemaKey {
	/** The example or schema. */
	readonly source: vscode.Uri;
}

/** What the examples next to an env file tell of its keys, those of the closest example first, each key once. */
export async function exampleKeysFor(envFile: vscode.Uri): Promise<ExampleKey[]> {
	const examples = await examplesFor(envFile);
	const all = examples.flatMap(({ uri, text }) => schemaKeys(text).map((key) => ({ ...key, source: uri })));
	const firsts = new Set(new Map(all.toReversed().map((entry) => [entry.key, entry])).values());
	return all.filter((entry) => firsts.has(entry));
}

/**
 * The keys of the examples next to an env file that have no line or no value in it. A placeholder counts as no value.
 * @throws FileError if the env file can't be read
 */
export async function keysMissingFrom(envFile: vscode.Uri): Promise<ExampleKey[]> {
	const [text, keys] = await Promise.all([readEnvFile(envFile), exampleKeysFor(envFile)]);
	const form = formOf(envFile.path);
	return keys.filter(({ key, value, isSensitive }) => {
		const current = valueIn(text, key, form);
		return !current || (isSensitive && current === value);
	});
}

/** `tokensmith compare NAME`: the tokens at a connected system beside the records of them here. */
import type { TokensmithClient } from "../client/client.ts";
import type { Reconciliation, TokenRecord } from "../contract.ts";
import { defineCommand } from "./command.ts";
import { connectionNamed } from "./connections.ts";
import { flag } from "./options.ts";
import { dateWords, print } from "./output.ts";
import { table } from "./table.ts";

/** Of one request. */
const mostIds = 1000;

export const compare = defineCommand({
	name: "compare",
	argument: { value: "NAME", offers: "connection" },
	summary: "compare the tokens at a connected system with the records here",
	description: `Lists the tokens that are at the system only or here only, that have changed there, and that the system refuses. Needs the connection's credential. Nothing is changed at the system, and here only what an option says.`,
	options: {
		import: flag("records the tokens that are at the system only"),
		apply: flag("takes over what has changed, and marks as revoked what is gone or refused"),
	},
	stdin: "caller",
	async run({ values, word, format, client }) {
		const daemon = await client();
		const { id } = connectionNamed(word, await daemon.connections());
		const found = await daemon.compare(id);
		const imported = values.import ? await importAll(daemon, id, found) : [];
		const applied = values.apply ? await applyAll(daemon, id, found) : [];
		if (format === "json") return print({ ...found, applied, imported }, format);
		const rows = rowsOf(found);
		const lines = rows.length === 0 ? [] : [await table(rows, { header, wraps: 2, optional: 1 }), ""];
		return print([...lines, summary(found, { imported, applied })].join("\n"));
	},
});

const header = ["WHERE", "NAME", "DETAIL", "ID"];

async function importAll(
	daemon: TokensmithClient,
	connection: string,
	{ unknown }: Reconciliation,
): Promise<TokenRecord[]> {
	const imported: TokenRecord[] = [];
	for (const ids of inParts(unknown.map(({ id }) => id)))
		imported.push(...(await daemon.importTokens(connection, ids)));
	return imported;
}

async function applyAll(
	daemon: TokensmithClient,
	connection: string,
	{ changed, missing, dead }: Reconciliation,
): Promise<TokenRecord[]> {
	const tokens = [...changed.map(({ token }) => token), ...missing, ...dead];
	const applied: TokenRecord[] = [];
	for (const apply of inParts(tokens.map(({ id }) => id)))
		applied.push(...(await daemon.compare(connection, { apply })).applied);
	return applied;
}

function inParts(ids: readonly string[]): string[][] {
	return Array.from({ length: Math.ceil(ids.length / mostIds) }, (_, index) =>
		ids.slice(index * mostIds, (index + 1) * mostIds),
	);
}

function rowsOf({ unknown, missing, changed, dead, unmatched }: Reconciliation): string[][] {
	const own = (where: string, detail: string) => (token: TokenRecord) => [
		...[where, token.name, detail, token.id],
	];
	return [
		...unknown.map(({ id, name, partial, expiry }) => [
			...["there only", name ?? partial ?? id, expiryWords(expiry), id],
		]),
		...missing.map(own("here only", "no longer at the system")),
		...changed.map(({ token, fields }) => ["both", token.name, fields.map(fieldWords).join("; "), token.id]),
		...dead.map(own("both", "refused by the system")),
		...unmatched.map(own("here only", "recorded without its id there, so it can't be found")),
	];
}

function expiryWords(expiry: string | null | undefined): string {
	if (expiry === undefined) return "expiry not known";
	return expiry === null ? "never expires" : `expires ${dateWords(expiry)}`;
}

function fieldWords({ field, here, there }: Reconciliation["changed"][number]["fields"][number]): string {
	return `${field}: here ${valueWords(here)}, there ${valueWords(there)}`;
}

function valueWords(value: unknown): string {
	return (Array.isArray(value) ? value.join(" ") : String(value ?? "")) || "none";
}

function summary(
	{ same }: Reconciliation,
	{ imported, applied }: { imported: readonly TokenRecord[]; applied: readonly TokenRecord[] },
): string {
	return [
		same === 1 ? "1 token is the same." : `${same} tokens are the same.`,
		...(imported.length === 0 ? [] : [`Imported ${imported.length}.`]),
		...(applied.length === 0 ? [] : [`Brought ${applied.length} up to date.`]),
	].join(" ");
}

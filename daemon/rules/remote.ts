/** Tokens as another system answers them, and the records that follow from them: pure. */
import { randomUUID } from "node:crypto";
import type { Connection, ListedProfile, RemoteToken } from "../contract.ts";
import { maximumNameLength } from "../facts.ts";
import type { Token } from "../store/store.ts";
import { type ActionContext, untouched } from "./lifecycle.ts";

/** The fields that a system decides about, and a record repeats. */
const told = [
	"name",
	"description",
	"expiry",
	"permissions",
	"resources",
	"allowedAddresses",
	"defaultSource",
] as const;

/** The hash of a token whose secret was never seen. No secret has it. */
function unknownHash(): string {
	return `unknown:${randomUUID()}`;
}

export function hasKnownHash({ hash }: Pick<Token, "hash">): boolean {
	return hash.startsWith("sha256:");
}

/** The token with what its system says about it. */
export function withTruth(token: Token, remote: RemoteToken): Token {
	const options = { ...token.options, ...remote.options };
	return { ...token, ...factsOf(remote), options, remoteId: token.remoteId ?? remote.id };
}

/** A record of a token that was found at its system. */
export function recordFrom(
	remote: RemoteToken,
	connection: Connection,
	profile: ListedProfile,
	{ user, now }: ActionContext,
): Token {
	const date = now.toISOString();
	return {
		...untouched,
		id: randomUUID(),
		version: 1,
		creationDate: remote.created ?? date,
		lastModifiedDate: date,
		createdUserInfo: user,
		lastModifiedUserInfo: user,
		userId: profile.id,
		userName: profile.name,
		name: nameWithout(remote),
		description: "",
		issuer: profile.id,
		profile: profile.id,
		hash: remote.secretHash ?? unknownHash(),
		partialToken: partialOf(remote),
		expiry: null,
		permissions: [],
		resources: [],
		allowedAddresses: [],
		defaultSource: null,
		tags: [],
		connectionId: connection.id,
		remoteId: remote.id,
		options: remote.options ?? {},
		...factsOf(remote),
	};
}

/** The name of the next token, where a system accepts no name twice: `deploy`, `deploy (2)`, `deploy (3)`. */
export function successorName(name: string): string {
	const [, stem = name, number = "1"] = /^(.*) \((\d{1,6})\)$/.exec(name) ?? [];
	const suffix = ` (${Number(number) + 1})`;
	return stem.slice(0, maximumNameLength - suffix.length).toWellFormed() + suffix;
}

/** Where a record and its system differ. */
export function differences(
	token: Token,
	remote: RemoteToken,
): { field: string; here: unknown; there: unknown }[] {
	const facts = factsOf(remote);
	const found = token.remoteId === null ? [{ field: "remoteId", here: null, there: remote.id }] : [];
	const differing = told.flatMap((field) => {
		const [here, there] = [token[field], facts[field]];
		return there === undefined || isSame(here, there) ? [] : [{ field, here, there }];
	});
	return [...found, ...differing, ...differingOptions(token, remote)];
}

/** An option of a token that was not created here is unknown until its system tells it. */
function differingOptions({ options }: Token, remote: RemoteToken) {
	return Object.entries(remote.options ?? {}).flatMap(([field, there]) => {
		const here = Object.hasOwn(options, field) ? options[field] : null;
		return here === there ? [] : [{ field, here, there }];
	});
}

function isSame(here: unknown, there: unknown): boolean {
	const plain = (value: unknown) => JSON.stringify(Array.isArray(value) ? [...value].sort() : value);
	return plain(here) === plain(there) || isSameMinute(here, there);
}

/** Some systems keep an expiry less exactly than they answer it. */
function isSameMinute(here: unknown, there: unknown): boolean {
	if (typeof here !== "string" || typeof there !== "string") return false;
	return Math.abs(Date.parse(here) - Date.parse(there)) <= 60_000;
}

function factsOf(remote: RemoteToken): Partial<Token> {
	const facts = Object.fromEntries(
		told.flatMap((field) => (remote[field] === undefined ? [] : [[field, remote[field]]])),
	) as Partial<Token>;
	const { name, description } = facts;
	return {
		...facts,
		...(name !== undefined && { name: plainText(name, maximumNameLength) || nameWithout(remote) }),
		...(description !== undefined && { description: plainText(description, 1000) }),
	};
}

/** Of a token that its system gives none: what its owner recognizes, which is part of its secret rather than an id. */
function nameWithout(remote: RemoteToken): string {
	const partial = partialOf(remote);
	if (partial !== nothingKnown) return partial;
	// An id is sent back as it is, so that only its copy in a name is cleaned.
	return plainText(remote.id, maximumNameLength) || "unnamed";
}

/** Names appear in logs and labels of one line, where invisible characters would reorder or hide other text. */
function plainText(text: string, longest: number): string {
	return text
		.replace(/\p{Cf}+/gu, "")
		.replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
		.trim()
		.slice(0, longest)
		.toWellFormed();
}

/** The partial token of one of which no part is known. */
const nothingKnown = "…";

function partialOf({ partial = "" }: RemoteToken): string {
	// As a local token has it.
	if (/^[\x21-\x7E]{4}…[\x21-\x7E]{4}$/.test(partial)) return partial;
	const plain = partial.replace(/[^\x21-\x7E]/g, "");
	return `${plain.length > 8 ? plain.slice(0, 4) : ""}…${plain.slice(-4)}`;
}

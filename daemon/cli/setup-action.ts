/**
 * What `tokensmith setup` plans and does. The same rules as in VS Code, from `daemon/manifest/plan.ts`; secrets go to their
 * lines only. Writes nothing to the terminal.
 */
import { basename, resolve } from "node:path";
import type { TokensmithClient } from "../client/client.ts";
import { TokensmithProblemError } from "../client/transport.ts";
import type { CreateTokenInput, IgnoredField, Profile, TokenRecord } from "../contract.ts";
import {
	largestManifestBytes,
	type Manifest,
	type ManifestPermission,
	type ManifestToken,
	manifestName,
	profileIdOf,
} from "../manifest/manifest.ts";
import {
	type LineState,
	lineState,
	missingPermissions,
	refusedPermissions,
	requestFor,
} from "../manifest/plan.ts";
import { readInside } from "../manifest/read-inside.ts";
import { mistakesInWords, readManifest } from "../manifest/read-manifest.ts";
import { readLine, writeLine } from "./env-lines.ts";
import { addToGitignore, gitState } from "./git.ts";
import { problemWords } from "./output.ts";
import { type CreationPlace, credentialConflict, placeFor, type Systems } from "./setup-systems.ts";

export interface PlannedToken {
	readonly declared: ManifestToken;
	readonly state: LineState | { kind: "blocked"; detail: string };
	/** How the missing token is created. */
	readonly creation?: PlannedCreation;
}

interface PlannedCreation {
	readonly request: CreateTokenInput;
	/** The token's expiry if it is created now; null: never. */
	readonly end: string | null;
	readonly place: CreationPlace;
	readonly expected: string | null;
	readonly gitignore: "add" | "leave";
}

export interface SetupPlan {
	readonly folder: string;
	readonly permissions: readonly ManifestPermission[];
	readonly tokens: readonly PlannedToken[];
}

export type SetupResult =
	| { kind: "ready"; declared: ManifestToken; token: TokenRecord; ignored: IgnoredField[] }
	| { kind: "failed"; declared: ManifestToken; detail: string };

/** Reads only. @throws Error when the manifest is missing or wrong, and what the client throws */
export async function planSetup(
	client: TokensmithClient,
	{ folder: folderPath, systems }: { folder: string; systems: Systems },
): Promise<SetupPlan> {
	const folder = resolve(folderPath);
	const manifest = await manifestOf(folder);
	const [profiles, catalogue] = await Promise.all([client.profiles(), client.permissions()]);
	const known = catalogue.permissions.map(({ name }) => name);
	const context = { client, folder, manifest, profiles, systems };
	const tokens: PlannedToken[] = [];
	for (const declared of manifest.tokens) tokens.push(await planToken(context, declared));
	return {
		folder,
		permissions: missingPermissions(manifest.permissions, known),
		tokens: withOneCredential(tokens),
	};
}

function withOneCredential(tokens: readonly PlannedToken[]): PlannedToken[] {
	const conflict = credentialConflict(tokens.flatMap(({ creation }) => creation?.place ?? []));
	return tokens.map((token) => {
		const isMeant = conflict !== undefined && token.creation?.place.kind === "called";
		return isMeant ? blocked(token.declared, conflict) : token;
	});
}

function blocked(declared: ManifestToken, detail: string): PlannedToken {
	return { declared, state: { kind: "blocked", detail } };
}

async function manifestOf(folder: string): Promise<Manifest> {
	const content = await readInside(folder, manifestName, largestManifestBytes);
	if (content.kind === "missing") throw new Error(`${folder} has no ${manifestName}.`);
	if (content.kind === "refused") throw new Error(`${manifestName} ${content.detail}.`);
	const read = readManifest(content.text);
	if (read.ok) return read.value;
	throw new Error(`${manifestName} is not valid: ${mistakesInWords(read.mistakes)}`);
}

interface PlanContext {
	client: TokensmithClient;
	folder: string;
	manifest: Manifest;
	profiles: readonly Profile[];
	systems: Systems;
}

async function planToken(context: PlanContext, declared: ManifestToken): Promise<PlannedToken> {
	const { client, folder } = context;
	const { file, key } = declared;
	try {
		const { value, example } = await readLine(folder, file, key);
		const [token] = value ? await client.identify([value]) : [];
		const state = lineState(declared, { value, example, token });
		if (state.kind !== "empty") return { declared, state };
		const git = await gitState(folder, file);
		if (git === "tracked")
			return blocked(declared, `Git tracks ${file}: the next commit would publish the secret`);
		const planned = planCreation(context, declared);
		if ("obstacle" in planned) return blocked(declared, planned.obstacle);
		const gitignore = git === "not-ignored" || git === "unknown" ? "add" : "leave";
		return { declared, state, creation: { ...planned, expected: value, gitignore } };
	} catch (error) {
		if (error instanceof Error && error.constructor === Error)
			return blocked(declared, `${file} ${error.message}`);
		throw error;
	}
}

function planCreation(
	{ manifest, folder, profiles, systems }: PlanContext,
	declared: ManifestToken,
): Pick<PlannedCreation, "request" | "end" | "place"> | { obstacle: string } {
	const profile = profiles.find(({ id }) => id === profileIdOf(declared));
	const placed = placeFor(declared, profile, systems);
	if ("obstacle" in placed) return placed;
	if (profile === undefined) throw new Error("A token of an unknown profile was planned.");
	const refused = refusedPermissions(declared, profile, manifest.permissions);
	if (refused.length > 0) return { obstacle: refusedInWords(refused, profile) };
	const { place } = placed;
	const policies = [manifest.policy, declared.policy].filter((policy) => policy !== undefined);
	const options = { profile, policies, folderName: basename(folder), now: new Date() };
	const { request, end } = requestFor(declared, options);
	const connection = place.kind === "here" ? {} : { connection: place.connection.id };
	return { request: { ...request, ...connection }, end, place };
}

function refusedInWords(names: readonly string[], { id, name }: Profile): string {
	const named = names.join(", ");
	if (id !== "local") return `${name} has no such permission: ${named}; correct ${manifestName}`;
	return `${named} is not among the permissions of ${manifestName}; add it there`;
}

/** Asks the user for the secret of a token that is created by hand; undefined: there is none. */
export type AskSecret = (
	creation: PlannedCreation & { place: { kind: "by-hand" } },
) => Promise<string | undefined>;

/** @throws what the client throws for a permission, before a token is created; the failure of a token is its result */
export async function carryOutSetup(
	client: TokensmithClient,
	plan: SetupPlan,
	askSecret: AskSecret,
): Promise<SetupResult[]> {
	for (const { name, group, description } of plan.permissions)
		await client.putPermission(name, { group, ...(description !== undefined && { description }) });
	const results: SetupResult[] = [];
	for (const { declared, creation } of plan.tokens) {
		if (creation === undefined) continue;
		const one = { client, folder: plan.folder, declared, creation };
		results.push(await (isByHand(creation) ? recordOne(one, () => askSecret(creation)) : createOne(one)));
	}
	return results;
}

function isByHand(creation: PlannedCreation): creation is Parameters<AskSecret>[0] {
	return creation.place.kind === "by-hand";
}

interface OneToken {
	client: TokensmithClient;
	folder: string;
	declared: ManifestToken;
	creation: PlannedCreation;
}

async function createOne({ client, folder, declared, creation }: OneToken): Promise<SetupResult> {
	const { file, key } = declared;
	const { request, expected, gitignore } = creation;
	let token: TokenRecord | undefined;
	try {
		// First, so that no commit can include the secret.
		if (gitignore === "add") await addToGitignore(folder, file);
		const { token: value, ignored = [], ...created } = await client.create(request);
		token = created;
		await writeLine(folder, file, { key, value, expected });
		return { kind: "ready", declared, token: created, ignored };
	} catch (error) {
		const detail = wordsOf(error);
		if (token === undefined) return { kind: "failed", declared, detail };
		return { kind: "failed", declared, detail: `${file} ${detail}. ${await revoke(client, token)}` };
	}
}

/** The line comes first: a secret that is on no line would be lost, while its record can be made later. */
async function recordOne(
	{ client, folder, declared, creation }: OneToken,
	askSecret: () => Promise<string | undefined>,
): Promise<SetupResult> {
	const { file, key } = declared;
	const { request, end, expected, gitignore } = creation;
	const failed = (detail: string): SetupResult => ({ kind: "failed", declared, detail });
	const value = await askSecret();
	if (value === undefined) return failed("no secret was given");
	try {
		if (gitignore === "add") await addToGitignore(folder, file);
		await writeLine(folder, file, { key, value, expected });
	} catch (error) {
		return failed(`${file} ${wordsOf(error)}. The token exists at its system: delete it there`);
	}
	try {
		const { expiresIn: _, options: __, ...facts } = request;
		const token = await client.register(value, { ...facts, issuer: declared.issuer, expiry: end });
		return { kind: "ready", declared, token, ignored: [] };
	} catch (error) {
		const next = `Record it with 'tokensmith register NAME --connection'`;
		return failed(`its secret is in ${file}, but the token was not recorded: ${wordsOf(error)} ${next}.`);
	}
}

function wordsOf(error: unknown): string {
	if (error instanceof TokensmithProblemError) return problemWords(error.problem);
	return error instanceof Error ? error.message : String(error);
}

/** A token whose secret is on no line is of no use. */
async function revoke(client: TokensmithClient, { id }: TokenRecord): Promise<string> {
	try {
		await client.revoke(id, { reason: "Its secret was not written to its line" });
		return "The token is revoked again.";
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		return `Revoke the token ${id}, which could not be revoked: ${error.message}`;
	}
}

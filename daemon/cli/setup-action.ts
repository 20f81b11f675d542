/**
 * What `token setup` plans and does. The same rules as in VS Code, from `daemon/manifest/plan.ts`; secrets go to their
 * lines only. Writes nothing to the terminal.
 */
import { basename, resolve } from "node:path";
import type { TokensmithClient } from "../client/client.ts";
import { TokensmithProblemError } from "../client/transport.ts";
import type { CreateTokenInput, Profile, TokenRecord } from "../contract.ts";
import {
	largestManifestBytes,
	type Manifest,
	type ManifestPermission,
	type ManifestToken,
	manifestName,
	profileIdOf,
} from "../manifest/manifest.ts";
import { type LineState, lineState, missingPermissions, requestFor } from "../manifest/plan.ts";
import { readInside } from "../manifest/read-inside.ts";
import { mistakesInWords, readManifest } from "../manifest/read-manifest.ts";
import { readLine, writeLine } from "./env-lines.ts";
import { addToGitignore, gitState } from "./git.ts";
import { problemWords } from "./output.ts";

export interface PlannedToken {
	readonly declared: ManifestToken;
	readonly state: LineState | { kind: "blocked"; detail: string };
	/** How the missing token is created. */
	readonly creation?: { request: CreateTokenInput; expected: string | null; gitignore: "add" | "leave" };
}

export interface SetupPlan {
	readonly folder: string;
	readonly permissions: readonly ManifestPermission[];
	readonly tokens: readonly PlannedToken[];
}

export type SetupResult =
	| { kind: "ready"; declared: ManifestToken; id: string }
	| { kind: "failed"; declared: ManifestToken; detail: string };

/** Reads only. @throws Error when the manifest is missing or wrong, and what the client throws */
export async function planSetup(client: TokensmithClient, folderPath: string): Promise<SetupPlan> {
	const folder = resolve(folderPath);
	const manifest = await manifestOf(folder);
	const [profiles, catalogue] = await Promise.all([client.profiles(), client.permissions()]);
	const known = catalogue.permissions.map(({ name }) => name);
	const context = { client, folder, manifest, profiles };
	const tokens: PlannedToken[] = [];
	for (const declared of manifest.tokens) tokens.push(await planToken(context, declared));
	return { folder, permissions: missingPermissions(manifest.permissions, known), tokens };
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
}

async function planToken(context: PlanContext, declared: ManifestToken): Promise<PlannedToken> {
	const { client, folder } = context;
	const { file, key } = declared;
	const blocked = (detail: string): PlannedToken => ({ declared, state: { kind: "blocked", detail } });
	try {
		const { value, example } = await readLine(folder, file, key);
		const [token] = value ? await client.identify([value]) : [];
		const state = lineState(declared, { value, example, token });
		if (state.kind !== "empty") return { declared, state };
		const profile = context.profiles.find(({ id }) => id === profileIdOf(declared));
		const git = await gitState(folder, file);
		const obstacle = obstacleOf(declared, profile, git);
		if (profile === undefined || obstacle !== undefined) return blocked(obstacle ?? "");
		const request = requestOf(context, declared, profile);
		const gitignore = git === "not-ignored" || git === "unknown" ? "add" : "leave";
		return { declared, state, creation: { request, expected: value, gitignore } };
	} catch (error) {
		if (error instanceof Error && error.constructor === Error) return blocked(`${file} ${error.message}`);
		throw error;
	}
}

function obstacleOf(
	declared: ManifestToken,
	profile: Profile | undefined,
	git: Awaited<ReturnType<typeof gitState>>,
): string | undefined {
	if (profile === undefined)
		return `the daemon has no profile ${profileIdOf(declared)}; open the workspace in VS Code`;
	if (declared.issuer !== "local")
		return `its system is called with a credential that VS Code stores; set it up there`;
	if (git === "tracked") return `Git tracks ${declared.file}: the next commit would publish the secret`;
	return undefined;
}

function requestOf(
	{ manifest, folder }: PlanContext,
	declared: ManifestToken,
	profile: Profile,
): CreateTokenInput {
	const policies = [manifest.policy, declared.policy].filter((policy) => policy !== undefined);
	return requestFor(declared, { profile, policies, folderName: basename(folder), now: new Date() }).request;
}

/** @throws what the client throws for a permission, before a token is created; the failure of a token is its result */
export async function carryOutSetup(client: TokensmithClient, plan: SetupPlan): Promise<SetupResult[]> {
	for (const { name, group, description } of plan.permissions)
		await client.putPermission(name, { group, ...(description !== undefined && { description }) });
	const results: SetupResult[] = [];
	for (const planned of plan.tokens)
		if (planned.creation !== undefined) results.push(await createOne(client, plan.folder, planned));
	return results;
}

async function createOne(
	client: TokensmithClient,
	folder: string,
	{ declared, creation }: PlannedToken,
): Promise<SetupResult> {
	const { file, key } = declared;
	if (creation === undefined) throw new Error("A token without a creation was set up.");
	const { request, expected, gitignore } = creation;
	let token: TokenRecord | undefined;
	try {
		// First, so that no commit can include the secret.
		if (gitignore === "add") await addToGitignore(folder, file);
		const created = await client.create(request);
		token = created;
		await writeLine(folder, file, { key, value: created.token, expected });
		return { kind: "ready", declared, id: created.id };
	} catch (error) {
		const detail = wordsOf(error);
		if (token === undefined) return { kind: "failed", declared, detail };
		return { kind: "failed", declared, detail: `${file} ${detail}. ${await revoke(client, token)}` };
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

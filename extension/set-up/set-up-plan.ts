/**
 * Plans the setup of a workspace: what of its manifests is missing on this machine, and what stands in the way. Reads only.
 */
import * as l10n from "@vscode/l10n";
import * as vscode from "vscode";
import {
	type Connection,
	capabilitiesOf,
	type Profile,
	profileAt,
	type TokenRecord,
} from "../../daemon/contract.ts";
import { valueIn } from "../../daemon/env-file/env-file.ts";
import { formOf } from "../../daemon/env-file/env-form.ts";
import { envValue } from "../../daemon/env-file/env-text.ts";
import { manifestName, profileIdOf } from "../../daemon/manifest/manifest.ts";
import {
	type LineState,
	lineState,
	missingPermissions,
	type PlannedRequest,
	refusedPermissions,
	requestFor,
} from "../../daemon/manifest/plan.ts";
import { hashOf, partialTokenOf } from "../../daemon/rules/secret.ts";
import type { AskedSecret } from "../daemon/client.ts";
import { bareId } from "../daemon/qualified-ids.ts";
import { type EnvFile, exampleTextFor, isOwnEnvFile, readEnvFile, refusalToWrite } from "../env/env-files.ts";
import type { Placement } from "../env/env-steps.ts";
import { FileError, nameOf, statAt } from "../env/file-text.ts";
import { gitState } from "../env/git-ignore.ts";
import { accessTo } from "../env/workspace-file.ts";
import {
	type Declared,
	type DeclaredPermission,
	type DeclaredToken,
	envFileOf,
} from "../manifest/workspace-manifests.ts";

export interface SetUpPlan {
	/** Declared, and in no catalogue. */
	readonly permissions: readonly DeclaredPermission[];
	/** One for each declared token. */
	readonly lines: readonly PlannedLine[];
}

export interface PlannedLine {
	readonly declared: DeclaredToken;
	readonly uri: vscode.Uri;
	/** As shown to the user. */
	readonly fileName: string;
	readonly state: LineState | Blocked;
	/** How the token of an empty or dead line is created. */
	readonly creation?: PlannedCreation;
}

/** Something other than the line's value prevents the creation. */
interface Blocked {
	kind: "blocked";
	detail: string;
	/** The command that helps. */
	remedy?: "connectSystem";
}

export interface PlannedCreation extends PlannedRequest {
	readonly placement: Placement;
	/** The connections that the token can be created through; empty: it is created here. */
	readonly connections: readonly Connection[];
}

export interface PlanDeps {
	live: { readonly profiles: readonly Profile[]; readonly connections: readonly Connection[] };
	daemon: {
		client(): Promise<{ identify(secrets: readonly AskedSecret[]): Promise<Record<string, TokenRecord>> }>;
	};
}

/** The list of profiles must be live. @throws what the client throws */
export async function planSetUp(
	{ live, daemon }: PlanDeps,
	{ permissions, profiles, tokens }: Declared,
): Promise<SetUpPlan> {
	const known = new Map(profiles.map(({ profile }) => [profile.id, profile]));
	// The daemon's own last, so that a manifest replaces none.
	for (const profile of live.profiles) known.set(profile.id, profile);
	const found = await Promise.all(tokens.map(findLine));
	const secrets = found.flatMap(({ value }) =>
		value ? [{ hash: hashOf(value), partial: partialTokenOf(value) }] : [],
	);
	const owners = secrets.length === 0 ? {} : await (await daemon.client()).identify(secrets);
	const catalogue = known.get("local")?.permissions.catalogue ?? [];
	return {
		permissions: missingPermissions(
			permissions,
			catalogue.map(({ name }) => name),
		),
		lines: found.map((line) => planLine(line, { known, owners, permissions, connections: live.connections })),
	};
}

/** Whether nothing is left to create or to add. */
export function isComplete({ permissions, lines }: SetUpPlan): boolean {
	const isDone = ({ state }: PlannedLine) => state.kind === "working" && state.lacks.length === 0;
	return permissions.length === 0 && lines.every(isDone);
}

/** What the user agreed to do with the same lines before, in a newer plan. */
export function sameLines(lines: readonly PlannedLine[], among: Iterable<PlannedLine>): PlannedLine[] {
	const place = ({ declared, uri }: PlannedLine) => `${uri} ${declared.key}`;
	const places = new Set([...among].map(place));
	return lines.filter((line) => places.has(place(line)));
}

/** Whether a line of the tokens has no value yet. Asks no daemon. */
export async function hasEmptyLine(tokens: readonly DeclaredToken[]): Promise<boolean> {
	const found = await Promise.all(tokens.map(findLine));
	return found.some(({ declared, value, example }) => {
		return lineState(declared, { value, example, token: undefined }).kind === "empty";
	});
}

interface FoundLine {
	declared: DeclaredToken;
	uri: vscode.Uri;
	value: string | null;
	example: string | undefined;
	target: EnvFile;
	gitignore: Placement["gitignore"];
	/** Why no secret can be written there. */
	problem: string | undefined;
}

async function findLine(declared: DeclaredToken): Promise<FoundLine> {
	const uri = envFileOf(declared);
	const target = await targetOf(declared, uri);
	const line = { declared, uri, target, value: null, example: undefined, gitignore: "leave" } as const;
	try {
		const { key } = declared;
		const text = await readEnvFile(uri);
		const value = valueIn(text, key, formOf(uri.path)) ?? null;
		const problem = refusalToWrite(text, uri, key);
		if (problem !== undefined) return { ...line, value, problem };
		const example = envValue(await exampleTextFor(uri), key);
		return { ...line, value, example, ...(await gitAnswer(target)) };
	} catch (error) {
		if (error instanceof FileError) return { ...line, problem: error.message };
		throw error;
	}
}

async function targetOf({ folder, file }: DeclaredToken, uri: vscode.Uri): Promise<EnvFile> {
	const name = file.slice(file.lastIndexOf("/") + 1);
	return { uri, folder, path: file, name, state: await accessTo(uri) };
}

async function gitAnswer({ uri, state }: EnvFile): Promise<Pick<FoundLine, "gitignore" | "problem">> {
	const name = nameOf(uri);
	const withProblem = (problem: string) => ({ gitignore: "leave" as const, problem });
	if (!isOwnEnvFile(uri)) return withProblem(l10n.t("{0} is in a folder of generated files.", name));
	const parent = vscode.Uri.joinPath(uri, "..");
	const hasFolder = await statAt(parent).then(
		() => true,
		() => false, // A folder that cannot be accessed counts as missing.
	);
	if (!hasFolder) return withProblem(l10n.t("The folder of {0} does not exist. Create it first.", name));
	if (state === "read-only") return withProblem(l10n.t("{0} is read-only. Make it writable.", name));
	const git = await gitState(uri);
	if (git === "tracked")
		return withProblem(l10n.t("Git tracks {0}: the next commit would publish the secret. Untrack it.", name));
	const isSafe = git === "ignored" || git === "no-repository";
	return { gitignore: isSafe ? "leave" : "add", problem: undefined };
}

interface PlanContext {
	known: ReadonlyMap<string, Profile>;
	owners: Record<string, TokenRecord>;
	/** Those that the manifests declare. */
	permissions: readonly DeclaredPermission[];
	connections: readonly Connection[];
}

function planLine(line: FoundLine, context: PlanContext): PlannedLine {
	const { declared, uri, value, example, problem } = line;
	const token = value ? context.owners[hashOf(value)] : undefined;
	const state = stateOf(declared, { value, example, token });
	const planned = { declared, uri, fileName: nameOf(uri), state };
	if (state.kind === "working" || state.kind === "foreign") return planned;
	const obstacle = problem === undefined ? obstacleOf(declared, context) : blocked(problem);
	if (obstacle !== undefined) return { ...planned, state: obstacle };
	return { ...planned, creation: creationOf(line, context) };
}

/** A server's own token has wildcards as one of this machine has. */
function stateOf(declared: DeclaredToken, { token, ...line }: Parameters<typeof lineState>[1]): LineState {
	const state = lineState(declared, { ...line, token: token && { ...token, issuer: bareId(token.issuer) } });
	return "token" in state && token !== undefined ? { ...state, token } : state;
}

/** Why the token cannot be created here. */
function obstacleOf(
	declared: DeclaredToken,
	{ known, connections, permissions }: PlanContext,
): Blocked | undefined {
	const id = profileIdOf(declared);
	const profile = known.get(id);
	if (profile === undefined) return blocked(l10n.t("The profile {0} is unknown.", id));
	if (declared.issuer === "local") return refusal(declared, profile, permissions);
	if (!connections.some((connection) => connection.profile === id))
		return {
			...blocked(l10n.t("Choose this row to connect {0}, which is not connected yet.", profile.name)),
			remedy: "connectSystem",
		};
	if (usable(connections, profile).length > 0) return refusal(declared, profile, permissions);
	return blocked(l10n.t("{0} creates tokens on its own pages only. Use Create API Token.", profile.name));
}

function refusal(
	declared: DeclaredToken,
	profile: Profile,
	permissions: readonly DeclaredPermission[],
): Blocked | undefined {
	const refused = refusedPermissions(declared, profile, permissions);
	if (refused.length === 0) return undefined;
	const names = refused.join(", ");
	if (profile.id !== "local")
		return blocked(l10n.t("Correct {0}: {1} has no permission {2}.", manifestName, profile.name, names));
	return blocked(l10n.t("Declare {0} among the permissions of {1}.", names, manifestName));
}

/** The connections to the system that create tokens by its API. */
function usable(connections: readonly Connection[], profile: Profile): Connection[] {
	return connections.filter(
		(connection) =>
			connection.profile === profile.id && capabilitiesOf(profileAt(profile, connection)).create === "api",
	);
}

const blocked = (detail: string): Blocked => ({ kind: "blocked", detail });

function creationOf(
	{ declared, target, value, gitignore }: FoundLine,
	{ known, connections }: PlanContext,
): PlannedCreation {
	const { folder, policies, key, issuer } = declared;
	const profile = known.get(profileIdOf(declared));
	if (profile === undefined) throw new Error("A token of an unknown profile was planned.");
	return {
		...requestFor(declared, { profile, policies, folderName: folder.name, now: new Date() }),
		placement: { target, key, gitignore, expected: value },
		connections: issuer === "local" ? [] : usable(connections, profile),
	};
}

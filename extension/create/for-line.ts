/**
 * What a creation for one env line starts with: its file and key are answered, and the rest is suggested from what the
 * workspace declares, from the key and the project, and from the last creation.
 */
import * as vscode from "vscode";
import type { Profile } from "../../daemon/contract.ts";
import { narrowProfile } from "../../daemon/manifest/plan.ts";
import { envFileAt } from "../env/env-files.ts";
import { FileError, readFileText } from "../env/file-text.ts";
import type { WaitingLine } from "../env/waiting-lines.ts";
import { type DeclaredToken, declaredTokenFor, workspaceManifests } from "../manifest/workspace-manifests.ts";
import type { Services } from "../services.ts";
import { lastSystemOf, lastTokenOf } from "./creation-memory.ts";
import {
	declaredAnswers,
	fitting,
	knownPermissions,
	nameSuggestion,
	permissionSuggestion,
	projectName,
	systemOfProfile,
	systemSuggestion,
} from "./line-suggestions.ts";
import type { System } from "./system.ts";
import type { CreationDraft, TokenDraft } from "./token-draft.ts";

export interface CreationStart {
	draft: CreationDraft;
	/** The key of the system that is active at first. Called once the profiles are known. */
	activeSystem(): string | undefined;
	/** Further answers to begin with, by the rules of the system. */
	suggest(system: System): TokenDraft;
	/** The system's rules, narrowed by what the workspace declares. */
	narrow(profile: Profile): Profile;
}

type StartDeps = Pick<Services, "live" | "workspaceState">;

export async function startForLine(
	{ live, workspaceState }: StartDeps,
	{ envFile, key }: Pick<WaitingLine, "envFile" | "key">,
): Promise<CreationStart> {
	const folder = vscode.workspace.getWorkspaceFolder(envFile);
	if (folder === undefined) throw new vscode.CancellationError();
	const [target, declared, project, manifests] = await Promise.all([
		envFileAt(envFile, folder),
		declaredTokenFor(envFile, key),
		projectOf(envFile, folder),
		workspaceManifests(),
	]);
	const answers = declared === undefined ? {} : declaredAnswers(declared);
	const { name = nameSuggestion(key, project, target.name), description, tags } = answers;
	return {
		draft: { target, key, name, description, tags },
		activeSystem: () =>
			declaredSystem(declared, live) ??
			systemSuggestion(key, live.profiles, live.connections) ??
			lastSystemOf(workspaceState),
		suggest(system) {
			const last = lastTokenOf(workspaceState, system);
			const known = knownPermissions(system.profile, manifests.permissions);
			const named = permissionSuggestion(key, known);
			const guessed = { ...last, ...(named.length > 0 && { permissions: named }) };
			const suggested = declared === undefined ? guessed : { ...last, ...answers };
			return fitting(suggested, system, { now: new Date(), known });
		},
		narrow: (profile) => narrowProfile(profile, declared?.policies ?? [], new Date()),
	};
}

function declaredSystem(
	declared: DeclaredToken | undefined,
	{ profiles, connections }: Pick<StartDeps["live"], "profiles" | "connections">,
): string | undefined {
	if (declared === undefined) return undefined;
	const { issuer, profile = issuer } = declared;
	if (issuer !== "local") return systemOfProfile(issuer, profiles, connections);
	return profile === "local" ? "local local" : `stand-in ${profile}`;
}

/** The name of the nearest package, else of the workspace folder. */
async function projectOf(envFile: vscode.Uri, folder: vscode.WorkspaceFolder): Promise<string> {
	const own = await packageText(vscode.Uri.joinPath(envFile, "..", "package.json"));
	const text = own ?? (await packageText(vscode.Uri.joinPath(folder.uri, "package.json")));
	return projectName(text, folder.name);
}

async function packageText(uri: vscode.Uri): Promise<string | undefined> {
	try {
		const { text, exists } = await readFileText(uri);
		return exists ? text : undefined;
	} catch (error) {
		if (error instanceof FileError) return undefined;
		throw error;
	}
}

/** Reads the path of an env file that the user types, within a folder of the workspace. Knows no VS Code. */
import * as l10n from "@vscode/l10n";
import { isExample } from "../../daemon/env-file/env-text.ts";

export type TypedPath =
	/** `folder` undefined: the path names no folder, so any of the workspace will do. */
	{ ok: true; folder: string | undefined; path: string } | { ok: false; problem: string };

/** A folder stands for its `.env`. @param folders names of the workspace's folders */
export function readTypedPath(text: string, folders: readonly string[]): TypedPath {
	const parts = text
		.trim()
		.replaceAll("\\", "/")
		.split("/")
		.filter((part, index, all) => part !== "." && (part !== "" || index === 0 || index === all.length - 1));
	const problem = problemWith(text, parts);
	if (problem !== undefined) return { ok: false, problem };
	const folder =
		folders.length > 1 && parts.length > 1 ? folders.find((name) => name === parts[0]) : undefined;
	const inside = folder === undefined ? parts : parts.slice(1);
	const name = inside.at(-1) ?? "";
	const path =
		name === "" ? [...inside.slice(0, -1), ".env"] : isEnvName(name) ? inside : [...inside, ".env"];
	return { ok: true, folder, path: path.join("/") };
}

const maximumLength = 500;

const isEnvName = (name: string) => /^\.env(?:\..+)?$|.\.env$/.test(name);

function problemWith(text: string, parts: readonly string[]): string | undefined {
	const [first = ""] = parts;
	if ((first === "" && parts.length > 1) || /^(?:~|[a-z][a-z0-9+.-]*:)/i.test(first))
		return l10n.t("Write a path within the workspace, such as packages/api/.env.");
	if (parts.includes(".."))
		return l10n.t("The path leaves the workspace. Write one within it, such as packages/api/.env.");
	// They can't be in names on every system, or would be patterns.
	if (text.length > maximumLength) return l10n.t("A path has at most {0} characters.", maximumLength);
	if (/[\p{Cc}\u2028\u2029*?"<>|:]/u.test(text))
		return l10n.t('A path has none of these characters: * ? " < > | :');
	const name = parts.at(-1) ?? "";
	if (isExample(name))
		return l10n.t("{0} is an example file that is shared with others. Choose another file.", name);
	if (/^(?!\.env(?:\.|$)).*\./.test(name) && !isEnvName(name))
		return l10n.t("Env files are named .env or .env.local, for example.");
	return undefined;
}

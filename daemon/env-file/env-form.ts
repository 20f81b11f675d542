/** Which form an env file has, according to its name. Pure. */
import { nameWithoutExample } from "./env-text.ts";

export type EnvForm =
	/** `KEY=value`, as `dotenv`, a shell and Docker read it. */
	| "env"
	/** A shell script, whose values reach programs only with `export`. */
	| "shell"
	| "json"
	/** YAML, PowerShell and others: read line by line, and never given a new line. */
	| "other";

const shellScripts = ["sh", "bash", "zsh", "ksh", "dash"];
const jsonFiles = ["json", "jsonc", "json5"];
const others = [
	...["yaml", "yml", "toml", "ini", "conf", "cfg", "properties", "xml", "plist", "html", "md", "nix", "hcl"],
	...["tf", "tfvars", "fish", "csh", "tcsh", "ps1", "psm1", "psd1", "nu", "elv", "xsh", "bat", "cmd", "reg"],
	...["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "py", "rb", "php", "pl", "lua", "jsonnet", "cue"],
	...["enc", "encrypted", "sops", "gpg", "pgp", "asc", "age", "pem", "key", "crt", "p12", "gz", "zip", "swp"],
];

const forms: ReadonlyMap<string, EnvForm> = new Map([
	...shellScripts.map((extension) => [extension, "shell"] as const),
	...jsonFiles.map((extension) => [extension, "json"] as const),
	...others.map((extension) => [extension, "other"] as const),
]);

/** @param path with slashes; only its last part counts. `.env.json.bak` and `.env.json.example` are JSON too. */
export function formOf(path: string): EnvForm {
	const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
	if (/^\.?envrc(?:[._-]|$)/.test(name)) return "shell";
	const extensions = nameWithoutExample(name).split(/[.~]/).slice(1);
	return extensions.map((extension) => forms.get(extension)).findLast((form) => form !== undefined) ?? "env";
}

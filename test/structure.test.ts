/** Imports run one way, and the wording is plain. A violation is reported with its file. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** The layers, lowest first; a file imports from its own layer or a lower one. */
const layers: [layer: string, files: RegExp][] = [
	["contract", /^daemon\/(contract\/|(contract|facts|field-words|capabilities|connector-\w+)\.ts$)/],
	["store", /^daemon\/store\/[^/]+$/],
	["database", /^daemon\/store\/[^/]+\//],
	["rules", /^daemon\/(rules|profiles)\//],
	["files", /^daemon\/(env-file\/|manifest\/|(language|time-words|token-csv)\.ts$)/],
	["issuers", /^daemon\/issuers\//],
	["server", /^daemon\/server\//],
	["client", /^daemon\/client\//],
	["cli", /^daemon\/cli(\.ts|\/)/],
	[
		"main",
		/^daemon\/(main|server-main|server-arguments|administrator|arguments|option-values|outage|data-directory|delete-data|delete-files|directory-lock|ending|identity-file|log|move-data|renewed-certificate|start-failure|stop-holder|user-name|young-generation)\.ts$/,
	],
	["start", /^daemon\/start\.ts$/],
];

/** The composition roots of a machine's daemon and of a shared server. */
const roots = /^daemon\/(main|server-main)\.ts$/;

/**
 * The floors of the extension, lowest first: a file imports from its own folder or from a lower floor. `services.ts`
 * and `command.ts` are on no floor, since they contain only types of what the composition root builds.
 */
const floors: readonly (readonly string[])[] = [
	[
		"action.ts",
		"display-text.ts",
		"error-code.ts",
		"language.ts",
		"reach-words.ts",
		"server-problem-words.ts",
		"settings.ts",
	],
	["irreversible.ts", "notification.ts"],
	["daemon"],
	["failure.ts"],
	["report.ts", "wizard"],
	["manifest"],
	["env"],
	["connections"],
	["tokens"],
	["activity", "backup", "command-line", "create", "identify", "launch", "notices", "overview"],
	["edit", "env-line", "first-steps.ts", "rotation", "servers", "systems"],
	["set-up"],
	["incident", "recovery"],
	["commands.ts"],
	["extension.ts"],
];
const onlyTypes = /^extension\/(services|command)\.ts$/;

/** Stilted words. Name the caller, the user, a client or another process instead. */
const stiltedWords =
	/\b(?:nobody|somebody|anybody|whoever|whomever|whosoever|whom|whence|whereof|whereupon|thereof|hitherto|henceforth|doings|of one's own|has it that|(?:is|are|was|were|be|been) told of)\b/gi;

interface Import {
	from: string;
	to: string;
}

describe("the structure", () => {
	const daemon = sourcesOf("daemon");
	const extension = sourcesOf("extension");

	it("shows every message of the extension through `notification.ts`, unless it is modal", () => {
		const wrong = extension
			.filter((file) => file !== "extension/notification.ts")
			.flatMap((file) => notificationsIn(file).map((call) => `${file}: ${call}`));
		assert.deepEqual(wrong, []);
	});

	it("lets the contract import only its own parts, and the facts nothing", () => {
		const parts = daemon.filter((file) => layerOf(file) === 0);
		assert.ok(parts.includes("daemon/contract.ts") && parts.includes("daemon/contract/tokens.ts"));
		const wrong = importsOf(parts).filter(
			({ from, to }) => !parts.includes(to) || from === "daemon/facts.ts",
		);
		assert.deepEqual(wrong, []);
	});

	it("lets other code import the contract's schemas from `contract.ts` only, but for what answers first", () => {
		const first = reachedFrom("daemon/server/api.ts");
		const others = [...daemon, ...extension, ...sourcesOf("test")].filter((file) => layerOf(file) !== 0);
		const wrong = importsOf(others).filter(
			({ from, to }) => to.startsWith("daemon/contract/") && !first.has(from),
		);
		assert.deepEqual(wrong, []);
	});

	it("builds no schema before the first list that it does not need", () => {
		const reached = reachedFrom("daemon/server/api.ts");
		const schemas = [...reached].filter((name) => /^daemon\/contract(\.ts|\/)/.test(name));
		assert.deepEqual(schemas.sort(), [
			"daemon/contract/access.ts",
			"daemon/contract/registration.ts",
			"daemon/contract/scalars.ts",
			"daemon/contract/tokens.ts",
		]);
	});

	it("loads nothing before the first verification that it does not need", () => {
		const reached = reachedFrom("daemon/main.ts");
		const heavy =
			/^(zod|express|kysely|sql\.js|pino|sonic-boom|prom-client|re2js|url-template|node:worker_threads|node:https|node:tls)/;
		assert.deepEqual([...reached].filter((name) => heavy.test(name)).sort(), []);
		assert.ok(reached.has("daemon/rules/verify.ts") && reached.has("quick-lru"));
	});

	it("lets the daemon's imports run main -> server -> issuers -> rules -> store -> contract only", () => {
		const wrong = importsOf(daemon).filter(({ from, to }) => layerOf(from) < layerOf(to));
		assert.deepEqual(wrong, []);
	});

	it("lets only the composition roots know which database there is", () => {
		const inDatabase = /^daemon\/store\/[^/]+\//;
		const wrong = importsOf(daemon).filter(
			({ from, to }) => inDatabase.test(to) && !inDatabase.test(from) && !roots.test(from),
		);
		assert.deepEqual(wrong, []);
	});

	it("lets the rules know issuers by their interface only, and only the composition roots choose them", () => {
		const wrong = importsOf(daemon).filter(
			({ from, to }) =>
				to.startsWith("daemon/issuers/") && !from.startsWith("daemon/issuers/") && !roots.test(from),
		);
		assert.deepEqual(wrong, []);
	});

	it("lets the extension import the contract, its words, the client's transport, how a daemon is started, backed up and emptied, the secret format and what it shares with the command line, and nothing else of the daemon", () => {
		const known =
			/^daemon\/((contract|field-words|language|time-words|token-csv|client\/(transport|prove-server|spawn-daemon|backup-file|delete-data)|rules\/secret)\.ts$|env-file\/|manifest\/)/;
		const wrong = importsOf(extension).filter(({ to }) => to.startsWith("daemon/") && !known.test(to));
		assert.deepEqual(wrong, []);
	});

	it("lets the extension's imports run from the higher floors to the lower ones only", () => {
		const standing = extension.filter((file) => !onlyTypes.test(file));
		for (const file of standing) assert.ok(floorOf(file) >= 0, `${file} is on no floor`);
		const wrong = importsOf(standing).filter(({ from, to }) => {
			if (!to.startsWith("extension/") || onlyTypes.test(to) || roomOf(from) === roomOf(to)) return false;
			return floorOf(from) <= floorOf(to);
		});
		assert.deepEqual(wrong, []);
		for (const file of extension) {
			const text = readFileSync(join(root, file), "utf8");
			const values = onlyTypes.test(file)
				? /^import (?!type)/m
				: /^import (?!type)[^;"]*"\.[^"]*\/(services|command)\.ts"/m;
			assert.doesNotMatch(text, values, file);
		}
	});

	it("names all services together only where commands are registered; elsewhere each function picks its own", () => {
		const wrong = extension.filter((file) => {
			if (/^extension\/(services|commands|extension)\.ts$/.test(file)) return false;
			return namesAllServices(readFileSync(join(root, file), "utf8"));
		});
		assert.deepEqual(wrong, []);
		assert.ok(namesAllServices("function f(services: Services): void {}"));
		assert.ok(!namesAllServices('type Deps = Pick<\n\tServices,\n\t"live" | "log"\n>;'));
	});

	it("keeps dialogs out of actions and of all that they load, so that a tool or a command line can call them", () => {
		const actions = extension.filter((file) => file.endsWith("-action.ts"));
		assert.ok(actions.length >= 8, `only ${actions.length} actions`);
		const wrong = actions.flatMap((action) =>
			[...reachedFrom(action)]
				.filter((file) => file.endsWith(".ts") && showsDialogs(file))
				.map((file) => `${action} loads ${file}`),
		);
		assert.deepEqual(wrong, []);
		for (const file of ["extension/wizard/walk.ts", "extension/report.ts", "extension/irreversible.ts"])
			assert.ok(showsDialogs(file), file);
	});

	it("lets the daemon import nothing of the extension, VS Code or the tests", () => {
		const wrong = importsOf(daemon).filter(({ to }) => !to.startsWith("daemon/"));
		assert.deepEqual(wrong, []);
		assert.deepEqual(
			packagesOf(daemon).filter(({ to }) => to === "vscode"),
			[],
		);
	});

	it("lets the services' client load nothing but Node.js, the facts, the formats of secrets and addresses, and the identity", () => {
		const reached = [...reachedFrom("daemon/client/tokensmith.ts")];
		const foreign = /^(?!node:|daemon\/(client\/|facts\.ts|rules\/(secret|address|identity)\.ts))/;
		assert.deepEqual(
			reached.filter((name) => foreign.test(name)),
			[],
		);
		assert.ok(reached.includes("daemon/client/transport.ts"));
	});

	it("lets the client import the contract, the formats of secrets and addresses, the identity, what a permission covers and a token can pass on, and nothing else of the daemon", () => {
		const outside = daemon.filter((file) => /^daemon\/(client|cli\.ts|cli\/)/.test(file));
		const known =
			/^daemon\/(contract\.ts|facts\.ts|rules\/(secret|address|identity|permission|ceiling)\.ts|client\/|cli|env-file\/|manifest\/|(language|time-words|token-csv)\.ts)/;
		assert.deepEqual(
			importsOf(outside).filter(({ to }) => !known.test(to)),
			[],
		);
	});

	it("keeps HTTP out of the rules and the store, and SQL out of the rules", () => {
		const forbidden = /^(express|node:https?|pino)$/;
		const inner = daemon.filter((file) => /^daemon\/(rules|store)\//.test(file));
		assert.deepEqual(
			packagesOf(inner).filter(({ to }) => forbidden.test(to)),
			[],
		);
		const rules = daemon.filter((file) => file.startsWith("daemon/rules/"));
		assert.deepEqual(
			packagesOf(rules).filter(({ to }) => /^(kysely|sql\.js)/.test(to)),
			[],
		);
	});

	it("has no import cycles", () => {
		const graph = new Map<string, string[]>();
		for (const { from, to } of importsOf([...daemon, ...extension]))
			graph.set(from, [...(graph.get(from) ?? []), to]);
		const circles: string[] = [];
		const visited = new Set<string>();
		const visit = (file: string, path: string[]): void => {
			if (path.includes(file)) {
				circles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
				return;
			}
			// Each file once: the number of paths through all of them grows without bound.
			if (visited.has(file)) return;
			visited.add(file);
			for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
		};
		for (const file of ["daemon/main.ts", "extension/extension.ts"]) visit(file, []);
		assert.deepEqual([...new Set(circles)], []);
	});

	it("uses plain words in every text", () => {
		const files = textFiles();
		assert.ok(files.includes("package.json") && files.includes("extension/settings.ts"));
		assert.deepEqual(files.flatMap(stiltedIn), []);
	});

	it("is covered by this test", () => {
		assert.ok(daemon.length > 10 && extension.length > 5);
		assert.ok(importsOf(daemon).length > 20);
		for (const file of daemon) assert.ok(layerOf(file) >= 0, `${file} is in no layer`);
	});
});

/** The tracked text files, except this one, which lists the words. */
function textFiles(): string[] {
	const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
	const isText = /\.(?:ts|mjs|cjs|json|md|css|svg|sql|conf|ya?ml)$/;
	return tracked.filter(
		(file) =>
			isText.test(file) &&
			!/(?:^|\/)package-lock\.json$|^test\/structure\.test\.ts$/.test(file) &&
			existsSync(join(root, file)),
	);
}

/** `file:line: word` for each occurrence. */
function stiltedIn(file: string): string[] {
	const lines = readFileSync(join(root, file), "utf8").split("\n");
	return lines.flatMap((line, index) =>
		[...line.matchAll(stiltedWords)].map(([word]) => `${file}:${index + 1}: ${word}`),
	);
}

/** What is loaded together with a file, without type imports and dynamic imports. */
function reachedFrom(file: string, reached = new Set<string>()): Set<string> {
	reached.add(file);
	const text = readFileSync(join(root, file), "utf8");
	for (const [, specifier = ""] of text.matchAll(/^(?:import|export)(?! type)[^;"]*?from "([^"]+)"/gm)) {
		const name = specifier.startsWith(".") ? join(dirname(file), specifier).replaceAll("\\", "/") : specifier;
		if (reached.has(name)) continue;
		if (name.endsWith(".ts")) reachedFrom(name, reached);
		else reached.add(name);
	}
	return reached;
}

/** Use `showInformation`, `showWarning` and `showError`, which keep the text and the buttons within the window. */
function notificationsIn(file: string): string[] {
	const text = readFileSync(join(root, file), "utf8");
	const calls = [...text.matchAll(/vscode\.window\.show(?:Information|Warning|Error)Message\b[^;]*/g)];
	return calls.map(([call]) => call).filter((call) => !call.includes("modal: true"));
}

function sourcesOf(folder: string): string[] {
	return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".ts"))
		.map((name) => join(folder, name).replaceAll("\\", "/"));
}

function importsOf(files: readonly string[]): Import[] {
	return specifiersOf(files)
		.filter(({ to }) => to.startsWith("."))
		.map(({ from, to }) => ({
			from,
			to: relative(root, resolve(root, dirname(from), to)).replaceAll("\\", "/"),
		}));
}

function packagesOf(files: readonly string[]): Import[] {
	return specifiersOf(files).filter(({ to }) => !to.startsWith("."));
}

function specifiersOf(files: readonly string[]): Import[] {
	return files.flatMap((from) => {
		const text = readFileSync(join(root, from), "utf8");
		return [
			...text.matchAll(
				/(?:^|\n)\s*(?:import|export)\b[^;"']*?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g,
			),
		].map((match) => ({ from, to: match[1] ?? match[2] ?? "" }));
	});
}

/** Whether the file asks the user or shows them something; to open an editor is no dialog. */
function showsDialogs(file: string): boolean {
	if (/^extension\/(wizard\/|report\.ts$)/.test(file)) return true;
	const dialogs =
		/\bwindow\s*\.\s*(show(?!TextDocument)\w*|createQuickPick|createInputBox|createWebviewPanel|withProgress|setStatusBarMessage)\b|\bexecuteCommand\b/;
	return dialogs.test(readFileSync(join(root, file), "utf8"));
}

function namesAllServices(text: string): boolean {
	return /\bServices\b/.test(text.replace(/^import [^;]*;|\bPick<\s*Services,/gm, ""));
}

/** A folder of the extension, or one of the files next to the folders. */
function roomOf(file: string): string {
	return file.split("/")[1] ?? "";
}

function floorOf(file: string): number {
	return floors.findIndex((rooms) => rooms.includes(roomOf(file)));
}

function layerOf(file: string): number {
	return layers.findIndex(([, files]) => files.test(file));
}

/** Runs the linters and the client generator that the OpenAPI document is tested with. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { cachedFolder, installLocked, versionOf } from "../npm-cache.ts";

const run = promisify(execFile);
const recipe = import.meta.dirname;

const programs = {
	redocly: "@redocly/cli/bin/cli.js",
	spectral: "@stoplight/spectral-cli/dist/index.js",
	"openapi-typescript": "openapi-typescript/bin/cli.js",
} as const;

export class OpenApiTools {
	/** The `node_modules` folder with the tools and `openapi-fetch`. */
	readonly modules: string;

	/** Installs the tools if this version is not installed (130 MB, some 20 seconds). */
	static async install(): Promise<OpenApiTools> {
		const version = await versionOf([join(recipe, "package-lock.json")]);
		const folder = await cachedFolder(`openapi-${version}`, (partial) => installLocked(recipe, partial));
		return new OpenApiTools(join(folder, "node_modules"));
	}

	private constructor(modules: string) {
		this.modules = modules;
	}

	/** The tool's output. Rejects with it if the tool ends with a failure. */
	async run(tool: keyof typeof programs, args: readonly string[], folder: string): Promise<string> {
		const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };
		const { stdout } = await run(process.execPath, [join(this.modules, programs[tool]), ...args], {
			cwd: folder,
			env,
		});
		return stdout;
	}
}

/** The OpenAPI document of the running daemon passes the usual linters, and a client generated from it is pleasant to use. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../daemon/harness.ts";
import { OpenApiTools } from "../openapi/tools.ts";
import { DaemonChild } from "./daemon.ts";

const root = resolve(import.meta.dirname, "..", "..");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const run = promisify(execFile);

/** What a service would write. It compiles with the project's own strict settings, and runs against the daemon. */
const service = `
import createClient from "openapi-fetch";
import type { components, operations, paths } from "./api.ts";

type Token = components["schemas"]["Token"];
type Conflict = components["responses"]["Conflict"]["content"]["application/problem+json"]["code"];

const { DAEMON_URL = "", OWNER_KEY = "" } = process.env;
const client = createClient<paths>({ baseUrl: DAEMON_URL, headers: { authorization: \`Bearer \${OWNER_KEY}\` } });

async function create(name: string): Promise<components["schemas"]["CreatedToken"]> {
	const { data, error } = await client.POST("/v1/api-tokens", {
		body: { name, permissions: ["orders.read"], expiresIn: { months: 2 } },
	});
	if (error !== undefined) throw new Error(\`\${error.code}: \${error.detail}\`);
	return data;
}

async function rotate(id: string): Promise<{ secret: string } | { conflict: Conflict }> {
	const { data, error, response } = await client.POST("/v1/api-tokens/{id}/rotate", {
		params: { path: { id } },
		body: { overlapSeconds: 60 },
	});
	if (data !== undefined) return { secret: data.token };
	if (response.status !== 409) throw new Error(error.detail);
	return { conflict: error.code as Conflict };
}

const { id, token } = await create("orders-api");
const query: operations["listTokens"]["parameters"]["query"] = { status: "active", limit: 10 };
const { data: page } = await client.GET("/v1/api-tokens", { params: { query } });
const listed: Token[] = page?.tokens ?? [];
const { data: verification } = await client.GET("/v1/verify", {
	params: { query: { permission: ["orders.read"] } },
	headers: { authorization: \`Bearer \${token}\` },
});
const rotations = [await rotate(id), await rotate(id)];
console.log(
	JSON.stringify({
		listed: listed.map((one) => one.name),
		verified: verification?.token.status,
		rotations: rotations.map((one) => ("conflict" in one ? one.conflict : one.secret.slice(0, 4))),
	}),
);

// @ts-expect-error an unknown status
client.GET("/v1/api-tokens", { params: { query: { status: "gone" } } });
// @ts-expect-error an unknown path
client.GET("/v1/tokens");
// @ts-expect-error a change requires If-Match
client.PATCH("/v1/api-tokens/{id}", { params: { path: { id } }, body: {} });
// @ts-expect-error a record does not contain the secret
export const secretOf = (record: Token) => record.token;
`;

describe("the OpenAPI document of the running daemon", () => {
	let tools: OpenApiTools;
	let folder: string;
	let daemon: DaemonChild;
	before(async function () {
		this.timeout(300_000);
		tools = await OpenApiTools.install();
		folder = temporaryFolder();
		daemon = await DaemonChild.start(join(folder, "data"));
		const document = await (await fetch(`${daemon.file.url}/openapi.json`)).json();
		writeFileSync(join(folder, "openapi.json"), JSON.stringify(document, null, 2));
	});
	after(async () => {
		await daemon.kill("SIGKILL");
		rmSync(folder, { recursive: true });
	});

	it("satisfies Redocly's recommended rules", async () => {
		const args = ["lint", "--extends", "recommended", "--format", "json", "openapi.json"];
		const { totals, problems } = JSON.parse(await tools.run("redocly", args, folder));
		assert.deepEqual(problems, []);
		assert.deepEqual(totals, { errors: 0, warnings: 0, ignored: 0 });
	});

	it("satisfies Spectral's rules for OpenAPI", async () => {
		writeFileSync(join(folder, "rules.yaml"), 'extends: ["spectral:oas"]\n');
		const args = ["lint", "--ruleset", "rules.yaml", "--format", "json", "--quiet", "openapi.json"];
		assert.deepEqual(JSON.parse(await tools.run("spectral", args, folder)), []);
	});

	it("generates a client that compiles under the project's settings and works", async () => {
		await tools.run("openapi-typescript", ["openapi.json", "--output", "api.ts"], folder);
		const generated = readFileSync(join(folder, "api.ts"), "utf8");
		assert.doesNotMatch(generated, /\bunknown &|& unknown\b/, "every shape has a meaning");
		installModules();
		writeFileSync(join(folder, "service.ts"), service);
		const { stdout } = await run(process.execPath, [tsc, "-p", folder]).catch((error) => error);
		assert.equal(stdout, "");
		const { url, ownerKey } = daemon.file;
		const answer = await run(process.execPath, ["service.ts"], {
			cwd: folder,
			env: { ...process.env, DAEMON_URL: url, OWNER_KEY: ownerKey },
		});
		assert.deepEqual(JSON.parse(answer.stdout), {
			listed: ["orders-api"],
			verified: "active",
			rotations: ["tks_", "already-rotated"],
		});
	});

	/** The service's packages and its TypeScript project. */
	function installModules(): void {
		const modules = join(folder, "node_modules");
		mkdirSync(modules);
		for (const name of ["openapi-fetch", "openapi-typescript-helpers"])
			symlinkSync(join(tools.modules, name), join(modules, name));
		for (const name of ["@types", "undici-types"])
			symlinkSync(join(root, "node_modules", name), join(modules, name));
		writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
		const project = {
			extends: join(root, "tsconfig.json"),
			compilerOptions: { types: ["node"], lib: ["es2024", "dom"] },
			include: ["*.ts"],
			exclude: [],
		};
		writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
	}
});

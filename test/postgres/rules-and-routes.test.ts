/** Every test of rules and routes, from the same files as over SQLite. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { itWhere } from "../where.ts";
import { hasPostgres } from "./cluster.ts";

/** They are about files of a data directory or a process of its own, or no store has a part in them. */
const others = new Set(
	[
		"damage",
		"many",
		"migration",
		"operators",
		"verdaccio",
		"direct",
		"door",
		"frameworks",
		"identity",
		"peers",
	]
		.concat([
			"client",
			"client-address",
			"verify-request",
			"middleware",
			"transport",
			"linear",
			"openapi",
			"prove-server",
		])
		.concat(["connected-checks", "connections-described", "own-connector", "profile-mindbridge"])
		.map((name) => `${name}.test.ts`),
);

const folder = join(import.meta.dirname, "..", "daemon");
const files = globSync("*.test.ts", { cwd: folder }).filter(
	(file) =>
		!others.has(file) &&
		!file.startsWith("connector-") &&
		/daemonOfEach|TestDaemon/.test(readFileSync(join(folder, file), "utf8")),
);

if (hasPostgres) {
	process.env.TOKENSMITH_TEST_STORE = "postgres";
	for (const file of files) await import(join(folder, file));
} else itWhere(false, "PostgreSQL is not installed")("rules and routes over PostgreSQL", () => {});

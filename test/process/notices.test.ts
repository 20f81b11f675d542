/** The licences of all that is bundled: every package is named with its text, and one without a text stops the build. */
import assert from "node:assert/strict";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundledPackages, thirdPartyNotices } from "../../build/notices.ts";
import { temporaryFolder } from "../daemon/harness.ts";

const root = resolve(import.meta.dirname, "..", "..");

describe("the notices of third parties", () => {
	const notices = readFileSync(join(root, "dist", "THIRD-PARTY-NOTICES.txt"), "utf8");
	const packages = bundledPackages(JSON.parse(readFileSync(join(root, "dist", "metafiles.json"), "utf8")));

	it("name each package that is bundled, with its version and its licence", () => {
		for (const folder of packages) {
			const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
			assert.ok(notices.includes(`\n${name} ${version} (${license})\n`), `${name} is missing`);
		}
		for (const name of ["express", "kysely", "lit-html", "pino", "sql.js", "zod"])
			assert.ok(packages.includes(`node_modules/${name}`), `${name} is not among the packages`);
	});

	it("hold a licence text after each name", () => {
		const texts = notices.split(/^-{80}\n.* \(.*\)\n-{80}$/m).slice(1);
		assert.ok(texts.length > 50);
		for (const text of texts) assert.match(text, /permission|redistribution|apache license/i);
	});

	it("cannot be made while a licence text is missing", () => {
		const folder = temporaryFolder();
		const place = join(folder, "node_modules", "unlicensed");
		mkdirSync(place, { recursive: true });
		writeFileSync(join(place, "package.json"), '{ "name": "unlicensed", "version": "1.0.0" }');
		const inputs = { "node_modules/unlicensed/index.js": { bytesInOutput: 10 } };
		assert.throws(() => thirdPartyNotices([{ outputs: { "dist/a.js": { inputs } } }], folder), {
			message: "unlicensed is bundled, and its package holds no licence text",
		});
		rmSync(folder, { recursive: true });
	});
});

describe("a bundle", () => {
	for (const file of globSync("{,overview/}*.js", { cwd: join(root, "dist") }))
		it(`is ASCII, so that V8 keeps a character in one byte: ${file}`, () => {
			assert.doesNotMatch(readFileSync(join(root, "dist", file), "utf8"), /[^\0-\x7f]/);
		});
});

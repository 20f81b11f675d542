import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv as parseAsNode } from "node:util";
import dotenv from "dotenv";
import fc from "fast-check";
import { applyEdit, setValue } from "../../daemon/env-file/env-changes.ts";

describe("a value that was set", () => {
	let folder = "";
	before(() => {
		folder = mkdtempSync(join(tmpdir(), "env-text-"));
	});
	after(() => rmSync(folder, { recursive: true }));

	const secret = fc
		.oneof(
			fc.stringMatching(/^tks_[0-9A-Za-z]{38}$/),
			fc.base64String(),
			fc.string({ unit: "grapheme-ascii" }),
			fc.string({ unit: fc.constantFrom(..."ab01!*?[]{},^~:=%@+/._-$#'\"`\\ &;|<>()é漢字😀") }),
		)
		.filter((value) => value !== "");
	const forms = [
		"=",
		"=old",
		"='old'",
		'="old"',
		"=`true`",
		"=old # why",
		'="old"#why',
		"=old#why",
		'="one\ntwo"',
	];
	const line = fc.record({
		before: fc.constantFrom("", "export ", "  "),
		form: fc.constantFrom(...forms, ""),
		secret,
	});

	/** A file of many lines, each set to its secret unless refused, and the values expected from it. */
	function fill(lines: readonly { before: string; form: string; secret: string }[]) {
		const values: Record<string, string> = {};
		let text = lines.map(({ before, form }, index) => form && `${before}K${index}${form}\n`).join("");
		lines.forEach(({ secret: value }, index) => {
			const edit = setValue(text, `K${index}`, value);
			if ("reason" in edit) return;
			text = applyEdit(text, edit);
			values[`K${index}`] = value;
		});
		const file = join(folder, "env");
		writeFileSync(file, text);
		return { file, text, values };
	}

	const pick = (read: NodeJS.Dict<string>, keys: string[]) =>
		Object.fromEntries(keys.map((key) => [key, read[key]]));
	const manyLines = fc.array(line, { minLength: 200, maxLength: 300, size: "max" });

	it("is read back by dotenv, by Node, and by a shell's `source`", () => {
		fc.assert(
			fc.property(manyLines, (lines) => {
				const { file, text, values } = fill(lines);
				const keys = Object.keys(values);
				assert.ok(keys.length > 50);
				assert.deepEqual(pick(dotenv.parse(text), keys), values);
				assert.deepEqual(pick(dotenv.parse(text, { fast: true }), keys), values);
				assert.deepEqual(pick(parseAsNode(text), keys), values);
				assert.deepEqual(pick(readWithNode(file), keys), values);
				assert.deepEqual(pick(readWithShell(file, keys), keys), values);
			}),
			{ numRuns: 10, endOnFailure: true },
		);
	}).timeout(60_000);

	it("is read back by Docker, from a file that Docker accepts", () => {
		const plain = fc.record({
			before: fc.constantFrom("", "  "),
			form: fc.constantFrom("=", "=old", "=old  ", ""),
			secret,
		});
		fc.assert(
			fc.property(fc.array(plain, { maxLength: 50 }), (lines) => {
				const { text, values } = fill(lines);
				assert.deepEqual(pick(readAsDocker(text), Object.keys(values)), values);
				assert.deepEqual(pick(readAsDocker(text.replaceAll("\n", "\r\n")), Object.keys(values)), values);
			}),
		);
	});

	it("is read by a shell from a file with a comment directly after the value", () => {
		const { file } = fill([{ before: "", form: "=old#why", secret: "new" }]);
		assert.equal(readWithShell(file, ["K0"]).K0, "new");
	});

	function readWithNode(file: string): Record<string, string> {
		const script = "process.stdout.write(JSON.stringify(process.env))";
		const env = { PATH: process.env.PATH };
		return JSON.parse(
			execFileSync(process.execPath, [`--env-file=${file}`, "-e", script], { encoding: "utf8", env }),
		);
	}

	function readWithShell(file: string, keys: string[]): Record<string, string> {
		const script = `. "$0"; printf '%s\\0' ${keys.map((key) => `"$${key}"`).join(" ")}`;
		const output = execFileSync("sh", ["-c", script, file], {
			encoding: "utf8",
			stdio: ["ignore", "pipe", "inherit"],
		});
		const values = output.split("\0");
		return Object.fromEntries(keys.map((key, index) => [key, values[index] ?? ""]));
	}

	/** The documented rule of Docker's `--env-file`: everything after the first `=`, unchanged. */
	function readAsDocker(text: string): Record<string, string> {
		const values: Record<string, string> = {};
		for (const raw of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
			const content = raw.trimStart();
			if (content === "" || content.startsWith("#")) continue;
			const [key = ""] = content.split("=", 1);
			assert.ok(!/[ \t]/.test(key), "Docker refuses whitespace in a name");
			values[key] = content.slice(key.length + 1);
		}
		return values;
	}
});

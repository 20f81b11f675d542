import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv as parseAsNode } from "node:util";
import dotenv from "dotenv";
import fc from "fast-check";
import { setValue } from "../../daemon/env-file/env-changes.ts";
import { applyEdit, applyEdits } from "../../daemon/env-file/env-edit.ts";
import { replaceIn } from "../../daemon/env-file/env-file.ts";
import { secretPlaces } from "../../daemon/env-file/secret-places.ts";
import { generateSecret } from "../../daemon/rules/secret.ts";

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

	describe("in a file of any lines", () => {
		const keys = ["K", "LOG", "A", "B", "C", "D", "E", "F"];
		const token = "tks_0123456789abcdefghijklmnopqrstuvwxyzAB";
		const lines = [
			..."LOG=D:\\apps\\logs\\|# note \\|A=it's|B='x'|C=\"y\\|C=\"y\"|export D=1|E=1 \\|E=1\\\\|K=old|K='old'".split(
				"|",
			),
			..."export K=\"old\"|K=\u00a0old|K=\u3000'old'|K=old\u00a0|declare -x K=other|F=\"a|b\"|F='a\\|b'|  |# it's".split(
				"|",
			),
			..."cat <<EOF|EOF|K=`old`|A=x #\\|B=\u00a0|K=|D=x;\\".split("|"),
			...["D=|", "D=a && # why", "A=1; K=other", "unset K", "export A=2 K=other", "readonly K", "E='K=x'"],
			...["K+=x", "if true; then K=other; fi", "export K", "F=$'it\\'s'", "# unset K", "D=a; unset A"],
		];
		const ending = fc.constantFrom("\n", "\n", "\r\n");
		const file = fc.tuple(fc.array(fc.constantFrom(...lines), { maxLength: 5 }), ending, fc.boolean());

		it("it is read back by every reader that can read the file, which reads all else as before", () => {
			let written = 0;
			fc.assert(
				fc.property(file, ([parts, lineEnd, isComplete]) => {
					const text = parts.join(lineEnd) + (isComplete && parts.length > 0 ? lineEnd : "");
					const edit = setValue(text, "K", token);
					if ("reason" in edit) return;
					written += 1;
					checkReaders(text, applyEdit(text, edit), lineEnd === "\r\n" ? "\r" : "");
				}),
				{ numRuns: 120 },
			);
			assert.ok(written > 30, `${written} were written`);
		}).timeout(120_000);

		function checkReaders(before: string, after: string, end: string): void {
			assert.equal(dotenv.parse(after).K, token);
			assert.equal(parseAsNode(after).K, token);
			for (const shell of ["bash", "dash"]) {
				const [old, read] = [before, after].map((text) => readWith(shell, text, keys));
				if (read === undefined) continue;
				assert.ok([token, token + end].includes(read.K ?? ""), `${shell} reads ${JSON.stringify(read.K)}`);
				if (old !== undefined) assert.deepEqual(othersOf(read, end), othersOf(old, end), shell);
			}
		}

		/** The last line of a file with CRLF may be the only one whose value had no CR. */
		function othersOf(read: Record<string, string>, end: string): string[] {
			return keys
				.filter((key) => key !== "K")
				.map((key) => `${key}=${read[key]}`.replace(end === "" ? /^$/ : /\r$/, ""));
		}
	});

	it("in place of a secret anywhere in a value is all that changes for every reader", () => {
		const keys = ["K", "A", "B", "C"];
		const [old, fresh] = [generateSecret("tks"), generateSecret("tks")];
		const places = [
			...'="Bearer S"|=S; export A|="S\\n"|=\'S\\n\'|=x,S|="https://user:S@example.org/?t=S"|=S|="S"|=\'S\'|=`S`'.split(
				"|",
			),
			...'={\\"t\\":\\"S\\"}|=\'{"t":"S"}\'|=abc#S|=x\'S\'y|="a\nS\nb"|= S|=S # why|=S\\'.split("|"),
		];
		const text = fc
			.array(
				fc.tuple(
					fc.constantFrom("", "export ", "declare -x ", "  "),
					fc.constantFrom(...keys),
					fc.constantFrom(...places),
				),
				{
					minLength: 1,
					maxLength: 4,
				},
			)
			.map((lines) => lines.map((parts) => `${parts.join("")}\n`).join(""));
		let changedFiles = 0;
		fc.assert(
			fc.property(text, (template) => {
				const content = template.replaceAll("S", old);
				const found = secretPlaces(content, "env").filter(
					({ secret: held, commented }) => held === old && !commented,
				);
				const edits = replaceIn(
					content,
					found.map((place) => ({ place, value: fresh })),
					"env",
				);
				if ("reason" in edits) return;
				changedFiles += 1;
				const changed = applyEdits(content, edits);
				for (const read of [
					dotenv.parse,
					parseAsNode,
					(one: string) => readWith("bash", one, keys),
					(one: string) => readWith("dash", one, keys),
				])
					assert.equal(JSON.stringify(read(changed)), JSON.stringify(read(content))?.replaceAll(old, fresh));
			}),
			{ numRuns: 150 },
		);
		assert.ok(changedFiles > 75, `${changedFiles} were changed`);
	}).timeout(120_000);

	/** undefined: the shell refuses the file. */
	function readWith(
		shell: string,
		text: string,
		keys: readonly string[],
	): Record<string, string> | undefined {
		const path = join(folder, "any");
		writeFileSync(path, text);
		const script = `. "$0"; printf '%s\\0' ${keys.map((key) => `"$${key}"`).join(" ")}`;
		const { stdout, stderr } = spawnSync(`/usr/bin/${shell}`, ["-c", script, path], {
			encoding: "utf8",
			env: { PATH: "/nowhere" },
		});
		const values = stdout.split("\0");
		if (values.length <= keys.length || /syntax error|unterminated|unexpected EOF/i.test(stderr))
			return undefined;
		return Object.fromEntries(keys.map((key, index) => [key, values[index] ?? ""]));
	}

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

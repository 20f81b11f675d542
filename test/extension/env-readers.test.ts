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

	describe("after what a shell would join it to", () => {
		const at = (text: string, expected: string) => {
			const edit = setValue(text, "K", "v");
			assert.equal("reason" in edit ? edit.reason : applyEdit(text, edit), expected);
		};

		it("stands apart from a last line that ends with a backslash", () => {
			at("LOG_DIR=D:\\apps\\\n", "LOG_DIR=D:\\apps\\\n\nK=v\n");
			at("A=1\\\\\n", "A=1\\\\\nK=v\n");
			at("# note \\\n", "# note \\\nK=v\n");
			at("A='x\\'\n", "A='x\\'\nK=v\n");
			at("A=1\\\r\n", "A=1\\\r\nK=v\r\n");
		});

		it("is refused where it can't", () => {
			at("A=1\\", "line-hidden");
			at("A=1\\\nK=old\n", "line-hidden");
			at("A=it's\nK=old\nB=it's\n", "line-hidden");
			at("cat <<X\nK=old\nX\n", "line-hidden");
			at("cat <<-X\n\ta\n\tX\nK=old\n", "cat <<-X\n\ta\n\tX\nK=v\n");
			at("cat <<<X\nK=old\n", "cat <<<X\nK=v\n");
			for (const mark of ["2", "'E F'", "E-F", "\\E", '"E"-', "$E"])
				at(`cat <<${mark}\nA=1\n`, "line-hidden");
			at("cat <<'E F'\na\nE F\nA=1\n", "cat <<'E F'\na\nE F\nA=1\nK=v\n");
			at("cat <<E\r\na\r\nE\r\n", "cat <<E\r\na\r\nE\r\nK=v\r\n");
			// For dash, the shift begins a here-document.
			at("(( A = 1 << 2 ))\n", "line-hidden");
			at("A=$((1<<2))\nB=$((1<<(2+1)))\n", "A=$((1<<2))\nB=$((1<<(2+1)))\nK=v\n");
		});

		it("is refused with the line that ends with a backslash", () => {
			for (const text of ["X=0\nA=1\\", "X=0\nA=1\\\nK=old\n"]) {
				const refused = setValue(text, "K", "v");
				assert.match("reason" in refused ? refused.detail : "", /to line 2, which ends with a backslash/);
			}
		});

		it("is refused if a line takes precedence for a shell alone, or the file has a NUL", () => {
			at("K=old\ndeclare -x K=other\n", "line-hidden");
			at("declare -x K=other\n", "declare -x K=other\nK=v\n");
			at("A=\0\n", "not-text");
		});

		it("is refused behind an operator that continues a line, with that line", () => {
			for (const text of [
				"A=0\nSEPARATOR=|\n",
				"A=0\nB=x && # why\n\n",
				"A=0\nB=x ||",
				"A=0\nB=|&\nK=old\n",
			]) {
				const refused = setValue(text, "K", "v");
				assert.match(
					"reason" in refused ? refused.detail : "",
					/follows line 2 .* ends with (?:\||&&|\|\||\|&)\./,
				);
			}
			at("A='|'\n", "A='|'\nK=v\n");
			at("A=\\|\n", "A=\\|\nK=v\n");
			at("A=x # |\n", "A=x # |\nK=v\n");
			at("A=x&\n", "A=x&\nK=v\n");
			at("A=|\r\n", "A=|\r\nK=v\r\n");
		});

		it("is refused if another command of a shell changes the key too", () => {
			for (const later of [
				...[
					"A=1; K=x",
					"A=1 && K=x",
					"A=1 K=x",
					"K+=x",
					"unset K",
					"unset A K",
					"export A=1 K=x",
					"eval K=x",
				],
				...[
					'eval "K"=x',
					"unset 'K'",
					"read K <<<x",
					"for K in a; do :; done",
					"if true; then K=x; fi",
					"{ K=x; }",
					"readonly K=x",
				],
			])
				at(`K=old\n${later}\n`, "line-hidden");
			for (const later of [
				...["# unset K", "A='K=x'", 'A="; K=x"', "export K", "readonly K", "KK=x", "A=1; KK=x", "echo K=x"],
				...["unset KK", "A=x\\;K=x", "A=-DK=x", "declare -x K"],
			])
				at(`K=old\n${later}\n`, `K=v\n${later}\n`);
		});

		it("is refused if a shell does more on the line than to set the key", () => {
			for (const line of [
				...["K=old; M=2", "K=old;M=2", "K=old && M=2", "K=old M=2", "export K=old M=2", "K='old' M=2"],
				...['K="old"; M=2', "K=old; export K", "K=old & a"],
			]) {
				const refused = setValue(`A=1\n${line}\n`, "K", "v");
				assert.match("reason" in refused ? refused.detail : line, /does more on line 2 than to set K/);
			}
			for (const line of [
				"K=my app",
				"K=old # a; M=2",
				"K=http://a/?b=1&c=2",
				"K=Host=a;Port=2;",
				"K='a; M=2'",
			])
				assert.ok("newText" in setValue(`${line}\n`, "K", "v"), line);
		});

		it("is refused if a shell reads the value on over further lines", () => {
			for (const text of [
				"K=$(cat <<E\nx\nE\n)\n",
				"K=(\na\nb\n)\n",
				"K=$((1+\n2))\n",
				"K=@{A:-x\n}\n",
				"(\nK=x)\n",
			])
				at(text.replace("@", "$"), "part-of-value");
			for (const line of ["K=$(echo x)", "K=(a b)", "K=$((1+2))", "K=@{A:-x}", 'K="@{A"', "K='('", "K={"])
				assert.ok("newText" in setValue(`${line.replace("@", "$")}\nA=1\n`, "K", "v"), line);
		});

		it("is refused if some programs would still read another line", () => {
			for (const text of ["K=old\nK= other\n", "K=old\nK: other\n", "K=old\nexport\tK=other\n"]) {
				const refused = setValue(text, "K", "v");
				assert.match(
					"reason" in refused ? refused.detail : text,
					/read K from line 1, and others from line 2/,
				);
			}
			at("K: old\nK=other\n", "K: old\nK=v\n");
		});

		it("is refused if a shell can't read the text any more", () => {
			at("A=it's\nB=1\nK='old\\'\n", "line-hidden");
		});

		it("is refused if a shell may not set the key again", () => {
			for (const lock of ["readonly K=x", "readonly K", "declare -r K=x", "typeset -xr K"])
				at(`${lock}\n`, "line-hidden");
			at("declare -x A=x\n", "declare -x A=x\nK=v\n");
			at("readonly A=x\n", "readonly A=x\nK=v\n");
		});

		it("is refused where only a carriage return ends the line", () => {
			at("A=1\rK=old\r", "line-hidden");
			at("K=old\rB=2\n", "line-hidden");
			at("A=1\r", "A=1\r\nK=v\n");
			at("A=1\r\nK=old\r\n", "A=1\r\nK=v\r\n");
			at("A='x\ry'\nK=old\n", "A='x\ry'\nK=v\n");
		});

		it("ends as the lines do that a shell reads right, if they end differently", () => {
			at("A=1\r\nB=2\nC=3\r\n", "A=1\r\nB=2\nC=3\r\nK=v\n");
			at("A=1\nB=2\r\n", "A=1\nB=2\r\nK=v\n");
		});

		it("is in quotes where zsh would expand it", () => {
			at('K="old"\n', 'K="v"\n');
			const edit = setValue("K='old'\nA=1\n", "K", "=ls");
			assert.deepEqual(edit, { start: 2, end: 7, newText: "'=ls'" });
			assert.ok("reason" in setValue("A=1\n", "K", "=ls"));
		});

		it("has no blank before it that only some readers skip", () => {
			at("K=\u00a0old\n", "K=v\n");
			at("K=\u2003'old'\n", "K='v'\n");
			at("K= old\n", "K= v\n");
		});
	});

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

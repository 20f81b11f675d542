import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { partialTokenOf } from "../../daemon/rules/secret.ts";
import { printedText } from "../../extension/launch/printed-text.ts";
import { SecretMask } from "../../extension/launch/secret-mask.ts";

/** Always the same: what may be shown of a secret depends on its letters. */
const secret = "tks_nMGLrejthDcVBBrxkOVNCL8WTDIQ9Muj3gbLut";
const partial = partialTokenOf(secret);

/** What a person reads of the output, without line breaks. */
const read = (output: string) => stripVTControlCharacters(output).replace(/[\r\n]+[ \t]*|\u200b/g, "");

/** A character that the next one is printed over. */
const strike = /.[\b]/g;
/** A control sequence that is not complete. */
const esc = "\x1b";
const control = "[\\0-\\x1a\\x1c-\\x1f]";
const unfinished = new RegExp(
	`${esc}(?:${control}|[ -/])*(?:\\[(?:[ -?]|${control})*|[\\]_][^${esc}]*${esc}?)?$`,
);

function shownOf(secrets: readonly string[], pieces: readonly string[], pause: "pauses" | "flows" = "flows") {
	const mask = new SecretMask(secrets);
	const parts = pieces.map((piece) => mask.write(piece) + (pause === "pauses" ? mask.flush() : ""));
	return parts.join("") + mask.end();
}

function check(what: string, output: string, expected: string): void {
	it(`is masked ${what}, in pieces of any size`, () => {
		for (let size = 1; size <= output.length; size++) {
			const pieces = Array.from({ length: Math.ceil(output.length / size) }, (_, index) =>
				output.slice(index * size, (index + 1) * size),
			);
			assert.equal(shownOf([secret], pieces), expected, `pieces of ${size}`);
		}
	});
}

const [head, tail] = [secret.slice(0, 4), secret.slice(4)];

describe("a secret in a task's output", () => {
	it("is masked from eight characters on, and shows its ends from twenty on", () => {
		for (const [one, expected] of [
			["pass123", "a pass123 b"],
			["pass1234", "a *** b"],
			["a1b2c3d4e5f6g7h8i9j", "a *** b"],
			["a1b2c3d4e5f6g7h8i9j0", "a a1b2…i9j0 b"],
		] as const)
			assert.equal(shownOf([one], [`a ${one} b`]), expected);
	});

	it("shows up to six characters that may be its start when nothing follows, and no more", () => {
		for (const [count, shown] of [
			[6, secret.slice(0, 6)],
			[7, ""],
		] as const) {
			const mask = new SecretMask([secret]);
			assert.equal(mask.write(secret.slice(0, count)) + mask.flush(), shown);
		}
	});

	it("is read without control strings of up to 4096 characters, as terminals print it", () => {
		const withString = (count: number) => printedText(`a\x1b]${"0".repeat(count)}\x07b`).text;
		assert.equal(withString(4096), "ab");
		assert.equal(withString(4097).length, 4097 + "ab".length);
	});

	check(
		"when a search colours its start",
		`a \x1b[01;31m\x1b[K${head}\x1b[m\x1b[K${tail}\n`,
		`a \x1b[01;31m\x1b[K${partial}\x1b[m\x1b[K\n`,
	);
	check(
		"across lines, however the next one is indented",
		`${head}\r\n\t  ${tail} b\n`,
		`${partial}\r\n\t   b\n`,
	);
	check(
		"with a link in it",
		`${head}\x1b]8;;https://example.org\x1b\\${tail}`,
		`${partial}\x1b]8;;https://example.org\x1b\\`,
	);
	check(
		"in the address of a link",
		`\x1b]8;;https://example.org/?t=${secret}\x07here`,
		`\x1b]8;;https://example.org/?t=${partial}\x07here`,
	);
	check("with characters of no width in it", `${head}\u200b\0${tail}.`, `${partial}.`);

	it("is masked when each character is struck twice, as for bold text", () => {
		const struck = [...secret].map((one) => `${one}\b${one}`).join("");
		assert.equal(shownOf([secret], [struck]).replace(strike, ""), partial);
		assert.ok(
			!shownOf([secret], [...struck])
				.replace(strike, "")
				.includes(tail.slice(4)),
		);
	});

	it("is masked when it is underlined as in a manual page, in pieces of any size", () => {
		const underlined = [...secret].map((one) => `_\b${one}`).join("");
		for (let size = 1; size < 5; size++) {
			const pieces = underlined.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
			assert.ok(!shownOf([secret], pieces).replace(strike, "").includes(tail.slice(4)), `pieces of ${size}`);
		}
	});

	check("with other line separators in it", `${head}\u2028${tail}\u2029b`, `${partial}\u2029b`);
	check("with a wide character of no width in it", `${head}\u{E0020}${tail}.`, `${partial}.`);

	it("is masked in the colours of a real grep", () => {
		for (const pattern of ["tks_", "[0-9]", "."]) {
			const output = execFileSync("grep", ["--color=always", "-o", "-e", pattern, "-"], {
				input: `API_TOKEN=${secret}\n`,
				encoding: "utf8",
			});
			const whole = execFileSync("grep", ["--color=always", pattern, "-"], {
				input: `API_TOKEN=${secret}\n`,
				encoding: "utf8",
			});
			assert.ok(read(whole).includes(secret));
			assert.ok(!read(shownOf([secret], [whole])).includes(tail), pattern);
			assert.ok(!read(shownOf([secret], [...output])).includes(tail), pattern);
		}
	});

	describe("is masked in its parts", () => {
		const [first, second] = [secret.slice(0, 20), secret.slice(20)];
		/** From eight characters on. */
		function visiblePart(shown: string): string | undefined {
			const text = read(shown);
			return Array.from({ length: secret.length - 7 }, (_, at) => secret.slice(at, at + 8)).find((part) =>
				text.includes(part),
			);
		}
		const broken: readonly [how: string, output: string][] = [
			["by a border", `│ ${first} │\n│ ${second} │\n`],
			["by a prefix of each line", `[log] ${first}\n[log] ${second}\n`],
			["by a backslash or a hyphen", `${first}\\\n${second} ${first}-\n${second}\n`],
			["by a blank or a tab", `${first}\u00a0${second} ${first}\t${second}\n`],
			["by characters that are printed over", `${first}xy\b\b${second} ${first}x\b${second}\n`],
			["by a cursor that goes back", `${first}xy${esc}[2D${second} ${first}zz${esc}[2D${esc}[2P${second}\n`],
			["by a cursor that has printed its end first", `${esc}[21G${second}\r${first}\n`],
			["by a saved cursor", `${esc}7${esc}[20C${second}${esc}8${first}\n`],
			["by inserted characters", `${second}\r${esc}[20@${first}\n`],
			["by lines that are printed again", `${first}\r${secret}\n`],
			["by a combining character", `${first}\u0301${second}\n`],
			["by a sequence that is cancelled", `${first}${esc}[3\x18${second} ${first}${esc}]0;a\x18${second}\n`],
			[
				"by a sequence within another",
				`${first}${esc}[3${esc}[1m${second} ${first}${esc}]0;a${esc}[1m${second}\n`,
			],
			[
				"by a sequence with a line break in it",
				`${first}${esc}[3\n1m${second} ${first}${esc}\0[1m${second}\n`,
			],
			[
				"by other escape sequences",
				`${first}${esc} F${second}${esc}n${first}${esc}-A${second}${esc}$)B${first}\n`,
			],
			["by 8-bit controls", `${first}\x9b31m${second} ${first}\x9d8;;x\x9c${second}\n`],
			["by a string that is too long for one", `${first}${esc}]0;${"a".repeat(5000)}\x07${second}\n`],
			["by an encoded character", `${first.replace("t", "\\u0074")}%20${second}\n`],
		];
		for (const [how, output] of broken)
			it(`${how}, in pieces of any size`, () => {
				assert.notEqual(visiblePart(output), undefined);
				for (const size of [1, 2, 3, 5, 8, 13, 21, output.length])
					for (const pause of ["pauses", "flows"] as const) {
						const pieces = output.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
						assert.equal(visiblePart(shownOf([secret], pieces, pause)), undefined, `pieces of ${size}`);
					}
			});

		it("with one mask for each, however slowly it is printed", () => {
			assert.equal(shownOf([secret], [...`(${second})`]), `(${second.slice(0, 7)}***)`);
			assert.equal(
				shownOf([secret], [...`(${second}) (${secret})`], "pauses"),
				`(${second.slice(0, 7)}***) (${secret.slice(0, 6)}${partial})`,
			);
		});

		it("without holding back a line's end for the start of a part, so that no line of the other stream comes before it", () => {
			const mask = new SecretMask([secret]);
			const line = `(${second.slice(3, 10)}\n`;
			assert.equal(mask.write(line), line);
			assert.equal(mask.holds, false);
			assert.equal(mask.write(`${second.slice(10)})\n`), "***)\n");
		});

		it("but in no words", () => {
			const words = "my-own-database/PASSWORD_OF_ME_1234567890";
			assert.equal(shownOf([words], ["a database; PASSWORD_OF"]), "a database; PASSWORD_OF");
		});
	});

	it("is masked when another secret contains it, whichever arrives first", () => {
		const long = `${secret}-0123456789`;
		for (const at of [3, secret.length, secret.length + 2])
			for (const secrets of [
				[secret, long],
				[long, secret],
			]) {
				assert.equal(
					shownOf(secrets, [long.slice(0, at), `${long.slice(at)} b`]),
					`${partialTokenOf(long)} b`,
				);
				assert.equal(shownOf(secrets, [secret, " b"]), `${partial} b`);
				assert.equal(shownOf(secrets, [secret]), partial);
			}
		const around = `ab${secret}cdefgh`;
		assert.equal(shownOf([secret, around], [`ab${secret}`, "cdefgh."]), `${partialTokenOf(around)}.`);
		assert.equal(shownOf([secret, around], [`ab${secret}`, " d"]), "*** d");
	});

	it("hides the rest of a longer secret that begins with it, and is cut off at the end", () => {
		const long = `${secret}-0123456789`;
		assert.equal(shownOf([secret, long], [long.slice(0, -3)]), partial);
		assert.equal(shownOf([secret, long], [secret, "-01234"]), partial);
	});

	it("is masked when it overlaps another one", () => {
		assert.equal(shownOf(["abcdefgh01", "gh01ijklmn"], ["abcdefgh01ijklmn."]), "***.");
		assert.equal(shownOf(["abcdefgh01", "gh01ijklmn"], ["abcdefgh01", "ijklmn."]), "***.");
	});

	it("does not hold back a line that ends with its whole text", () => {
		const own = "tabcdefghijklmnopqrst";
		const mask = new SecretMask([own]);
		assert.equal(mask.write(`${own}\n`), "tabc…qrst\n");
		assert.equal(mask.holds, false);
	});

	it("shows no start of a longer secret behind a shorter one when the output ends", () => {
		const longer = `${secret}-and-more-of-it`;
		const shown = shownOf([secret, longer], [`(${secret}-and-mo`]);
		// Whether parts of a secret could begin at its end depends on its characters.
		assert.equal(shown.replace(/…$/, ""), `(${partial}`);
	});

	it("does not hold back other output for a control sequence that never ends", () => {
		const mask = new SecretMask([secret]);
		assert.equal(mask.write("\x1b[31"), "");
		assert.equal(mask.write("m(!)\x1b]0;"), "\x1b[31m(!)");
		const text = "!".repeat(5000);
		assert.equal(mask.write(text) + mask.end(), `\x1b]0;${text}`);
	});

	const noise = fc.constantFrom(
		"",
		"",
		"",
		"\x1b[1m",
		"\x1b[38;5;1m\x1b[K",
		"\x1b]8;;a\x07",
		"\n",
		"\r\n  ",
		"\u200b",
	);
	const noisySecret = fc
		.array(noise, { minLength: secret.length, maxLength: secret.length })
		.map((noises) => noises.map((one, index) => secret[index] + one).join(""));
	const piece = fc.oneof(noisySecret, fc.constantFrom(" ", "a", "t", "tks_", "\x1b[m", "\n", "\x1b", "."));
	const output = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
	const cuts = fc.array(fc.nat(400), { maxLength: 6 });

	function cutAt(text: string, at: readonly number[]): string[] {
		const ends = [...at.filter((end) => end < text.length), text.length].toSorted(
			(one, other) => one - other,
		);
		return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
	}

	it("is never readable, whatever is in it and however it arrives", () => {
		fc.assert(
			fc.property(output, cuts, fc.constantFrom("pauses", "flows"), (text, at, pause) => {
				assert.ok(!read(shownOf([secret], cutAt(text, at), pause)).includes(tail.slice(4)));
			}),
			{ numRuns: 5000 },
		);
	});

	it("leaves all other output as it is", () => {
		const other = fc.string({ unit: fc.constantFrom(..."tks_ a\n\r\t\x1b[]m;é😀") });
		fc.assert(
			fc.property(other, cuts, fc.constantFrom("pauses", "flows"), (text, at, pause) => {
				const shown = shownOf([secret], cutAt(text, at), pause);
				const isOpen = unfinished.test(text);
				assert.ok(isOpen ? text.startsWith(shown) : shown === text, JSON.stringify({ text, shown }));
			}),
			{ numRuns: 3000 },
		);
	});
});

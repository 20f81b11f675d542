/** The path of an env file as the user types it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readTypedPath } from "../../extension/env/typed-path.ts";

const good: [text: string, path: string, folder?: string][] = [
	[".env", ".env"],
	[".env.local", ".env.local"],
	["packages/api/.env", "packages/api/.env"],
	["./packages//api/./.env.local", "packages/api/.env.local"],
	["packages\\api\\.env", "packages/api/.env"],
	["packages/api", "packages/api/.env"],
	["packages/api/", "packages/api/.env"],
	["staging.env", "staging.env"],
	[" .env.test ", ".env.test"],
	["billing/.env", ".env", "billing"],
	["billing/api/.env.local", "api/.env.local", "billing"],
];

const bad: [text: string, problem: RegExp][] = [
	["/etc/.env", /within the workspace/],
	["~/.env", /within the workspace/],
	["C:\\work\\.env", /within the workspace/],
	["file:///tmp/.env", /within the workspace/],
	["../.env", /leaves the workspace/],
	["packages/../../.env", /leaves the workspace/],
	["packages\\..\\..\\.env", /leaves the workspace/],
	["a*/.env", /none of these characters/],
	["a\u0000/.env", /none of these characters/],
	[`${"a/".repeat(300)}.env`, /at most 500 characters/],
	[".env.example", /example file/],
	["packages/.env.schema", /example file/],
	["settings.json", /Env files are named/],
	["packages/api/notes.txt", /Env files are named/],
];

describe("a typed path", () => {
	for (const [text, path, folder] of good) {
		it(`${JSON.stringify(text)} is ${path}${folder === undefined ? "" : ` in ${folder}`}`, () =>
			assert.deepEqual(readTypedPath(text, ["billing", "orders"]), { ok: true, folder, path }));
	}
	for (const [text, problem] of bad) {
		it(`${JSON.stringify(text.slice(0, 40))} is answered with what is wrong`, () => {
			const read = readTypedPath(text, ["billing"]);
			assert.ok(!read.ok);
			assert.match(read.problem, problem);
		});
	}

	it("never leaves the folder", () => {
		const part = fc.constantFrom("..", ".", "", "a", "/", "\\", ".env", "..\\", "../", "C:", "~", "%2e%2e");
		fc.assert(
			fc.property(
				fc.array(part).map((parts) => parts.join("/")),
				fc.string(),
				(one, other) => {
					for (const text of [one, other, one + other]) {
						const read = readTypedPath(text, ["a", "b"]);
						if (read.ok) assert.doesNotMatch(read.path, /^\/|(?:^|\/)\.\.(?:\/|$)|\\|:/);
					}
				},
			),
		);
	});
});

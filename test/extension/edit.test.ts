import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { capabilitiesOf, type Profile } from "../../daemon/contract.ts";
import {
	changeBetween,
	changeInWords,
	differences,
	rebase,
	type Settings,
	settingsOf,
	valueInWords,
} from "../../extension/edit/changes.ts";
import { type Field, fields, lockOf } from "../../extension/edit/editable.ts";
import { aToken } from "./a-token.ts";

const settings: Settings = {
	...{ name: "orders", description: "", expiry: "2027-01-31T12:00:00.000Z", permissions: ["a", "b"] },
	...{ resources: [], allowedAddresses: [], defaultSource: null, tags: [] },
};

function profile(id: string): Profile {
	const file = join(import.meta.dirname, "..", "..", "daemon", "profiles", `${id}.json`);
	return JSON.parse(readFileSync(file, "utf8"));
}

describe("an edit", () => {
	it("contains the fields that differ and no others; the order of a list does not count", () => {
		const after = { ...settings, name: "billing", permissions: ["b", "a"], expiry: null };
		assert.deepEqual(changeBetween(settings, after), { name: "billing", expiry: null });
		assert.deepEqual(changeBetween(settings, settings), {});
	});

	it("shows values before and after, and of a list what is added and removed", () => {
		const after = { ...settings, permissions: ["b", "c"], tags: ["x"], allowedAddresses: ["10.0.0.1"] };
		assert.equal(changeInWords("permissions", settings, after), "+c, −a");
		assert.equal(changeInWords("allowedAddresses", settings, after), "Any address → 10.0.0.1");
		assert.deepEqual(differences(settings, after), [
			{ label: "Permissions", before: "a, b", after: "b, c" },
			{ label: "Allowed addresses", before: "Any address", after: "10.0.0.1" },
			{ label: "Tags", before: "None", after: "x" },
		]);
	});

	it("does not know the permissions of a noted token that are not in its record", () => {
		const shown = (more: object) => {
			const token = aToken({ issuer: "github", connectionId: null, permissions: [], ...more });
			return valueInWords("permissions", settingsOf(token));
		};
		assert.equal(shown({}), "not known here");
		assert.equal(shown({ permissions: ["contents:read"] }), "contents:read");
		assert.equal(shown({ issuer: "local" }), "None");
		assert.equal(shown({ connectionId: "c" }), "None");
	});

	it("keeps both callers' additions and removals when it is applied on top of another change", () => {
		const mine = { ...settings, permissions: ["b", "c"], name: "mine" };
		const theirs = { ...settings, permissions: ["a", "d"], description: "theirs" };
		assert.deepEqual(rebase(settings, mine, theirs), {
			...settings,
			...{ name: "mine", description: "theirs", permissions: ["d", "c"] },
		});
	});

	const locks: [issuer: string, id: string, open: Field[]][] = [
		["local", "local", [...fields]],
		["local", "polarity", ["resources", "description", "tags"]],
		["local", "eclecticiq", ["description", "tags"]],
		["local", "mindbridge", ["name", "description", "tags"]],
		["local", "narrative", ["name", "permissions", "expiry", "description", "tags"]],
		["narrative", "narrative", ["name", "permissions", "expiry", "description", "tags"]],
	];
	for (const [issuer, id, open] of locks) {
		it(`offers what can be changed of a ${id} token issued by ${issuer}, and gives a reason for the rest`, () => {
			const token = aToken({ issuer, profile: id });
			const locked = fields.filter((field) => lockOf(field, token, profile(id)) !== undefined);
			assert.deepEqual(
				fields.filter((field) => !locked.includes(field)),
				open,
			);
		});
	}

	it("offers of a token made through a connection what the system's API changes", () => {
		const token = aToken({ issuer: "narrative", profile: "narrative", connectionId: "c", remoteId: "1" });
		const changed = capabilitiesOf(profile("narrative")).update;
		const open = fields.filter((field) => lockOf(field, token, profile("narrative")) === undefined);
		const always = ["description", "tags"];
		assert.deepEqual(
			open,
			fields.filter((field) => always.includes(field) || changed.some((one) => one === field)),
		);
		assert.ok(changed.length > 0, "the system changes something");
	});

	it("does not offer the expiry of a rotated token", () => {
		const token = aToken({ successorId: "2", retiresDate: "2026-12-01T00:00:00.000Z" });
		assert.match(lockOf("expiry", token, profile("local")) ?? "", /rotated/);
		assert.equal(lockOf("name", token, profile("local")), undefined);
	});
});

import assert from "node:assert/strict";
import type { ListedProfile } from "../../daemon/contract.ts";
import { capabilitiesInWords, needsCredential } from "../../extension/connections/capability-words.ts";
import { creationGuide, revocationGuide } from "../../extension/connections/guides.ts";
import { aConnection } from "./a-connection.ts";

const guided = { create: "guided", list: false, update: [], rotate: "guided", revoke: "guided" } as const;
const can = { ...guided, probe: true, needsSecret: false, lagSeconds: 0 };

const profile = {
	...{ id: "threats", name: "Threats", steps: ["Sign in.", "Copy the token."] },
	connector: {
		...{ base: null, auth: {} },
		guided: {
			create: { open: "{base}/profile", steps: "profile" },
			revoke: { open: "https://threats.example/{tenant}", steps: ["Click X beside {name}."] },
		},
	},
} as unknown as ListedProfile;

const connection = aConnection({
	...{ id: "t", name: "Threats", profile: "threats", baseUrl: "https://threats.example" },
	variables: { tenant: "a/b" },
});
const connections = { of: () => connection, profileOf: () => profile };

describe("guided steps", () => {
	it("of a creation begin with the values to enter, and open the system's page", () => {
		const guide = creationGuide(connections, "t", [
			{ label: "Name", value: "feeds" },
			{ label: "Expires", value: "in 6 months" },
		]);
		assert.equal(guide?.open, "https://threats.example/profile");
		assert.deepEqual(guide?.steps, [
			"Use these values at Threats: Name: feeds · Expires: in 6 months",
			"Sign in.",
			"Copy the token.",
		]);
	});

	it("repeat no word of their title in the subject beside it", () => {
		const creation = creationGuide(connections, "t", []) ?? assert.fail();
		assert.deepEqual([creation.title, creation.subject], ["Create at Threats", "On Its Pages"]);
		const revocation = revocationGuide(connections, { name: "feeds", connectionId: "t" }) ?? assert.fail();
		assert.deepEqual([revocation.title, revocation.subject], ["Revoke “feeds”", "Threats"]);
	});

	it("of a revocation name the token, and no variable leaves its place in the address", () => {
		const guide = revocationGuide(connections, { name: "feeds", connectionId: "t" });
		assert.equal(guide?.open, "https://threats.example/a%2Fb");
		assert.deepEqual(guide?.steps, ["Click X beside feeds."]);
	});

	it("are none where the profile has none", () => {
		const { connector: _, ...bare } = profile;
		const without = {
			of: () => connection,
			profileOf: () => ({ ...bare, steps: [] }) as unknown as ListedProfile,
		};
		assert.equal(creationGuide(without, "t", []), undefined);
		assert.equal(
			revocationGuide({ ...connections, of: () => undefined }, { name: "x", connectionId: "t" }),
			undefined,
		);
	});
});

describe("what a system can do, in words", () => {
	it("tells calls from steps", () => {
		assert.equal(
			capabilitiesInWords({ ...can, create: "api", list: true, rotate: "create-and-delete", revoke: "api" }),
			"By its API: create, list, rotate, revoke and check.",
		);
		assert.equal(
			capabilitiesInWords(can),
			"By its API: check. Step by step on its pages: create, rotate and revoke.",
		);
	});

	it("needs a credential only for calls that manage tokens", () => {
		assert.equal(needsCredential(can), false);
		assert.equal(needsCredential({ ...can, revoke: "api" }), true);
		assert.equal(needsCredential({ ...can, list: true }), true);
	});
});

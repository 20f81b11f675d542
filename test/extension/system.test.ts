import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Profile } from "../../daemon/contract.ts";
import { requestFrom } from "../../extension/create/creation-request.ts";
import { parseResource, resourcesByKind } from "../../extension/create/resource-input.ts";
import { keyOf, questionsOf, systemInWords, systemsOf } from "../../extension/create/system.ts";

const profiles = join(import.meta.dirname, "..", "..", "daemon", "profiles");
const profile = (id: string): Profile => JSON.parse(readFileSync(join(profiles, `${id}.json`), "utf8"));
const ids = ["local", "polarity", "eclecticiq", "mindbridge", "narrative"];

describe("the systems to choose from", () => {
	const systems = systemsOf(ids.map(profile));

	it("are this machine first, then each other profile as a stand-in, by name", () => {
		assert.deepEqual(systems.map(keyOf), [
			"local local",
			"stand-in eclecticiq",
			"stand-in mindbridge",
			"stand-in narrative",
			"stand-in polarity",
		]);
		assert.deepEqual(systems.slice(0, 2).map(systemInWords), [
			"This machine",
			"EclecticIQ Intelligence Center, as a stand-in",
		]);
	});

	it("are asked only for what their profile knows", () => {
		const asked = Object.fromEntries(
			ids.map((id) => [id, Object.entries(questionsOf(profile(id))).map((entry) => entry.join(" "))]),
		);
		assert.deepEqual(asked, {
			local: ["permissions step", "resources detail", "defaultSource detail", "addresses step"],
			polarity: ["permissions never", "resources step", "defaultSource never", "addresses never"],
			eclecticiq: ["permissions never", "resources never", "defaultSource step", "addresses never"],
			mindbridge: ["permissions step", "resources never", "defaultSource never", "addresses step"],
			narrative: ["permissions step", "resources never", "defaultSource never", "addresses never"],
		});
	});
});

describe("a resource that is typed", () => {
	const kinds = ["integration", "channel"];
	const cases: [text: string, resources: string[] | RegExp, kinds?: "any"][] = [
		["integration/virustotal", ["integration/virustotal"]],
		["Integration/VirusTotal", ["integration/VirusTotal"]],
		["  channel/soc ", ["channel/soc"]],
		["virustotal", ["channel/virustotal", "integration/virustotal"]],
		["repo/a/b", ["repo/a/b"], "any"],
		["dashboard/x", /There is no kind dashboard here, only integration and channel/],
		["integration/", /Use the form kind\/identifier/],
		["virus total", /no blanks/],
		["channel/größe", /printable ASCII/],
		[`channel/${"x".repeat(200)}`, /at most 200/],
		["virustotal", /Write the kind first, for example channel\/virustotal/, "any"],
	];
	for (const [text, expected, any] of cases) {
		it(`${text.slice(0, 30)} is ${expected instanceof RegExp ? "refused" : expected.join(" or ")}`, () => {
			const read = parseResource(text, any ?? kinds);
			if (expected instanceof RegExp) assert.match(read.ok ? "" : read.problem, expected);
			else assert.deepEqual(read, { ok: true, resources: expected });
		});
	}

	it("is offered again by its kind, if the profile has that kind", () => {
		const known = ["integration/b", "channel/soc", "integration/a", "repo/x", "integration/a"];
		assert.deepEqual(
			[...resourcesByKind(known, kinds)],
			[
				["channel", ["channel/soc"]],
				["integration", ["integration/a", "integration/b"]],
			],
		);
		assert.equal(resourcesByKind(known, "any").size, 3);
	});
});

describe("the request of a creation", () => {
	const eclecticiq = { kind: "stand-in", profile: profile("eclecticiq") } as const;

	it("sends an interval as such, so that the daemon counts calendar months from the creation", () => {
		const expiry = { kind: "after", duration: { months: 6 } } as const;
		const { expiresIn, ...rest } = requestFrom({ system: eclecticiq, name: "IC", expiry });
		assert.deepEqual(expiresIn, { months: 6 });
		assert.ok(!("expiry" in rest));
	});

	it("sends an exact expiry and no expiry, and everything that was answered", () => {
		const instant = "2027-01-31T14:30:00.000Z";
		const answers = { system: eclecticiq, name: "IC", defaultSource: "SOC", tags: ["a"], description: "b" };
		const request = requestFrom({ ...answers, expiry: { kind: "at", instant } });
		assert.deepEqual(
			[request.profile, request.expiry, request.defaultSource, request.tags, request.description],
			["eclecticiq", instant, "SOC", ["a"], "b"],
		);
		assert.equal(requestFrom({ ...answers, expiry: { kind: "never" } }).expiry, null);
	});
});

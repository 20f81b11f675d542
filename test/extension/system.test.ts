import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Connection, ConnectorOption, Profile } from "../../daemon/contract.ts";
import { requestFrom } from "../../extension/create/creation-request.ts";
import { ignoredInWords } from "../../extension/create/ignored-words.ts";
import { parseOption } from "../../extension/create/option-input.ts";
import { parseResource, resourcesByKind } from "../../extension/create/resource-input.ts";
import { summaryRows } from "../../extension/create/summary.ts";
import { isOf, keyOf, questionsOf, systemInWords, systemsOf } from "../../extension/create/system.ts";

const profiles = join(import.meta.dirname, "..", "..", "daemon", "profiles");
const profile = (id: string): Profile => JSON.parse(readFileSync(join(profiles, `${id}.json`), "utf8"));
const ids = ["local", "polarity", "eclecticiq", "mindbridge", "narrative"];

function connection(id: string): Connection {
	return {
		...{ id, name: `Tenant ${id}`, profile: id === "gone" ? "unknown" : "mindbridge" },
		...{ baseUrl: `https://${id}.mindbridge.ai/api`, variables: {}, tls: { verify: true, ca: null } },
		...{ connectorHash: null, createdDate: "2026-11-29T12:00:00.000Z" },
	};
}

function systemsAt(connections: readonly Connection[]) {
	return systemsOf({ profiles: ids.map(profile), connections, mayCreateBy: () => true });
}

describe("the systems to choose from", () => {
	const systems = systemsAt([]);

	it("are this machine first, then the connections, then each other profile as a stand-in, by name", () => {
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
		const connected = systemsAt([connection("b"), connection("a"), connection("gone")]);
		assert.deepEqual(connected.slice(0, 3).map(keyOf), ["local local", "connection a", "connection b"]);
		assert.equal(connected[1] && systemInWords(connected[1]), "Tenant a (MindBridge, a.mindbridge.ai)");
	});

	it("tell the tokens of one connection from those of another and of the stand-in", () => {
		const [, a, b] = systemsAt([connection("a"), connection("b")]);
		const standIn = systems.find(({ profile }) => profile.id === "mindbridge");
		assert.ok(a && b && standIn);
		const owners = (connectionId: string | null) =>
			[a, b, standIn].map((system) => isOf(system, { profile: "mindbridge", connectionId }));
		assert.deepEqual(owners("a"), [true, false, false]);
		assert.deepEqual(owners(null), [false, false, true]);
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
		["virustotal", ["integration/virustotal", "channel/virustotal"]],
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

describe("an option of a connector", () => {
	const role = {
		...{ name: "level", title: "Role", as: "number" as const, default: "30" },
		values: { "30": "Developer", "40": "Maintainer" },
	};
	const gitlab = (options: Record<string, string>) => {
		const connector = { base: null, auth: {}, options: [role, { name: "note", title: "Note" }] };
		const withOptions: Profile = { ...profile("narrative"), connector };
		const system = { kind: "connection", profile: withOptions, connection: connection("a") } as const;
		return { system, name: "CI", expiry: { kind: "never" } as const, options };
	};

	it("is sent through a connection unless it is empty", () => {
		const { connection: id, profile: named, options } = requestFrom(gitlab({ level: "40", note: "" }));
		assert.deepEqual([id, named, options], ["a", undefined, { level: "40" }]);
	});

	it("is shown in the summary by the title of its value", () => {
		const rows = summaryRows(gitlab({ level: "40", note: "" }), new Date());
		const shown = rows
			.filter(({ stepId }) => stepId === "options")
			.map(({ label, value }) => `${label}: ${value}`);
		assert.deepEqual(shown, ["Role: Maintainer", "Note: None"]);
	});

	const cases: [text: string, option: Partial<ConnectorOption>, read: string | RegExp][] = [
		[" x ", {}, "x"],
		["", {}, ""],
		["", { default: "d" }, "d"],
		["", { required: true }, /A value is needed/],
		["12.5", { as: "number" }, "12.5"],
		["twelve", { as: "number" }, /Write a number/],
		["x".repeat(501), {}, /At most 500/],
	];
	for (const [text, option, expected] of cases) {
		it(`${JSON.stringify(text.slice(0, 9))} with ${JSON.stringify(option)} is checked`, () => {
			const read = parseOption(text, { name: "a", title: "A", ...option });
			if (expected instanceof RegExp) assert.match(read.ok ? "" : read.problem, expected);
			else assert.deepEqual(read, { ok: true, value: expected });
		});
	}
});

describe("what a system did otherwise than requested", () => {
	it("is said field by field, with what was answered", () => {
		const words = ignoredInWords("npm", [
			{ field: "expiry", asked: "2027-01-31T12:00:00.000Z", answered: null },
			{ field: "allowedAddresses", asked: ["10.0.0.0/8"], answered: [] },
		]);
		assert.match(
			words ?? "",
			/^npm did not do everything as requested:\n• Expires: no expiry instead of Sun, 31 Jan 2027.*\n• Allowed addresses: none instead of 10\.0\.0\.0\/8$/,
		);
		assert.equal(ignoredInWords("npm", []), undefined);
	});

	it("is said of an option by its titles", () => {
		const options = [{ name: "role", title: "Role", values: { "20": "Reporter", "40": "Maintainer" } }];
		const ignored = [{ field: "role", asked: "40", answered: "20" }];
		assert.match(ignoredInWords("GitLab", ignored, options) ?? "", /• Role: Reporter instead of Maintainer$/);
	});
});

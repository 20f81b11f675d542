/** The rules that need no store and no server: secrets, permissions, addresses, expiry. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { profile } from "../../daemon/contract.ts";
import local from "../../daemon/profiles/local.json" with { type: "json" };
import {
	AddressMatcher,
	addressesWithin,
	addressProblem,
	clientAddress,
} from "../../daemon/rules/address.ts";
import { addDuration, expiryProblem } from "../../daemon/rules/expiry.ts";
import { covers, notCovered } from "../../daemon/rules/permission.ts";
import { isInCatalogue } from "../../daemon/rules/profile.ts";
import { successorName } from "../../daemon/rules/remote.ts";
import { generateSecret, hashOf, isWellFormed, partialTokenOf } from "../../daemon/rules/secret.ts";

describe("a secret", () => {
	it("has the documented shape and a checksum that holds", () => {
		for (let count = 0; count < 200; count++) {
			const secret = generateSecret("tks");
			assert.match(secret, /^tks_[0-9A-Za-z]{38}$/);
			assert.ok(isWellFormed(secret));
		}
	});

	it("is recognised offline against any single changed character", () => {
		const secret = generateSecret("tks");
		fc.assert(
			fc.property(
				fc.integer({ min: 4, max: secret.length - 1 }),
				fc.constantFrom(..."09AZaz"),
				(at, other) => {
					const changed = secret.slice(0, at) + other + secret.slice(at + 1);
					assert.equal(isWellFormed(changed), changed === secret);
				},
			),
		);
	});

	it("has the checksum that the README tells scanners to compute", () => {
		assert.ok(isWellFormed(`tks_${"0".repeat(32)}${checksumByHand(`tks_${"0".repeat(32)}`)}`));
	});

	it("shares nothing with another, and has every digit as often as any", () => {
		const random = Array.from({ length: 5000 }, () => generateSecret("tks").slice(4, -6));
		const runs = random.flatMap((digits) => Array.from({ length: 23 }, (_, at) => digits.slice(at, at + 10)));
		assert.equal(new Set(runs).size, runs.length);
		const counts = new Map<string, number>();
		for (const digit of random.join("")) counts.set(digit, (counts.get(digit) ?? 0) + 1);
		assert.equal(counts.size, 62);
		const expected = (5000 * 32) / 62;
		// Six standard deviations: one run in some ten million strays as far.
		const furthest = 6 * Math.sqrt(expected);
		for (const [digit, count] of counts)
			assert.ok(Math.abs(count - expected) < furthest, `${digit} ${count}`);
	});

	it("is kept as a named SHA-256 and four characters of each end", () => {
		assert.equal(hashOf("abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
		assert.equal(partialTokenOf("tks_0123456789"), "tks_…6789");
	});
});

describe("a permission", () => {
	const cases: [held: string, wanted: string, covered: boolean][] = [
		["orders.read", "orders.read", true],
		["orders.read", "orders.write", false],
		["orders.read", "orders.read.all", false],
		["orders.*", "orders.read", true],
		["orders.*", "orders.lines.read", true],
		["orders.*", "orders", false],
		["orders.*", "ordersx.read", false],
		["orders.*", "orders.*", true],
		["orders.read", "orders.*", false],
		["*", "anything.at.all", true],
		["ord*", "orders.read", false],
	];
	for (const [held, wanted, covered] of cases) {
		it(`${held} ${covered ? "covers" : "does not cover"} ${wanted}`, () =>
			assert.equal(covers(held, wanted), covered));
	}

	it("is reported when nothing that is held covers it", () => {
		assert.deepEqual(notCovered(["a.*", "b.read"], ["a.x", "b.read", "b.write", "c"]), ["b.write", "c"]);
	});
});

describe("an allowed address", () => {
	for (const text of [
		"10.0.0.0/8",
		"192.168.1.7",
		"0.0.0.0/0",
		"::1",
		"2001:db8::/32",
		"::/0",
		"10.0.0.1/32",
		"::ffff:192.0.2.5",
		"::ffff:c000:205",
		"::ffff:192.0.2.0/120",
		"::ffff:0.0.0.0/96",
	]) {
		it(`may be ${text}`, () => assert.equal(addressProblem(text), undefined));
	}
	const wrong = [
		"",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/",
		"10.0.0.0/08",
		"10.0.0.0/8/8",
		"::1/129",
		"10.0.0",
		"host",
		"fe80::1%eth0",
		"192.0.2.5:80",
		"::ffff:10.0.0.0/8",
		"::ffff:0.0.0.0/95",
	];
	for (const text of wrong) {
		it(`may not be ${JSON.stringify(text)}, and says why`, () =>
			assert.match(addressProblem(text) ?? "", /IP/));
	}

	const cases: [allowed: string[], address: string, allows: boolean][] = [
		[[], "203.0.113.9", true],
		[["10.0.0.0/8"], "10.255.0.1", true],
		[["10.0.0.0/8"], "11.0.0.1", false],
		[["10.0.0.0/8"], "::ffff:10.1.2.3", true],
		[["10.0.0.0/8"], "::FFFF:11.1.2.3", false],
		[["127.0.0.1"], "::1", false],
		[["2001:db8::/32"], "2001:db8:1::5", true],
		[["2001:db8::/32"], "2001:db9::5", false],
		[["0.0.0.0/0"], "::1", false],
		[["::/0"], "10.0.0.1", false],
		[["192.0.2.1", "::1"], "::1", true],
		[["192.0.2.5"], "::ffff:c000:205", true],
		[["192.0.2.5"], "0:0:0:0:0:FFFF:192.0.2.5", true],
		[["192.0.2.5"], "::ffff:c000:206", false],
		[["192.0.2.5"], "::c000:205", false],
		[["::ffff:192.0.2.5"], "::ffff:192.0.2.5", true],
		[["::ffff:192.0.2.5"], "192.0.2.5", true],
		[["::ffff:c000:205"], "192.0.2.5", true],
		[["0:0:0:0:0:ffff:c000:0205"], "192.0.2.6", false],
		[["::ffff:192.0.2.0/120"], "192.0.2.255", true],
		[["::ffff:192.0.2.0/120"], "192.0.3.0", false],
		[["::ffff:0:0/96"], "198.51.100.7", true],
		[["::ffff:0:0/96"], "::1", false],
		[["fe80::1"], "fe80::1%eth0", true],
		[["192.0.2.5"], "::ffff:192.0.2.5%3", true],
		[["192.0.2.5"], "192.0.2.5:8080", true],
		[["2001:db8::/32"], "[2001:db8::5]:8080", true],
		[["10.0.0.0/8"], "", false],
		[["10.0.0.0/8"], "nonsense", false],
	];
	for (const [allowed, address, allows] of cases) {
		it(`[${allowed}] ${allows ? "allows" : "refuses"} ${address || "nothing"}`, () => {
			const matcher = new AddressMatcher(allowed);
			assert.equal(matcher.allows(address), allows);
			assert.equal(matcher.allows(address), allows, "the remembered answer is the same");
		});
	}

	const within: [inner: string[], outer: string[], inside: boolean][] = [
		[["10.1.0.0/16"], [], true],
		[[], ["10.0.0.0/8"], false],
		[["10.1.0.0/16"], ["10.0.0.0/8"], true],
		[["10.0.0.0/8"], ["10.1.0.0/16"], false],
		[["10.0.0.0/8"], ["10.0.0.0/8"], true],
		[["10.0.0.0/7"], ["10.0.0.0/8"], false],
		[["10.0.0.0/9"], ["10.0.0.0/8"], true],
		[["2001:db8::/31"], ["2001:db8::/32"], false],
		[["::ffff:10.1.0.0/112"], ["10.0.0.0/8"], true],
		[["::ffff:10.0.0.0/103"], ["10.0.0.0/8"], false],
		[["10.1.0.0/16"], ["::ffff:10.0.0.0/104"], true],
		[["::/0"], ["0.0.0.0/0"], false],
		[["10.0.0.1"], ["::/0"], false],
		[["10.1.0.0/16", "192.0.2.1"], ["10.0.0.0/8"], false],
		[["::1"], ["10.0.0.0/8"], false],
		[["2001:db8:1::/48"], ["10.0.0.0/8", "2001:db8::/32"], true],
	];
	for (const [inner, outer, inside] of within) {
		it(`[${inner}] lies ${inside ? "" : "not "}within [${outer}]`, () =>
			assert.equal(addressesWithin(inner, outer), inside));
	}
});

describe("a client's address", () => {
	const cases: [text: string, address: string | undefined][] = [
		["192.0.2.5", "192.0.2.5"],
		["192.0.2.5:443", "192.0.2.5"],
		["::ffff:c000:205", "192.0.2.5"],
		["[::ffff:192.0.2.5]:443", "192.0.2.5"],
		["2001:DB8:0:0::1", "2001:db8::1"],
		["[2001:db8::1]", "2001:db8::1"],
		["fe80::1%eth0", "fe80::1"],
		["unknown", undefined],
		["_hidden:443", undefined],
		["192.0.2.5:", undefined],
		["192.0.2.05", undefined],
		["[]:443", undefined],
		["", undefined],
	];
	for (const [text, address] of cases) {
		it(`${JSON.stringify(text)} is ${address ?? "none"}`, () => assert.equal(clientAddress(text), address));
	}
});

describe("an expiry", () => {
	const at = (text: string) => new Date(text);
	const cases: [from: string, distance: object, expected: string][] = [
		["2026-12-31T10:30:00.000Z", { months: 2 }, "2027-02-28T10:30:00.000Z"],
		["2027-12-31T10:30:00.000Z", { months: 2 }, "2028-02-29T10:30:00.000Z"],
		["2028-02-29T23:59:59.999Z", { years: 1 }, "2029-02-28T23:59:59.999Z"],
		["2026-03-28T01:30:00.000Z", { days: 1 }, "2026-03-29T01:30:00.000Z"],
		["2026-10-25T00:30:00.000Z", { days: 1 }, "2026-10-26T00:30:00.000Z"],
		["2026-08-31T00:00:00.000Z", { months: 6 }, "2027-02-28T00:00:00.000Z"],
	];
	for (const [from, distance, expected] of cases) {
		it(`is ${expected} for ${JSON.stringify(distance)} after ${from}`, () => {
			assert.equal(addDuration(at(from), distance).toISOString(), expected);
		});
	}

	const rules = {
		never: false,
		default: { days: 30 },
		maximum: { days: 365 },
		presets: [],
		presetsOnly: false,
	};
	const now = at("2026-03-10T12:00:00.000Z");
	it("must be in the future, to the millisecond", () => {
		assert.match(expiryProblem("2026-03-10T12:00:00.000Z", rules, now) ?? "", /future/);
		assert.equal(expiryProblem("2026-03-10T12:00:00.001Z", rules, now), undefined);
	});
	it("must not be past the maximum, to the millisecond", () => {
		assert.equal(expiryProblem("2027-03-10T12:00:00.000Z", rules, now), undefined);
		assert.match(expiryProblem("2027-03-10T12:00:00.001Z", rules, now) ?? "", /2027-03-10T12:00:00.000Z/);
	});
	it("may be never only where the profile says so", () => {
		assert.match(expiryProblem(null, rules, now) ?? "", /must be given/);
		assert.equal(expiryProblem(null, { ...rules, never: true }, now), undefined);
	});
});

describe("the name of a successor, where no two may have the same", () => {
	const names: [name: string, next: string][] = [
		["deploy", "deploy (2)"],
		["deploy (2)", "deploy (3)"],
		["deploy (99)", "deploy (100)"],
		["deploy(2)", "deploy(2) (2)"],
		["x".repeat(200), `${"x".repeat(196)} (2)`],
		[`${"x".repeat(196)} (9)`, `${"x".repeat(195)} (10)`],
	];
	for (const [name, next] of names)
		it(`is ${shortened(next)} after ${shortened(name)}`, () => assert.equal(successorName(name), next));

	function shortened(name: string): string {
		return name.replace(/x{100,}/, (run) => `${run.length} x`);
	}
});

describe("the local profile", () => {
	it("is what the schema says", () => assert.deepEqual(profile.parse(local), local));

	it("accepts a wildcard only when it covers something in the catalogue", () => {
		const rules = profile.parse(local);
		assert.ok(isInCatalogue(rules, "api.api-tokens.*"));
		assert.ok(isInCatalogue(rules, "*"));
		assert.ok(!isInCatalogue(rules, "nothing.*"));
		assert.ok(!isInCatalogue(rules, "api.api-tokens.rea"));
	});
});

/** The checksum worked out another way than the daemon's: bit by bit, and with big integers. */
function checksumByHand(text: string): string {
	let crc = 0xffffffffn;
	for (const byte of Buffer.from(text)) {
		crc ^= BigInt(byte);
		for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0xedb88320n : crc >> 1n;
	}
	crc ^= 0xffffffffn;
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	let encoded = "";
	for (; encoded.length < 6; crc /= 62n) encoded = digits[Number(crc % 62n)] + encoded;
	return encoded;
}

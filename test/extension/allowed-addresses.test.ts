import assert from "node:assert/strict";
import { addressProblem } from "../../daemon/rules/address.ts";
import { parseAllowedAddresses } from "../../extension/create/allowed-addresses.ts";

describe("allowed addresses", () => {
	const good: [text: string, addresses: string[]][] = [
		["", []],
		["  ", []],
		["192.0.2.7", ["192.0.2.7"]],
		["192.0.2.7, 10.0.0.0/8", ["192.0.2.7", "10.0.0.0/8"]],
		["192.0.2.7 10.0.0.0/8;::1", ["192.0.2.7", "10.0.0.0/8", "::1"]],
		["::1,::1", ["::1"]],
		["2001:db8::/32", ["2001:db8::/32"]],
		["0.0.0.0/0 ::/0", ["0.0.0.0/0", "::/0"]],
		["::ffff:10.0.0.1", ["::ffff:10.0.0.1"]],
		["10.0.0.1/32 ::1/128", ["10.0.0.1/32", "::1/128"]],
	];
	for (const [text, addresses] of good) {
		it(`reads ${JSON.stringify(text)}, and the daemon accepts it`, () => {
			assert.deepEqual(parseAllowedAddresses(text), { ok: true, addresses });
			assert.deepEqual(
				addresses.map(addressProblem),
				addresses.map(() => undefined),
			);
		});
	}

	const bad: [text: string, problem: RegExp][] = [
		["10.0.0.0/33", /10\.0\.0\.0\/33: .* from 0 to 32 for IPv4/],
		["::1/129", /from 0 to 128 for IPv6/],
		["10.0.0.0/", /prefix length/],
		["10.0.0.0/08", /prefix length/],
		["10.0.0.0/8/8", /prefix length/],
		["10.0.0.0/-1", /prefix length/],
		["10.0.0.256", /is not an IP address/],
		["10.0.0", /is not an IP address/],
		["example.org", /is not an IP address/],
		["192.0.2.7, nonsense", /nonsense is not/],
		["192.0.2.7:8080", /without brackets and port/],
		["[::1]:8080", /without brackets and port/],
		["fe80::1%eth0", /without its zone/],
	];
	for (const [text, problem] of bad) {
		it(`explains what is wrong with ${JSON.stringify(text)}`, () => {
			const read = parseAllowedAddresses(text);
			assert.ok(!read.ok);
			assert.match(read.problem, problem);
		});
	}

	it("accepts at most a hundred", () => {
		const many = (count: number) => Array.from({ length: count }, (_, index) => `10.0.0.${index}`).join(" ");
		assert.ok(parseAllowedAddresses(many(100)).ok);
		assert.ok(!parseAllowedAddresses(many(101)).ok);
	});
});

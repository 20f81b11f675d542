/** Allowed addresses: IP addresses and CIDR ranges, IPv4 and IPv6. An IPv4-mapped IPv6 address counts as IPv4. */
import { BlockList, isIP } from "node:net";

/** Why a text is not an allowed address; undefined for a valid one. */
export function addressProblem(text: string): string | undefined {
	const [address = "", prefix, ...rest] = text.split("/");
	const family = isIP(address);
	if (family === 0 || rest.length > 0 || address.includes("%")) {
		return `${JSON.stringify(text)} is not an IP address or range, such as 10.0.0.0/8 or 2001:db8::1`;
	}
	const longest = family === 4 ? 32 : 128;
	if (prefix !== undefined && !(/^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= longest)) {
		return `/${prefix} is not a prefix length of IPv${family}, which is /0 to /${longest}`;
	}
	return undefined;
}

/** Decides whether an address is allowed. An empty list allows every address. */
export class AddressMatcher {
	readonly #allowed: RangeSet | undefined;
	/** Services call from few addresses, so each answer is cached. */
	readonly #answers = new Map<string, boolean>();

	constructor(allowedAddresses: readonly string[]) {
		if (allowedAddresses.length === 0) return;
		this.#allowed = new RangeSet(allowedAddresses);
	}

	allows(address: string): boolean {
		if (this.#allowed === undefined) return true;
		let answer = this.#answers.get(address);
		if (answer === undefined) {
			// A client with many addresses must not fill the memory.
			if (this.#answers.size >= 256) this.#answers.clear();
			answer = this.#allowed.has(address);
			this.#answers.set(address, answer);
		}
		return answer;
	}
}

/** Whether `outer` allows everything that `inner` allows; an empty list allows every address. */
export function addressesWithin(inner: readonly string[], outer: readonly string[]): boolean {
	if (outer.length === 0) return true;
	if (inner.length === 0) return false;
	return inner.every((one) => outer.some((range) => rangeWithin(one, range)));
}

function rangeWithin(inner: string, outer: string): boolean {
	const [innerAddress, innerPrefix] = partsOf(inner);
	const [, outerPrefix] = partsOf(outer);
	if (isIP(innerAddress) !== isIP(partsOf(outer)[0]) || innerPrefix < outerPrefix) return false;
	return new RangeSet([outer]).has(innerAddress);
}

function partsOf(text: string): [address: string, prefix: number] {
	const [address = "", prefix] = text.split("/");
	return [address, prefix === undefined ? (isIP(address) === 4 ? 32 : 128) : Number(prefix)];
}

/** One list for each family, since in a single BlockList `::/0` matches every IPv4 address too. */
class RangeSet {
	readonly #ipv4 = new BlockList();
	readonly #ipv6 = new BlockList();

	constructor(ranges: readonly string[]) {
		for (const text of ranges) {
			const [address, prefix] = partsOf(text);
			if (isIP(address) === 4) this.#ipv4.addSubnet(address, prefix, "ipv4");
			else this.#ipv6.addSubnet(address, prefix, "ipv6");
		}
	}

	has(address: string): boolean {
		const mapped = address.toLowerCase().startsWith("::ffff:") && address.includes(".");
		const plain = mapped ? address.slice(7) : address;
		const family = isIP(plain);
		if (family === 4) return this.#ipv4.check(plain, "ipv4");
		return family === 6 && this.#ipv6.check(plain, "ipv6");
	}
}

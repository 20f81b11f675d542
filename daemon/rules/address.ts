/**
 * IP addresses, and the allowed ones: addresses and CIDR ranges, IPv4 and IPv6. However it is written, an IPv4-mapped IPv6
 * address (RFC 4291 section 2.5.5.2) counts as IPv4.
 */
import { BlockList, isIP, SocketAddress } from "node:net";

/** The last 32 bits of an IPv4-mapped address are the IPv4 address. */
const mappedBits = 96;

/**
 * A client's address in its shortest form, from any spelling: IPv4-mapped, with a zone id, with a port or in brackets.
 * undefined: this is no address.
 */
export function clientAddress(text: string): string | undefined {
	const address = withoutPort(text);
	const family = isIP(address);
	if (family === 0) return undefined;
	return family === 4 ? address : plainAddress(address);
}

/** What one customer of a provider has: an IPv4 address, or 64 bits of IPv6. @param address in its shortest form */
export function networkOf(address: string): string {
	if (!address.includes(":")) return address;
	const [before = [], after] = address.split("::").map((part) => (part === "" ? [] : part.split(":")));
	const left = after === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
	return [...before, ...Array<string>(left).fill("0"), ...(after ?? [])].slice(0, 4).join(":");
}

function withoutPort(text: string): string {
	const [, bracketed, ipv4] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(text) ?? [];
	return bracketed ?? ipv4 ?? text;
}

/** Of an IPv6 address: without its zone, and as IPv4 where it is IPv4-mapped. */
function plainAddress(address: string): string {
	const written = new SocketAddress({ address, family: "ipv6" }).address;
	return /^::ffff:([\d.]+)$/.exec(written)?.[1] ?? written;
}

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
	if (prefix !== undefined && family === 6 && Number(prefix) < mappedBits) {
		const plain = plainAddress(address);
		// As an IPv6 range it would allow addresses that have nothing to do with this one.
		if (isIP(plain) === 4) return `${text} is wider than all of IPv4; write the IP range as ${plain}/…`;
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

interface Range {
	family: "ipv4" | "ipv6";
	address: string;
	prefix: number;
}

function rangeWithin(inner: string, outer: string): boolean {
	const [innerRange, outerRange] = [rangeOf(inner), rangeOf(outer)];
	if (innerRange.family !== outerRange.family || innerRange.prefix < outerRange.prefix) return false;
	return new RangeSet([outer]).has(innerRange.address);
}

function rangeOf(text: string): Range {
	const [address = "", length] = text.split("/");
	if (isIP(address) === 4) return { family: "ipv4", address, prefix: Number(length ?? 32) };
	const prefix = Number(length ?? 128);
	const plain = plainAddress(address);
	if (isIP(plain) === 4 && prefix >= mappedBits)
		return { family: "ipv4", address: plain, prefix: prefix - mappedBits };
	return { family: "ipv6", address, prefix };
}

/** One list for each family, since in a single BlockList `::/0` matches every IPv4 address too. */
class RangeSet {
	readonly #ipv4 = new BlockList();
	readonly #ipv6 = new BlockList();

	constructor(ranges: readonly string[]) {
		for (const { family, address, prefix } of ranges.map(rangeOf))
			(family === "ipv4" ? this.#ipv4 : this.#ipv6).addSubnet(address, prefix, family);
	}

	has(text: string): boolean {
		const address = clientAddress(text);
		if (address === undefined) return false;
		return isIP(address) === 4 ? this.#ipv4.check(address, "ipv4") : this.#ipv6.check(address, "ipv6");
	}
}

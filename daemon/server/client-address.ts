/** The client's IP address: the socket's, unless the socket belongs to a proxy that the operator trusts. */
import type { IncomingMessage } from "node:http";
import { AddressMatcher, clientAddress } from "../rules/address.ts";

/** Empty: the client has no address that can be read. */
export type AddressOf = (request: IncomingMessage) => string;

/** @param trusted addresses and ranges of proxies whose `X-Forwarded-For` counts. Empty: the header is always ignored. */
export function addressReader(trusted: readonly string[]): AddressOf {
	if (trusted.length === 0) return socketAddress;
	const proxies = new AddressMatcher(trusted);
	return (request) => {
		const forwarded = String(request.headers["x-forwarded-for"] ?? "");
		return nearestStranger(socketAddress(request), forwarded, proxies);
	};
}

function socketAddress({ socket }: IncomingMessage): string {
	const { remoteAddress = "" } = socket;
	return remoteAddress.includes(":") ? (clientAddress(remoteAddress) ?? "") : remoteAddress;
}

/** Each proxy appends the address that called it, so the list is read from its end, for as long as proxies are trusted. */
function nearestStranger(socket: string, forwarded: string, proxies: AddressMatcher): string {
	let address = socket;
	for (let end = forwarded.length; end > 0 && proxies.allows(address); ) {
		const comma = forwarded.lastIndexOf(",", end - 1);
		const entry = forwarded.slice(comma + 1, end).trim();
		// An entry that is no address, such as `unknown`, ends the list: what is before it is only said by its sender.
		if (entry !== "") address = clientAddress(entry) ?? "";
		end = comma;
	}
	return address;
}

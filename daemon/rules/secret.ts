/**
 * The format of a secret, and what may be stored of it: `prefix_` + 32 random base62 characters + 6 base62 characters of the
 * CRC-32 over everything before them, so that a scanner can tell a secret from a lookalike offline.
 */
import { getRandomValues, hash } from "node:crypto";
import { crc32 } from "node:zlib";

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomLength = 32;
const checksumLength = 6;
const shape = /^[a-z][a-z0-9]{1,9}_[0-9A-Za-z]{38}$/;

/** Random bytes for many secrets: a request to the system for one secret takes as long as everything else of its creation. */
const randomBytes = Buffer.alloc(4096);
let nextByte = randomBytes.length;

/** A new secret, with some 190 bits from the system's random generator. */
export function generateSecret(prefix: string): string {
	const body = `${prefix}_${randomDigits(randomLength)}`;
	return body + checksum(body);
}

/** Letters and digits from the system's random generator. */
export function randomDigits(length: number): string {
	let text = "";
	while (text.length < length) {
		const byte = randomByte();
		// 248 and above are skipped: with them, the first digits would be more frequent.
		if (byte < 248) text += digits[byte % digits.length];
	}
	return text;
}

/** Each byte is used for one secret only. */
function randomByte(): number {
	if (nextByte === randomBytes.length) {
		getRandomValues(randomBytes);
		nextByte = 0;
	}
	const byte = randomBytes.readUInt8(nextByte);
	// A used byte does not stay in memory.
	randomBytes[nextByte++] = 0;
	return byte;
}

/** Whether the text has the format and the checksum of a secret. A token with it need not exist. */
export function isWellFormed(text: string): boolean {
	return shape.test(text) && text.slice(-checksumLength) === checksum(text.slice(0, -checksumLength));
}

/** The only form in which a secret is stored, with the scheme's name, so that another scheme can be added. */
export function hashOf(secret: string): string {
	return `sha256:${hash("sha256", secret, "hex")}`;
}

/** The first and last four characters. */
export function partialTokenOf(secret: string): string {
	return `${secret.slice(0, 4)}…${secret.slice(-4)}`;
}

function checksum(text: string): string {
	let rest = crc32(text);
	let encoded = "";
	for (let length = 0; length < checksumLength; length++) {
		encoded = digits[rest % digits.length] + encoded;
		rest = Math.floor(rest / digits.length);
	}
	return encoded;
}

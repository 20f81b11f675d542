/**
 * How a secret looks and what may be kept of it: `prefix_` + 32 random base62 characters + 6 base62 characters of the
 * CRC-32 over all that precedes them, so that a scanner tells a real secret from a lookalike without asking anyone.
 */
import { getRandomValues, hash } from "node:crypto";
import { crc32 } from "node:zlib";

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomLength = 32;
const checksumLength = 6;
const shape = /^[a-z][a-z0-9]{1,9}_[0-9A-Za-z]{38}$/;

/** Asked of the system for many secrets at once: for one, that takes as long as all else that makes it. */
const randomBytes = Buffer.alloc(4096);
let nextByte = randomBytes.length;

/** A new secret, with some 190 bits from the system's random generator. */
export function generateSecret(prefix: string): string {
	let body = `${prefix}_`;
	while (body.length < prefix.length + 1 + randomLength) {
		const byte = randomByte();
		// 248 and above are passed over, for with them the first digits would come more often.
		if (byte < 248) body += digits[byte % digits.length];
	}
	return body + checksum(body);
}

/** One that no secret has got before. */
function randomByte(): number {
	if (nextByte === randomBytes.length) {
		getRandomValues(randomBytes);
		nextByte = 0;
	}
	const byte = randomBytes.readUInt8(nextByte);
	// What a secret was made of stays nowhere.
	randomBytes[nextByte++] = 0;
	return byte;
}

/** Whether the text has a secret's shape and a right checksum. Says nothing of whether such a token exists. */
export function isWellFormed(text: string): boolean {
	return shape.test(text) && text.slice(-checksumLength) === checksum(text.slice(0, -checksumLength));
}

/** The only form in which a secret is kept, with the scheme's name so that another scheme can follow it. */
export function hashOf(secret: string): string {
	return `sha256:${hash("sha256", secret, "hex")}`;
}

/** First and last four characters, for people. */
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

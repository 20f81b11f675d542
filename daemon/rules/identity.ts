/**
 * The daemon's lasting identity, an Ed25519 key: a client that knows the public half tells this daemon from any other
 * process on its port. A proof counts for one challenge at one address, so a process that only passes it on gains nothing.
 */
import {
	createPrivateKey,
	createPublicKey,
	generateKeyPairSync,
	type KeyObject,
	sign,
	verify,
} from "node:crypto";

/** Not `tki_`: with it, an identity could look like a secret. */
const prefix = "tki-";

export class Identity {
	/** The public key: `tki-` and 64 hexadecimal digits. No secret. */
	readonly name: string;
	readonly #key: KeyObject;

	static generate(): Identity {
		return new Identity(generateKeyPairSync("ed25519").privateKey);
	}

	/** @throws Error for anything but the `privateKey` of an identity */
	static parse(privateKey: string): Identity {
		return new Identity(createPrivateKey(privateKey));
	}

	private constructor(key: KeyObject) {
		const { crv, x } = createPublicKey(key).export({ format: "jwk" });
		if (crv !== "Ed25519") throw new TypeError("An identity is an Ed25519 key.");
		this.#key = key;
		this.name = prefix + Buffer.from(x ?? "", "base64url").toString("hex");
	}

	/** PKCS #8 as PEM. */
	get privateKey(): string {
		return this.#key.export({ type: "pkcs8", format: "pem" }).toString();
	}

	/** @param address where the daemon received the challenge, by `addressOf` */
	prove(challenge: string, address: string): string {
		return sign(null, statement(challenge, address), this.#key).toString("base64url");
	}
}

export function isIdentity(name: string): boolean {
	return /^tki-[0-9a-f]{64}$/.test(name);
}

/** Whether the daemon of that identity made the proof for this challenge, received at this address. */
export function isProof(identity: string, proof: string, challenge: string, address: string): boolean {
	const x = Buffer.from(identity.slice(prefix.length), "hex").toString("base64url");
	const key = { kty: "OKP", crv: "Ed25519", x };
	const publicKey = createPublicKey({ key, format: "jwk" });
	return verify(null, statement(challenge, address), publicKey, Buffer.from(proof, "base64url"));
}

/** An end of a connection, the same for both of its sides: an IPv4 address may be mapped, a link-local one have a zone. */
export function addressOf(ip: string | undefined, port: number | undefined): string {
	const plain = (ip ?? "")
		.toLowerCase()
		.replace(/^::ffff:(?=[\d.]+$)/, "")
		.replace(/%.*$/, "");
	return `${plain.includes(":") ? `[${plain}]` : plain}:${port ?? ""}`;
}

/** Says what it is for, so that a signature made for anything else is none. */
function statement(challenge: string, address: string): Buffer {
	return Buffer.from(`tokensmith identity 1\n${challenge}\n${address}\n`);
}

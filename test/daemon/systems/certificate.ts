/** Certificates for HTTPS on loopback, signed by themselves, written as DER (ITU-T X.690) since Node.js makes none. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

const der = (tag: number, ...parts: Buffer[]): Buffer => {
	const content = Buffer.concat(parts);
	const { length } = content;
	const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
	return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const set = (...parts: Buffer[]) => der(0x31, ...parts);
const octets = (content: Buffer) => der(0x04, content);
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const text = (value: string) => der(0x0c, Buffer.from(value));
const time = (date: Date) =>
	der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`));

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
const commonName = oid("550403");
const subjectAltName = oid("551d11");
const basicConstraints = oid("551d13");

/** A key and a certificate for `localhost` and 127.0.0.1, in PEM. */
export function selfSigned({ expired = false } = {}): { key: string; cert: string } {
	const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const day = 86_400_000;
	const from = Date.now() - 10 * day;
	const until = expired ? Date.now() - day : Date.now() + 10 * day;
	const name = sequence(set(sequence(commonName, text("Tokensmith tests"))));
	const serial = randomBytes(8);
	serial[0] = 1;
	const names = sequence(
		der(0x82, Buffer.from("localhost")),
		der(0x82, Buffer.from("system.test")),
		der(0x87, Buffer.from([127, 0, 0, 1])),
	);
	const isAuthority = sequence(der(0x01, Buffer.from([0xff])));
	const extensions = sequence(
		sequence(basicConstraints, der(0x01, Buffer.from([0xff])), octets(isAuthority)),
		sequence(subjectAltName, octets(names)),
	);
	const content = sequence(
		der(0xa0, der(0x02, Buffer.from([2]))),
		der(0x02, serial),
		ecdsaWithSha256,
		name,
		sequence(time(new Date(from)), time(new Date(until))),
		name,
		publicKey.export({ type: "spki", format: "der" }),
		der(0xa3, extensions),
	);
	const signature = der(0x03, Buffer.from([0]), sign("sha256", content, privateKey));
	const cert = sequence(content, ecdsaWithSha256, signature).toString("base64");
	return {
		key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
		cert: `-----BEGIN CERTIFICATE-----\n${cert.match(/.{1,64}/g)?.join("\n")}\n-----END CERTIFICATE-----\n`,
	};
}

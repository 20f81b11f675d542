/** A server's certificate in files, which is read again when they change: by another content, or by a rename. */
import { readFileSync, watch } from "node:fs";
import type { RequestListener, ServerOptions } from "node:http";
import { createServer, type Server } from "node:https";
import { dirname } from "node:path";
import type { DaemonLog } from "./log.ts";
import { ArgumentError, messageOf } from "./start-failure.ts";

/** Both files change, one after the other. */
const settledMilliseconds = 100;
/** As for the head of a request. */
const handshakeMilliseconds = 10_000;

export class RenewedCertificate {
	readonly #files: { cert: string; key: string };
	#pems: { cert: Buffer; key: Buffer };
	#server: Server | undefined;

	/** @throws ArgumentError */
	constructor(files: { cert: string; key: string }) {
		this.#files = files;
		try {
			this.#pems = this.#read();
		} catch (error) {
			throw new ArgumentError(`The certificate can't be read: ${messageOf(error)}.`, { cause: error });
		}
	}

	/** @throws ArgumentError for a certificate and a key that do not belong together. */
	createServer(options: ServerOptions, receive: RequestListener): Server {
		try {
			this.#server = createServer(
				{ ...options, ...this.#pems, handshakeTimeout: handshakeMilliseconds },
				receive,
			);
			return this.#server;
		} catch (error) {
			throw new ArgumentError(`The certificate can't be used: ${messageOf(error)}.`, { cause: error });
		}
	}

	watch(log: DaemonLog): void {
		let timer: NodeJS.Timeout | undefined;
		for (const folder of new Set([dirname(this.#files.cert), dirname(this.#files.key)]))
			watch(folder, () => {
				clearTimeout(timer);
				timer = setTimeout(() => this.#renew(log), settledMilliseconds);
			}).unref();
	}

	#renew(log: DaemonLog): void {
		try {
			const pems = this.#read();
			if (pems.cert.equals(this.#pems.cert) && pems.key.equals(this.#pems.key)) return;
			this.#server?.setSecureContext(pems);
			this.#pems = pems;
			log.info({}, "the certificate was renewed");
		} catch (err) {
			log.error({ err }, "the new certificate can't be used; the one before stays");
		}
	}

	#read(): { cert: Buffer; key: Buffer } {
		return { cert: readFileSync(this.#files.cert), key: readFileSync(this.#files.key) };
	}
}

/** What a call through a connection needs. */
import * as z from "zod";

/**
 * What one call to another system needs beside its connection: the header `Tokensmith-Access`, base64url of this as JSON.
 * The daemon keeps none of it.
 */
export const access = z.strictObject({
	/** Authenticates the call. */
	credential: z.string().min(1).max(5000),
	/** What the connector asks for with each creation, such as a password. */
	answers: z.record(z.string().max(100), z.string().max(1000)).exactOptional(),
	/** The secret of the token that the call is about, for systems that address a token by it. */
	secret: z.string().min(1).max(5000).exactOptional(),
	/** Never used for addresses of this machine. */
	proxy: z
		.strictObject({
			url: z.url().max(1000),
			noProxy: z.array(z.string().max(300)).max(200),
			/** The value of the proxy's own header `Proxy-Authorization`. */
			authorization: z
				.string()
				.max(5000)
				.regex(/^[\x21-\x7E](?:[\x20-\x7E]*[\x21-\x7E])?$/, "must be the value of a header")
				.exactOptional(),
		})
		.nullable()
		.exactOptional(),
});
export type Access = z.output<typeof access>;

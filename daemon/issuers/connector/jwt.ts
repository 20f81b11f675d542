/** The expiry that a JWT tells of itself (RFC 7519). Its signature is the system's concern. */

/** RFC 3339; null for a JWT without an expiry; undefined for what is no JWT. */
export function expiryOfJwt(secret: string): string | null | undefined {
	const [, payload, signature] = secret.split(".");
	if (payload === undefined || signature === undefined) return undefined;
	try {
		const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
		if (typeof claims !== "object" || claims === null) return undefined;
		const seconds = "exp" in claims ? claims.exp : undefined;
		if (seconds === undefined) return null;
		const isDate = typeof seconds === "number" && Math.abs(seconds) < 8.64e12;
		return isDate ? new Date(seconds * 1000).toISOString() : undefined;
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

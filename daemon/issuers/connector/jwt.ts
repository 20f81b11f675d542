/** The expiry that a JWT tells of itself (RFC 7519). Its signature is the system's concern. */
import { lastMoment } from "../../facts.ts";

/** RFC 3339; null for a JWT without an expiry; undefined for what is no JWT, or tells no date. */
export function expiryOfJwt(secret: string): string | null | undefined {
	const [, payload, signature] = secret.split(".");
	if (payload === undefined || signature === undefined) return undefined;
	try {
		const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
		if (typeof claims !== "object" || claims === null) return undefined;
		const seconds = "exp" in claims ? claims.exp : undefined;
		if (seconds === undefined) return null;
		const isDate = typeof seconds === "number" && seconds >= 0 && seconds * 1000 <= lastMoment;
		return isDate ? new Date(seconds * 1000).toISOString() : undefined;
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

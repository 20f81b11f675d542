/** Which permissions and resources a held one covers. */

/** `api.engagements.*` covers everything below `api.engagements.`, not `api.engagements` itself; `*` covers all. */
export function covers(held: string, wanted: string): boolean {
	if (held === wanted || held === "*") return true;
	return held.endsWith(".*") && wanted.startsWith(held.slice(0, -1));
}

/** The items of `wanted` that no item of `held` covers. */
export function notCovered(held: readonly string[], wanted: readonly string[]): string[] {
	return wanted.filter((one) => !held.some((own) => covers(own, one)));
}

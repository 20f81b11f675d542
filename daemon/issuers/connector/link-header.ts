/** The header `Link` of an answer (RFC 8288), which can be hostile: every character is read a fixed number of times. */

const parameter = /\s*;\s*([\w*-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^",;\s]*)))?/y;

/** The target of the first link with the relation `next`. */
export function nextLink(header: string | string[] | undefined): string | undefined {
	const text = Array.isArray(header) ? header.join(",") : (header ?? "");
	for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
		const end = text.indexOf(">", at);
		if (end < 0) return undefined;
		const relation = relationAfter(text, end + 1);
		if (relation.names.includes("next")) return text.slice(at + 1, end);
		at = relation.end;
	}
	return undefined;
}

/** The names in the first parameter `rel` of a link; further ones do not count. */
function relationAfter(text: string, start: number): { names: string[]; end: number } {
	let rel: string | undefined;
	let end = start;
	parameter.lastIndex = start;
	for (let found = parameter.exec(text); found !== null; found = parameter.exec(text)) {
		end = parameter.lastIndex;
		const [, name = "", quoted, plain = ""] = found;
		if (name.toLowerCase() === "rel") rel ??= quoted ?? plain;
	}
	return { names: (rel ?? "").toLowerCase().split(/\s+/), end };
}

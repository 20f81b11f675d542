/**
 * The proxy of VS Code's settings, for calls to other systems. A workspace's own settings are ignored, since a repository
 * must not choose where a credential passes. Knows no VS Code.
 */

export interface Proxy {
	url: string;
	noProxy: string[];
	/** The value of the header `Proxy-Authorization`, which the daemon sends to the proxy alone. */
	authorization?: string;
}

interface Inspected {
	defaultValue?: unknown;
	globalValue?: unknown;
}

/** null: systems are called directly. `inspect`: of the settings `http.*`. */
export function proxyOf(inspect: (name: string) => Inspected): Proxy | null {
	const value = (name: string) => {
		const { globalValue, defaultValue } = inspect(name);
		return globalValue ?? defaultValue;
	};
	const url = value("proxy");
	if (typeof url !== "string" || !/^https?:\/\/./i.test(url) || value("proxySupport") === "off") return null;
	const noProxy = value("noProxy");
	const authorization = value("proxyAuthorization");
	return {
		url,
		...(isHeaderValue(authorization) && { authorization: authorization.trim() }),
		noProxy: Array.isArray(noProxy) ? noProxy.filter((host) => typeof host === "string" && host !== "") : [],
	};
}

function isHeaderValue(value: unknown): value is string {
	return typeof value === "string" && /^[\x20-\x7E]+$/.test(value) && value.trim() !== "";
}

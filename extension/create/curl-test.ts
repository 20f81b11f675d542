/**
 * A curl command that tests a token against the daemon. It names the variable, never the secret, so that no secret gets
 * into the shell's history. Knows no VS Code.
 */

interface CurlTest {
	/** Where the daemon listens. */
	url: string;
	/** The variable that holds the secret. */
	key: string;
	/** The env file to read it from, relative to the terminal's folder; undefined: the shell has the variable. */
	envFile: string | undefined;
	permission: string | undefined;
	platform: NodeJS.Platform;
}

export function curlTest({ url, key, envFile, permission, platform }: CurlTest): string {
	const query = permission === undefined ? "" : `?permission=${encodeURIComponent(permission)}`;
	const isWindows = platform === "win32";
	const variable = isWindows ? `$env:${key}` : `$${key}`;
	const curl = `${isWindows ? "curl.exe" : "curl"} -i -H "Authorization: Bearer ${variable}" "${url}/v1/verify${query}"`;
	if (envFile === undefined || isWindows) return curl;
	// In a subshell, so that the environment of the terminal does not change. In a file with CRLF, each value would end
	// with a carriage return, which no header can have.
	return `(eval "$(tr -d '\\r' < ${shellWord(envFile)})"; ${curl})`;
}

function shellWord(text: string): string {
	return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

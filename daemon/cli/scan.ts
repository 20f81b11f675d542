/** `tokensmith scan`: the files below a folder that hold secrets of tokens which work. */
import { defineCommand } from "./command.ts";
import { flag, text } from "./options.ts";
import { print } from "./output.ts";
import { type Place, type ScanReport, scan as scanFolder } from "./scan-action.ts";
import { table } from "./table.ts";

export const scan = defineCommand({
	name: "scan",
	summary: "find files that hold secrets of tokens that work",
	description: `Reads the files of a folder, and names the lines with secrets of known tokens that are not revoked or expired. In a Git
repository, files that Git ignores are left out, since that is where secrets belong. Only hashes are sent to the daemon.`,
	options: {
		folder: text("DIR", "the folder; default: this one", "folder"),
		ignored: flag("also reads the files that Git ignores"),
	},
	exitCodes: `Exit codes: 0 no such secret; 1 there are some, or it failed; 2 wrong usage;
3 the daemon can't be reached; 4 refused.`,
	stdin: "caller",
	async run({ values, format, client }) {
		const connected = await client();
		const report = await scanFolder(values.folder ?? ".", values.ignored ? "read" : "left", (secrets) =>
			connected.identify(secrets),
		);
		await print(format === "json" ? asJson(report) : await wordsOf(report), format);
		return report.found.length === 0 ? 0 : 1;
	},
});

function asJson({ found, ...counts }: ScanReport): object {
	const places = found.map(({ file, line, token: { id, name, status } }) => ({
		file,
		line,
		token: { id, name, status },
	}));
	return { found: places, ...counts };
}

const header = ["PLACE", "STATUS", "NAME", "ID"];

async function wordsOf({ found, files, skipped }: ScanReport): Promise<string> {
	const read = `${files === 1 ? "1 file was" : `${files} files were`} read, ${skipped} left out.`;
	if (found.length === 0) return `No secret of a token that works. ${read}`;
	const count = found.length === 1 ? "1 place holds a secret" : `${found.length} places hold secrets`;
	return `${await table(found.map(rowOf), { header, wraps: 0, optional: 1 })}\n\n${count} of a token that works. ${read}`;
}

function rowOf({ file, line, token }: Place): string[] {
	return [`${file}:${line}`, token.status, token.name, token.id];
}

/**
 * The README as the extension's page in VS Code shows it. That page loads images from https addresses only (its sanitizer
 * drops relative and data: addresses) and follows no relative link. So pictures need an address, without which they are
 * left out, and the pages that the README links to are appended to it.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const link = /(!?)\[([^\]]*)\]\(([^)\s]+)\)/g;
const appended = /^(docs\/[^/]+|SECURITY)\.md$/;

/** @param root the folder of README.md @param imagesUrl where the repository's files are, without a slash at its end */
export function extensionReadme(root: string, imagesUrl?: string): string {
	const pages = linkedPages(readFileSync(join(root, "README.md"), "utf8"));
	const text = ["README.md", ...pages].map((page) => partOf(root, page, pages, imagesUrl)).join("\n");
	assertAnchors(text);
	return text;
}

/** In the order of their first mention. */
function linkedPages(readme: string): string[] {
	const targets = [...readme.matchAll(link)].map(([, , , target = ""]) => target.replace(/#.*/, ""));
	return [...new Set(targets.filter((target) => appended.test(target)))];
}

function partOf(root: string, page: string, pages: string[], imagesUrl?: string): string {
	const folder = dirname(page);
	const text = outsideCode(readFileSync(join(root, page), "utf8"), (prose) =>
		prose.replaceAll(link, (all, image: string, title: string, target: string) => {
			if (/^(https?:|mailto:|#)/.test(target)) return all;
			const file = join(folder, target).replaceAll("\\", "/");
			if (image !== "") return imagesUrl === undefined ? "" : `![${title}](${imagesUrl}/${file})`;
			const anchor = anchorOf(root, file, pages);
			return anchor === undefined ? title : `[${title}](#${anchor})`;
		}),
	);
	return page === "README.md" ? text : outsideCode(text, (prose) => prose.replaceAll(/^#/gm, "##"));
}

/** undefined: of a page that is not part of the text, such as one for contributors. */
function anchorOf(root: string, target: string, pages: string[]): string | undefined {
	const [page = "", fragment] = target.split("#");
	if (page !== "README.md" && !pages.includes(page)) return undefined;
	if (fragment !== undefined) return fragment;
	const [, heading = ""] = /^# (.+)$/m.exec(readFileSync(join(root, page), "utf8")) ?? [];
	return slug(heading);
}

/** As GitHub and VS Code name a heading. */
export function slug(heading: string): string {
	return heading
		.toLowerCase()
		.replaceAll(/[^\p{L}\p{N}\- ]/gu, "")
		.replaceAll(" ", "-");
}

/** Changes all but fenced code. */
function outsideCode(text: string, change: (prose: string) => string): string {
	const parts = text.split(/(^```[\s\S]*?^```$)/m);
	return parts.map((part, index) => (index % 2 === 1 ? part : change(part))).join("");
}

function assertAnchors(text: string): void {
	const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
	const names = [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => slug(heading));
	const twice = names.find((name, index) => names.indexOf(name) !== index);
	if (twice !== undefined) throw new Error(`Two headings of the README and its pages are named ${twice}`);
	for (const [, , , target = ""] of prose.matchAll(link)) {
		if (target.startsWith("#") && !names.includes(target.slice(1)))
			throw new Error(`No heading is named ${target}`);
	}
}

/** What a user could not read on the Token Overview, at the width and in the theme that it has: measured in the page. */
import type { OverviewPage } from "./overview-page.ts";
import type { WorkbenchWindow } from "./window.ts";

interface Box {
	left: number;
	right: number;
	top: number;
	bottom: number;
}

/** What these measurements use of an element in the page: the tests themselves know no page. */
interface PageElement {
	textContent: string | null;
	scrollWidth: number;
	clientWidth: number;
	getBoundingClientRect(): Box;
	getClientRects(): { length: number };
	parentElement: PageElement | null;
	ownerDocument: {
		documentElement: { clientWidth: number };
		querySelectorAll(selector: string): Iterable<PageElement>;
		defaultView: {
			requestAnimationFrame(then: () => void): void;
			getComputedStyle(of: PageElement): { color: string; fill: string; backgroundColor: string };
		};
	};
}

/** Gives the page this width, in pixels, as if the editor had it; undefined: that of the editor again. */
export async function setPageWidth(
	{ page }: WorkbenchWindow,
	{ frame }: OverviewPage,
	width: number | undefined,
): Promise<void> {
	const inner = page.frameLocator("iframe.webview.ready").locator("#active-frame");
	await inner.evaluate(
		(one: { style: { width: string } }, value) => {
			one.style.width = value;
		},
		width === undefined ? "100%" : `${width}px`,
	);
	if (width !== undefined) await frame.locator("body").evaluate(waitForWidth, width);
}

/** Each fault as a sentence. */
export async function layoutFaults({ frame }: OverviewPage): Promise<string[]> {
	return await frame.locator("body").evaluate(faultsOf);
}

/** Each text below 4.5:1, and each sign below 3:1, on what is behind it. */
export async function contrastFaults({ frame }: OverviewPage): Promise<string[]> {
	return await frame.locator("body").evaluate(faintParts);
}

/** The backgrounds of the buttons of the shown token. */
export async function buttonColors({ frame }: OverviewPage): Promise<string[]> {
	return await frame
		.locator(".detail vscode-button")
		.evaluateAll((buttons: PageElement[]) =>
			buttons.map((one) => one.ownerDocument.defaultView.getComputedStyle(one).backgroundColor),
		);
}

/** In the page. Its drawings follow its width within a frame. */
async function waitForWidth({ ownerDocument }: PageElement, width: number): Promise<void> {
	const { documentElement, defaultView } = ownerDocument;
	const frame = () => new Promise<void>((resolve) => defaultView.requestAnimationFrame(resolve));
	while (documentElement.clientWidth !== width) await frame();
	await frame();
	await frame();
}

/** In the page, so it uses nothing from outside of itself. */
function faultsOf({ ownerDocument }: PageElement): string[] {
	const width = ownerDocument.documentElement.clientWidth;
	const shown = (selector: string) =>
		[...ownerDocument.querySelectorAll(selector)].filter((one) => one.getClientRects().length > 0);
	const boxes = (selector: string) =>
		shown(selector).map((one) => ({ words: one.textContent ?? "", box: one.getBoundingClientRect() }));
	const touches = (one: Box, other: Box) =>
		one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
	const collisions = [".timeline > svg text", ".usage > svg text"].map(boxes).flatMap((labels) =>
		labels.flatMap((one, index) =>
			labels
				.slice(index + 1)
				.filter(({ box }) => touches(one.box, box))
				.map(({ words }) => `${one.words} and ${words} overlap`),
		),
	);
	// Only names and env lines may be cut: they have no unit, and the details show them whole.
	const whole = ":nth-child(2), :nth-child(3), :nth-child(4), :nth-child(6)";
	const cut = shown(`.space .row > :is(${whole}), .head > *, .head button, .legend li, vscode-button`)
		.filter((one) => one.scrollWidth > one.clientWidth)
		.map((one) => `${one.textContent} is cut`);
	const outside = boxes("svg text, h1, h2, .row, button, vscode-button, vscode-textfield, .legend li")
		.filter(({ box }) => box.left < 0 || box.right > width)
		.map(({ words }) => `${words} is outside of the page`);
	return [...collisions, ...cut, ...outside];
}

/** In the page, so it uses nothing from outside of itself. */
function faintParts({ ownerDocument }: PageElement): string[] {
	const { defaultView } = ownerDocument;
	const styleOf = (one: PageElement) => defaultView.getComputedStyle(one);
	const partsOf = (color: string) => {
		const [red = 0, green = 0, blue = 0, alpha = 1] = (color.match(/[\d.]+/g) ?? []).map(Number);
		return { channels: [red, green, blue], alpha };
	};
	const over = (color: string, ground: number[]) => {
		const { channels, alpha } = partsOf(color);
		return channels.map((channel, index) => channel * alpha + (ground[index] ?? 0) * (1 - alpha));
	};
	const groundOf = (one: PageElement | null): number[] =>
		one === null ? [255, 255, 255] : over(styleOf(one).backgroundColor, groundOf(one.parentElement));
	const luminance = (color: number[]) => {
		const [red = 0, green = 0, blue = 0] = color.map((channel) => {
			const share = channel / 255;
			return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
		});
		return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
	};
	const faint = (selector: string, property: "color" | "fill", least: number) =>
		[...ownerDocument.querySelectorAll(selector)]
			.filter((one) => one.getClientRects().length > 0)
			.map((one) => {
				const ground = groundOf(one);
				const own = luminance(over(styleOf(one)[property], ground));
				const [low = 0, high = 0] = [own, luminance(ground)].sort((first, second) => first - second);
				return { one, ratio: (high + 0.05) / (low + 0.05) };
			})
			.filter(({ ratio }) => ratio < least)
			.map(({ one, ratio }) => `${one.textContent || selector}: ${ratio.toFixed(2)}:1`);
	const texts = "h1, h2, dt, dd, .legend li, .status, .sum, summary, .head button, .space [role=gridcell]";
	return [
		...faint(texts, "color", 4.5),
		...faint("svg text", "fill", 4.5),
		...faint(".sign, button.menu", "color", 3),
		...faint(".accepted[height]:not([height='0']), .refused[height]:not([height='0'])", "fill", 3),
	];
}

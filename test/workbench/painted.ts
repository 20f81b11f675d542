/**
 * Determines what the editors actually paint, as opposed to text that is only in the page: for each frame, by the style
 * that it is painted with.
 */
import type { Page } from "playwright-core";

/**
 * In the page: adds the functions that inspect it. A resize observer runs after all scripts of a frame, just before its
 * paint.
 */
const script = `(() => {
	const visible = (element) => {
		const style = getComputedStyle(element);
		const alpha = style.color.startsWith("rgba") ? Number(style.color.split(",")[3].replace(")", "")) : 1;
		let opacity = 1;
		for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
		return alpha > 0 && opacity > 0 && style.visibility === "visible";
	};
	const partsOf = (line) => {
		const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
		const parts = [];
		while (walker.nextNode()) parts.push([walker.currentNode.data, visible(walker.currentNode.parentElement)]);
		return parts;
	};
	const lines = () => [...document.querySelectorAll(".editor-instance .view-line")];
	const painted = () => lines()
		.map((line) => ({ top: line.getBoundingClientRect().top, parts: partsOf(line) }))
		.sort((one, other) => one.top - other.top)
		.map(({ parts }) => parts.map(([text, shown]) => shown ? text : text.replace(/./g, "·")).join("").replaceAll("\\u00a0", " "));
	const record = (word) => {
		const frames = { withText: 0, painted: 0 };
		const probe = document.body.appendChild(document.createElement("div"));
		probe.style.cssText = "position:fixed;visibility:hidden;height:1px";
		const observer = new ResizeObserver(() => {
			const texts = lines().filter((line) => line.textContent.includes(word));
			if (texts.length === 0) return;
			frames.withText += 1;
			if (texts.some((line) => partsOf(line).some(([text, shown]) => shown && text.includes(word)))) frames.painted += 1;
		});
		observer.observe(probe);
		let width = 0;
		let running = true;
		const tick = () => {
			if (!running) return;
			width = 1 - width;
			probe.style.width = (1 + width) + "px";
			requestAnimationFrame(tick);
		};
		tick();
		return { end: () => { running = false; observer.disconnect(); probe.remove(); return frames; }, frames };
	};
	globalThis.tokensmithPainted = { painted, record };
})()`;

export interface Frames {
	/** Frames in which the text was in an editor. */
	withText: number;
	/** Those of them in which the text was readable. */
	painted: number;
}

/** The lines of the editors, from top to bottom, with a dot for each unpainted character. */
export async function paintedLines(page: Page): Promise<string[]> {
	await page.evaluate(script);
	return await page.evaluate<string[]>("tokensmithPainted.painted()");
}

/** Inspects every frame from now on for a word. */
export async function recordFrames(
	page: Page,
	word: string,
): Promise<{ sofar(): Promise<Frames>; end(): Promise<Frames> }> {
	await page.evaluate(script);
	await page.evaluate(`globalThis.tokensmithRecord = tokensmithPainted.record(${JSON.stringify(word)})`);
	return {
		sofar: () => page.evaluate<Frames>("({ ...tokensmithRecord.frames })"),
		end: () => page.evaluate<Frames>("tokensmithRecord.end()"),
	};
}

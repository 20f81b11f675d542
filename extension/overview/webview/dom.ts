/** Creates elements. Invariant: text from other sources enters the page as text, never as markup. */

type Attributes = Record<string, string | number | boolean | undefined>;
type Child = Node | string;

const svgNamespace = "http://www.w3.org/2000/svg";

/** An attribute that is true has no value; one that is false or undefined is omitted. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
	tag: Tag,
	attributes: Attributes = {},
	...children: Child[]
): HTMLElementTagNameMap[Tag] {
	return filled(document.createElement(tag), attributes, children);
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
	tag: Tag,
	attributes: Attributes = {},
	...children: Child[]
): SVGElementTagNameMap[Tag] {
	return filled(document.createElementNS(svgNamespace, tag), attributes, children);
}

export function setAttributes(target: Element, attributes: Attributes): void {
	for (const [name, value] of Object.entries(attributes)) {
		if (value === undefined || value === false) target.removeAttribute(name);
		else target.setAttribute(name, value === true ? "" : String(value));
	}
}

function filled<Kind extends Element>(target: Kind, attributes: Attributes, children: Child[]): Kind {
	setAttributes(target, attributes);
	target.append(...children);
	return target;
}

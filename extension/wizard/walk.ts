/**
 * Walks through the steps of a wizard: forward, back, and from the last step to any earlier answer and straight back
 * again. Answers are kept. Knows no VS Code.
 */

/** The answer when the user presses the back button. */
export const back = Symbol("back");
export type Back = typeof back;

/** The answer when the user wants to change an earlier answer and then return to this step. */
export class GoTo {
	readonly stepId: string;

	constructor(stepId: string) {
		this.stepId = stepId;
	}
}

/** The title and the position of a question. A side question has the number of the step that raised it. */
export interface Place {
	title: string;
	step: number;
	totalSteps: number;
	canGoBack: boolean;
}

export interface Step<Draft> {
	id: string;
	/** What the step asks for, as part of the title. */
	subject: string;
	/** `numbered` steps are counted, and back leads to them; `side` questions are asked when an answer raises them. */
	kind: "numbered" | "side";
	/** Default: always. */
	applies?(draft: Draft): boolean;
	/**
	 * Whether the draft has this step's answer already, so that a change of another answer need not ask it again.
	 * Default: never.
	 */
	isAnswered?(draft: Draft): boolean;
	ask(draft: Draft, place: Place): Promise<Draft | Back | GoTo>;
}

export interface WalkOptions {
	title: string;
	/** Start by changing this answer only and keep all others; the walk continues at the last step. */
	changeFirst?: string | undefined;
}

interface Position<Draft> {
	at: number;
	draft: Draft;
	/** Set while the answer of `changing` is changed: where to return to, and the draft to restore if the user goes back. */
	detour: { from: number; draft: Draft; changing: number } | undefined;
}

/** Asks the steps in their order. Fulfils with the complete draft. */
export async function walk<Draft>(
	steps: readonly Step<Draft>[],
	draft: Draft,
	{ title, changeFirst }: WalkOptions,
): Promise<Draft> {
	let position: Position<Draft> = { at: 0, draft, detour: undefined };
	if (changeFirst !== undefined)
		position = goTo(steps, { ...position, at: steps.length - 1 }, new GoTo(changeFirst));
	for (;;) {
		const step = steps[position.at];
		if (step === undefined) return position.draft;
		if (!isDue(step, position)) position = advance(position, position.draft);
		else {
			const answer = await step.ask(position.draft, placeOf(steps, position, title));
			position = afterAnswer(steps, position, answer);
		}
	}
}

function isDue<Draft>(step: Step<Draft>, { at, draft, detour }: Position<Draft>): boolean {
	if (detour?.changing === at) return true;
	return applies(step, draft) && (detour === undefined || step.kind === "side" || !step.isAnswered?.(draft));
}

function applies<Draft>(step: Step<Draft>, draft: Draft): boolean {
	return step.applies?.(draft) ?? true;
}

function afterAnswer<Draft>(
	steps: readonly Step<Draft>[],
	position: Position<Draft>,
	answer: Draft | Back | GoTo,
): Position<Draft> {
	if (answer === back) return goBack(steps, position);
	if (answer instanceof GoTo) return goTo(steps, position, answer);
	return advance(position, answer);
}

function advance<Draft>({ at, detour }: Position<Draft>, draft: Draft): Position<Draft> {
	return { at: at + 1, draft, detour: detour?.from === at + 1 ? undefined : detour };
}

function goTo<Draft>(
	steps: readonly Step<Draft>[],
	{ at, draft }: Position<Draft>,
	{ stepId }: GoTo,
): Position<Draft> {
	const target = steps.findIndex((step) => step.id === stepId);
	return { at: target, draft, detour: target === at ? undefined : { from: at, draft, changing: target } };
}

function goBack<Draft>(steps: readonly Step<Draft>[], position: Position<Draft>): Position<Draft> {
	const { at, draft, detour } = position;
	if (detour !== undefined && steps[at]?.kind === "numbered")
		return { at: detour.from, draft: detour.draft, detour: undefined };
	const previous = previousNumbered(steps, at, draft) ?? at;
	return {
		at: previous,
		draft,
		detour: detour === undefined ? undefined : { ...detour, changing: previous },
	};
}

function previousNumbered<Draft>(
	steps: readonly Step<Draft>[],
	at: number,
	draft: Draft,
): number | undefined {
	const found = steps.slice(0, at).findLastIndex((step) => step.kind === "numbered" && applies(step, draft));
	return found === -1 ? undefined : found;
}

function placeOf<Draft>(
	steps: readonly Step<Draft>[],
	{ at, draft, detour }: Position<Draft>,
	title: string,
): Place {
	const numbered = steps.filter((step) => step.kind === "numbered" && applies(step, draft));
	const own = steps[at]?.kind === "numbered" ? at : previousNumbered(steps, at, draft);
	return {
		title: `${title}: ${steps[at]?.subject}`,
		step: numbered.findIndex((step) => step === steps[own ?? at]) + 1,
		totalSteps: numbered.length,
		canGoBack: detour !== undefined || previousNumbered(steps, at, draft) !== undefined,
	};
}

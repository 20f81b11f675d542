import assert from "node:assert/strict";
import { CancellationError } from "vscode";
import type { Connection, Profile } from "../../daemon/contract.ts";
import stripe from "../../daemon/profiles/stripe.json" with { type: "json" };
import { optionsStep } from "../../extension/create/option-step.ts";
import { permissionStep } from "../../extension/create/permission-step.ts";
import type { TokenDraft } from "../../extension/create/token-draft.ts";
import { Prompts } from "../../extension/wizard/prompts.ts";
import type { Back, Place } from "../../extension/wizard/walk.ts";
import { pressEscape, QuickAnswers } from "./quick-answers.ts";

const place: Place = { title: "Options", step: 5, totalSteps: 9, canGoBack: true };
const options = [
	{ name: "level", title: "Role", values: { "30": "Developer", "40": "Maintainer" }, default: "30" },
	{ name: "note", title: "Note" },
	{ name: "shared", title: "Shared", as: "boolean" },
] as const;

/** A draft at a connection whose connector has these options. */
function draftAtSystem(): TokenDraft {
	const profile = { connector: { options } } as unknown as Profile;
	const connection = { id: "c" } as Connection;
	return { system: { kind: "connection", profile, connection } };
}

describe("the options of a system's connector", () => {
	let prompts: Prompts;
	beforeEach(() => {
		prompts = new Prompts();
	});
	afterEach(() => prompts.dispose());

	async function answered(
		...answers: ConstructorParameters<typeof QuickAnswers>
	): Promise<TokenDraft | Back> {
		const person = new QuickAnswers(...answers);
		let draft: unknown;
		try {
			await person.answer(async () => {
				draft = await optionsStep<TokenDraft>(prompts).ask(draftAtSystem(), place);
			});
			assert.equal(person.left, 0);
			return draft as TokenDraft | Back;
		} finally {
			person.dispose();
		}
	}

	it("are asked one after the other, and kept by their values", async () => {
		const draft = await answered("Maintainer", " for CI ", "Yes");
		assert.ok(typeof draft === "object" && "options" in draft);
		assert.deepEqual(draft.options, { level: "40", note: "for CI", shared: "true" });
	});

	it("have no step at a stand-in and on this machine", () => {
		const step = optionsStep<TokenDraft>(prompts);
		assert.equal(step.applies?.(draftAtSystem()), true);
		const { system } = draftAtSystem();
		assert.ok(system);
		assert.equal(step.applies?.({ system: { kind: "stand-in", profile: system.profile } }), false);
		assert.equal(step.applies?.({}), false);
	});
});

describe("the permissions of a system", () => {
	const profile = async () => stripe as unknown as Profile;

	async function firstRows(draft: TokenDraft): Promise<string[]> {
		const prompts = new Prompts();
		const person = new QuickAnswers(pressEscape);
		try {
			const asking = person.answer(() => permissionStep<TokenDraft>({ prompts, profile }).ask(draft, place));
			await assert.rejects(asking, CancellationError);
			return person.lists[0]?.rows.map(({ label }) => label) ?? [];
		} finally {
			person.dispose();
			prompts.dispose();
		}
	}

	it("are explained where none is known, instead of an empty list", async () => {
		assert.deepEqual(await firstRows({}), [
			"$(info) A permission is what the token may do, as Stripe calls it",
		]);
	});

	it("begin with those that the token has already", async () => {
		assert.deepEqual(await firstRows({ permissions: ["charges.read"] }), ["chosen", "charges.read"]);
	});
});

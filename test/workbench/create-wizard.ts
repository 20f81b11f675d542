/**
 * Walks through "Create API Token" as a user does: knows the questions by their words, and none of the
 * code.
 */
import assert from "node:assert/strict";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";

/** The answers to give; an omitted answer takes the shortest way. */
export interface Answers {
	/** Omitted: this machine. */
	system?: SystemName;
	name: string;
	permissions?: readonly string[];
	/** Typed, and added with Enter. */
	resources?: readonly string[];
	/** One of the rows: "30 days", "Never", … */
	expiry?: string;
	/** Typed after "Exact date and time…". */
	exactExpiry?: string;
	/** Typed; omitted: none. */
	defaultSource?: string;
	addresses?: string;
	/** The rows of the optional step with the texts to type there. */
	details?: Readonly<Record<string, string>>;
	/** A path in the workspace; `answered` with the key: the wizard was started for one line. */
	file?: string | "answered";
	/** Omitted: the Git question is not expected. */
	git?: "Add the file to .gitignore" | "Write it there anyway";
	key?: string;
	/** Omitted: the key is expected to have no value. */
	replace?: "yes";
}

/** The questions in order, by the placeholder of the empty box. */
const questions = {
	system: "Which system should issue the token?",
	name: "Billing service",
	permissions: "What may the token do?",
	resources: "Type what to grant",
	expiry: "When does the token expire?",
	exactExpiry: "or 10 days",
	never: "Without an expiry",
	defaultSource: "To which group",
	addresses: "192.0.2.7",
	details: "Add details",
	file: "Where should the secret be written?",
	git: "a commit would publish the secret",
	key: "hold the secret?",
	replace: "Replace the value?",
	summary: "Press Enter to create",
} as const;

export type Question = keyof typeof questions;

/** What each system is asked for, beside what all are. */
const asks = {
	"This machine": ["permissions", "addresses"],
	"EclecticIQ Intelligence Center": ["defaultSource"],
	MindBridge: ["permissions", "addresses"],
	"Narrative I/O": ["permissions"],
	"Polarity Server 5": ["resources"],
} satisfies Record<string, Question[]>;

export type SystemName = keyof typeof asks;

const nowhere = "No file: store it in SecretStorage only";
const exact = "Exact date and time…";

export class CreateWizard {
	readonly #window: WorkbenchWindow;

	private constructor(window: WorkbenchWindow) {
		this.#window = window;
	}

	static async open(window: WorkbenchWindow): Promise<CreateWizard> {
		await window.runCommand("Create API Token");
		const wizard = new CreateWizard(window);
		await wizard.waitFor("system");
		return wizard;
	}

	/** A wizard that was opened otherwise. */
	static async resume(window: WorkbenchWindow, question: Question): Promise<CreateWizard> {
		const wizard = new CreateWizard(window);
		await wizard.waitFor(question);
		return wizard;
	}

	async waitFor(question: Question): Promise<void> {
		await this.#window.input.waitForQuestion(questions[question]);
	}

	/** From the question for the system. */
	async standInFor(system: string): Promise<void> {
		await this.#window.input.pick("Stand in for another system…");
		await this.#window.input.waitForQuestion("The system itself does not accept the token.");
		await this.#window.input.pick(system);
	}

	/** Answers everything before this question, and waits until it is asked. */
	async goTo(question: Question, answers: Answers): Promise<void> {
		await this.#walk("system", question, answers);
	}

	/** Continues from a question that is currently asked. */
	async goOn(from: Question, answers: Answers): Promise<void> {
		await this.#walk(from, "summary", answers);
	}

	/** From the summary: creates the token and returns the secret shown in the dialog. */
	async create(): Promise<string> {
		const { input } = this.#window;
		await input.pick("Create Token");
		return until("the secret is shown", async () =>
			/^\w+_[0-9A-Za-z]{38}$/m.exec(await this.#window.dialogText())?.at(0),
		);
	}

	async #walk(from: Question, to: Question, answers: Answers): Promise<void> {
		const asked = questionsOf(answers);
		assert.ok(asked.includes(to), `these answers lead to no question for ${to}`);
		for (const question of asked.slice(asked.indexOf(from), asked.indexOf(to))) {
			await this.waitFor(question);
			await this.#answer(question, answers);
		}
		await this.waitFor(to);
	}

	async #answer(question: Question, answers: Answers): Promise<void> {
		const { input } = this.#window;
		const { name, permissions = ["orders.read"], file = nowhere, key = "API_TOKEN" } = answers;
		const rows: Partial<Record<Question, string>> = {
			system: answers.system ?? "This machine",
			expiry: answers.exactExpiry === undefined ? (answers.expiry ?? "30 days") : exact,
			never: "Never let it expire",
			...(answers.defaultSource === undefined && { defaultSource: "None" }),
			file,
			git: answers.git ?? "",
			key,
			replace: `Replace the value of ${key}`,
		};
		const texts: Partial<Record<Question, string>> = {
			name,
			exactExpiry: answers.exactExpiry ?? "",
			addresses: answers.addresses ?? "",
		};
		const [row, text] = [rows[question], texts[question]];
		if (question === "system" && row !== "This machine") return this.standInFor(row ?? "");
		if (row !== undefined) return input.pick(row);
		if (answers.defaultSource !== undefined && question === "defaultSource")
			return input.choose(answers.defaultSource);
		if (question === "details") return this.#addDetails(answers.details ?? {});
		if (text !== undefined) await input.type(text);
		else if (question === "resources") await input.add(...(answers.resources ?? []));
		else await this.#addPermissions(permissions);
		await input.accept();
		if (question === "permissions") await this.#skipDescriptions();
	}

	/** Known ones are picked, others added. */
	async #addPermissions(permissions: readonly string[]): Promise<void> {
		const { input } = this.#window;
		for (const permission of permissions) {
			await input.type(permission);
			await until("it can be added", async () => {
				const active = await input.active();
				return active === permission || active === `Add "${permission}"`;
			});
			await input.accept();
			await until("it is added", async () => (await input.value()) === "");
		}
	}

	/** What a permission allows is asked if the daemon and the workspace do not know it. */
	async #skipDescriptions(): Promise<void> {
		const { input } = this.#window;
		let described = "";
		await until("the next step is asked", async () => {
			const placeholder = await input.placeholder();
			if (placeholder.startsWith(questions.permissions)) return false;
			if (placeholder !== "Read bills") return true;
			const asked = await input.message();
			// By now it may be the next step's, which Enter would answer.
			if (asked === described || !asked.includes("The description can stay empty")) return false;
			await input.accept();
			described = asked;
			return false;
		});
	}

	async #addDetails(details: Readonly<Record<string, string>>): Promise<void> {
		const { input } = this.#window;
		for (const [row, text] of Object.entries(details)) {
			await input.pick(row);
			await input.waitForQuestion(row === "Tags" ? "staging, team-billing" : "nightly report");
			await input.type(text);
			await input.accept();
			await this.waitFor("details");
		}
		await input.pick("Continue");
	}
}

function questionsOf({ system, expiry, exactExpiry, file, git, replace }: Answers): Question[] {
	const ofSystem: readonly Question[] = asks[system ?? "This machine"];
	const asked: Partial<Record<Question, boolean>> = {
		permissions: ofSystem.includes("permissions"),
		resources: ofSystem.includes("resources"),
		defaultSource: ofSystem.includes("defaultSource"),
		addresses: ofSystem.includes("addresses"),
		exactExpiry: exactExpiry !== undefined,
		never: expiry === "Never",
		git: git !== undefined,
		file: file !== "answered",
		key: file !== undefined && file !== "answered",
		replace: replace !== undefined,
	};
	return (Object.keys(questions) as Question[]).filter((question) => asked[question] ?? true);
}

/**
 * The complete wizard: answers everything, creates the token, and closes the dialog, by `answer`. Returns the secret.
 */
export async function createToken(
	window: WorkbenchWindow,
	answers: Answers,
	answer = "Done",
): Promise<string> {
	const wizard = await CreateWizard.open(window);
	await wizard.goTo("summary", answers);
	const secret = await wizard.create();
	await window.answerDialog(answer);
	return secret;
}

/** Asks what a system wants with a call, for example a password. The answers are sent with that call and kept nowhere. */
import * as l10n from "@vscode/l10n";
import { answersNeeded, type Connector, type Operation, type TokenRecord } from "../../daemon/contract.ts";
import type { Prompts } from "../wizard/prompts.ts";
import { back, type Step } from "../wizard/walk.ts";
import { runWizard } from "../wizard/wizard.ts";
import type { Connections } from "./connections.ts";

type Question = ReturnType<typeof answersNeeded>[number];
export type Answers = Record<string, string>;

/** undefined: there is no question. @throws CancellationError */
export async function askAnswers(
	connector: Connector | undefined,
	operations: readonly Operation[],
	{ title }: { title: string },
): Promise<Answers | undefined> {
	const questions = questionsOf(connector, operations);
	if (questions.length === 0) return undefined;
	const steps = (prompts: Prompts) => questions.map((question) => answerStep(prompts, question));
	return await runWizard<Answers>(steps, {}, { title });
}

/** Asks once for each connection of the tokens. @throws CancellationError */
export async function askAnswersFor(
	connections: Pick<Connections, "of" | "profileOf">,
	tokens: readonly Pick<TokenRecord, "connectionId">[],
	operations: readonly Operation[],
): Promise<(token: Pick<TokenRecord, "connectionId">) => Answers | undefined> {
	const given = new Map<string, Answers | undefined>();
	for (const { connectionId } of tokens) {
		if (connectionId === null || given.has(connectionId)) continue;
		const title = connections.of(connectionId)?.name ?? connectionId;
		const connector = connections.profileOf(connectionId)?.connector;
		given.set(connectionId, await askAnswers(connector, operations, { title }));
	}
	return ({ connectionId }) => given.get(connectionId ?? "");
}

/** Each once, also where several operations need it. */
export function questionsOf(connector: Connector | undefined, operations: readonly Operation[]): Question[] {
	if (connector === undefined) return [];
	const needed = new Set(operations.flatMap((one) => answersNeeded(connector, one)).map(({ name }) => name));
	return (connector.ask ?? []).filter(({ name }) => needed.has(name));
}

function answerStep(prompts: Prompts, { name, title }: Question): Step<Answers> {
	return {
		id: `answer-${name}`,
		subject: l10n.t("Confirmation"),
		kind: "numbered",
		async ask(answers, place) {
			const answer = await prompts.text(place, {
				prompt: title,
				password: true,
				read: (text) =>
					text === "" ? { ok: false, problem: l10n.t("Enter a value.") } : { ok: true, value: text },
			});
			return answer === back ? back : { ...answers, [name]: answer };
		},
	};
}

/** One step for the further fields of a system's connector, asked one after the other. */
import * as l10n from "@vscode/l10n";
import type { ConnectorOption } from "../../daemon/contract.ts";
import { labelText } from "../display-text.ts";
import type { Prompts } from "../wizard/prompts.ts";
import { type Back, back, type Place, type Step } from "../wizard/walk.ts";
import { choicesOf, parseOption } from "./option-input.ts";
import { optionsOf } from "./system.ts";
import type { TokenDraft } from "./token-draft.ts";

type Values = Readonly<Record<string, string>>;

export function optionsStep<Draft extends TokenDraft>(prompts: Prompts): Step<Draft> {
	return {
		id: "options",
		subject: l10n.t("Options"),
		kind: "numbered",
		applies: ({ system }) => optionsOf(system).length > 0,
		isAnswered: ({ options }) => options !== undefined,
		async ask(draft, place) {
			const asked = optionsOf(draft.system);
			let values: Values = draft.options ?? {};
			for (let at = 0; at < asked.length; ) {
				const option = asked[at] as ConnectorOption;
				const here = { ...place, canGoBack: place.canGoBack || at > 0 };
				const answer = await askOption(prompts, here, { option, given: values[option.name] });
				if (answer === back && at === 0) return back;
				if (answer !== back) values = { ...values, [option.name]: answer };
				at += answer === back ? -1 : 1;
			}
			return { ...draft, options: values };
		},
	};
}

interface OptionQuestion {
	option: ConnectorOption;
	given: string | undefined;
}

async function askOption(
	prompts: Prompts,
	place: Place,
	{ option, given }: OptionQuestion,
): Promise<string | Back> {
	const choices = choicesOf(option);
	const current = given ?? option.default;
	if (choices === undefined) {
		return await prompts.text(place, {
			prompt: promptFor(option),
			text: current,
			read: (text) => parseOption(text, option),
		});
	}
	const rows = choices.map(([value, title]) => ({ label: labelText(title), value }));
	const placeholder = labelText(option.title);
	if (option.as !== "list") {
		const none = { label: l10n.t("$(dash) None"), value: "" };
		return await prompts.one<string>(place, {
			placeholder,
			rows: option.required || option.default !== undefined ? rows : [none, ...rows],
			isActive: (value) => value === current,
		});
	}
	const picked = new Set(current?.split(","));
	const answer = await prompts.many<string>(place, {
		placeholder,
		rows,
		isPicked: (value) => picked.has(value),
		problem: (values) => (option.required && values.length === 0 ? l10n.t("choose at least one") : undefined),
	});
	return answer === back ? back : answer.join(",");
}

function promptFor({ title, as, required, default: standard }: ConnectorOption): string {
	const what = labelText(title);
	if (as === "list") return l10n.t("{0}, separated by commas.", what);
	return required || standard !== undefined ? what : l10n.t("{0}. Leave empty to leave it out.", what);
}

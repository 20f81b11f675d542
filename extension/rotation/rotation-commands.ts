/** Commands that rotate tokens, and that finish or undo a rotation. */
import * as l10n from "@vscode/l10n";
import type { TokenRecord } from "../../daemon/contract.ts";
import type { CommandTable } from "../command.ts";
import { waysOf } from "../connections/connections.ts";
import type { Bindings, EnvLine } from "../env/bindings.ts";
import { lineFor } from "../env/line-argument.ts";
import { selectedTokens, type TokenChoiceDeps, tokenFor, type Wanted } from "../tokens/token-choice.ts";
import { finishRotation, replaceWithSuccessor } from "./finish-rotation.ts";
import { endOverlap, showOverlapUse } from "./overlap-use.ts";
import { type RotateDeps, rotateTokenInteractively } from "./rotate.ts";
import { rotateExpiring, rotateSelected } from "./rotate-expiring.ts";
import { undoRotationInteractively } from "./undo-rotation.ts";

export const rotationCommands: CommandTable<RotateDeps & TokenChoiceDeps> = {
	rotateToken: {
		failed: () => l10n.t("The token was not rotated."),
		run: async (call) => {
			const several = await selectedTokens(call);
			const { connections } = call.services;
			// A guided one needs the user's hands, so it is rotated alone.
			const isRotatable = (token: TokenRecord) =>
				isCurrent(token) && connections.wayTo("rotate", token) === "called";
			const skipped = several.filter((token) => !isRotatable(token));
			if (several.length > 1)
				return await rotateSelected(call.services, several.filter(isRotatable), skipped);
			const token = await tokenFor(call, {
				title: l10n.t("Rotate Token"),
				among: (token) => isCurrent(token) && connections.wayTo("rotate", token) !== "none",
				none: l10n.t("No API token can be rotated."),
			});
			return await rotateTokenInteractively(call.services, token);
		},
	},
	rotateExpiring: {
		failed: () => l10n.t("The tokens were not rotated."),
		run: ({ services }) => rotateExpiring(services),
	},
	undoRotation: {
		failed: () => l10n.t("The rotation was not undone."),
		run: async (call) =>
			undoRotationInteractively(
				call.services,
				await tokenFor(call, {
					...inOverlap(l10n.t("Undo Rotation")),
					among: (token) => token.status === "retiring" && waysOf(call.services.connections, token).restore,
				}),
			),
	},
	finishRotation: {
		failed: () => l10n.t("The rotation was not finished."),
		run: async (call) => {
			const { bindings } = call.services;
			await bindings.whenReady();
			const token = await tokenFor(call, {
				title: l10n.t("Finish Rotation"),
				among: ({ id, successorId }) => successorId !== null && bindings.linesOf(id).length > 0,
				none: l10n.t("No line in the env files here contains the old secret of a rotated token."),
				way: "nothing",
			});
			await finishRotation(call.services, token);
		},
	},
	replaceWithSuccessor: {
		failed: () => l10n.t("The secret was not replaced."),
		run: async ({ services, argument }) =>
			replaceWithSuccessor(services, lineOf(argument, services.bindings)),
	},
	endOverlap: {
		failed: () => l10n.t("The overlap has not ended."),
		run: async (call) =>
			endOverlap(call.services, await tokenFor(call, inOverlap(l10n.t("End Overlap Now"), "write"))),
	},
	showOverlapUse: {
		failed: () => l10n.t("The use of the old secret could not be loaded."),
		run: async (call) =>
			showOverlapUse(call.services, await tokenFor(call, inOverlap(l10n.t("Show Use of Old Secret")))),
	},
};

function isCurrent({ successorId, revokedDate, disabledDate }: TokenRecord): boolean {
	return successorId === null && revokedDate === null && disabledDate === null;
}

function inOverlap(title: string, needs?: Wanted["needs"]): Wanted {
	const none = l10n.t("No API token is in an overlap.");
	return { title, among: ({ status }) => status === "retiring", none, ...(needs && { needs }) };
}

function lineOf(argument: unknown, bindings: Bindings): EnvLine {
	const line = lineFor(argument, bindings);
	if (line !== undefined) return line;
	throw new Error(l10n.t("Run this command from a line of an env file."));
}

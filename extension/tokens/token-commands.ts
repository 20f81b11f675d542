/** Commands about one token. */
import * as vscode from "vscode";
import type { CommandTable } from "../command.ts";
import { createToken } from "../create/create-token.ts";
import { copySecret } from "./copy-secret.ts";
import { injectToken } from "./inject-token.ts";
import { revokeToken } from "./revoke-token.ts";
import { tokenFor } from "./token-choice.ts";

export const tokenCommands: CommandTable = {
	createToken: {
		failed: () => "The token was not created.",
		run: async ({ services }) => {
			await createToken(services, (token) => services.tree.mark(token.id));
		},
	},
	copySecret: {
		failed: () => "The secret was not copied.",
		run: async (call) =>
			copySecret(call.services, await tokenFor(call, { title: "Copy Secret", among: "kept" })),
	},
	injectToken: {
		failed: () => "The secret was not inserted.",
		run: async (call) =>
			injectToken(call.services, await tokenFor(call, { title: "Insert into Env File", among: "kept" })),
	},
	revokeToken: {
		failed: () => "The token was not revoked.",
		run: async (call) => revokeToken(call.services, await tokenFor(call, { title: "Revoke", among: "all" })),
	},
	copyId: {
		failed: () => "The ID was not copied.",
		run: async (call) =>
			vscode.env.clipboard.writeText((await tokenFor(call, { title: "Copy ID", among: "all" })).id),
	},
};

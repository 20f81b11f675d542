/** A user who cancels leaves no trace, at whichever step. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Answers, CreateWizard, type Question } from "./create-wizard.ts";
import { daemonClient } from "./daemon.ts";
import { filesIn } from "./files.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

const ordinary: Partial<Answers> = {
	file: ".env",
	git: "Add the file to .gitignore",
	key: "API_TOKEN",
	replace: "yes",
};

const cases: Record<Question, Partial<Answers>> = {
	system: ordinary,
	name: ordinary,
	permissions: ordinary,
	resources: { system: "Polarity Server 5" },
	expiry: ordinary,
	exactExpiry: { exactExpiry: "" },
	never: { expiry: "Never" },
	defaultSource: { system: "EclecticIQ Intelligence Center", expiry: "6 months" },
	addresses: ordinary,
	details: ordinary,
	file: ordinary,
	git: ordinary,
	key: ordinary,
	replace: ordinary,
	summary: ordinary,
};

describe("escape", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;

	before(async () => {
		workbench = await Workbench.start();
		execFileSync("git", ["init", "--quiet"], { cwd: workbench.workspace });
		await writeFile(join(workbench.workspace, ".env"), "API_TOKEN=another\n");
		window = await workbench.openWindow();
		// The message about a slow daemon start is not part of this test.
		await window.openView("Tokensmith");
		await until("the list is there", async () => /No API tokens yet/.test(await window.welcomeText()));
	});
	after(() => workbench.stop());

	for (const [question, answers] of Object.entries(cases) as [Question, Partial<Answers>][]) {
		it(`at the question for ${question} leaves no token, no changed file and no message`, async () => {
			const before = await filesIn(workbench.workspace);
			const wizard = await CreateWizard.open(window);
			await wizard.goTo(question, { name: "Given up", ...answers });
			await window.input.escape();
			await window.input.waitUntilClosed();
			assert.deepEqual(await daemonClient(workbench.userData).listTokens(), []);
			assert.deepEqual(await filesIn(workbench.workspace), before);
			assert.deepEqual(await window.notifications(), []);
			assert.deepEqual(await window.tabs(), []);
		});
	}
});

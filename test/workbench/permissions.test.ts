/** Permissions of the user's own, from the keyboard alone: typed, suggested, and by templates. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateWizard } from "./create-wizard.ts";
import { daemonClient, runningDaemon } from "./daemon.ts";
import { until } from "./until.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench } from "./workbench.ts";

describe("the permissions of a new token", () => {
	let workbench: Workbench;
	let window: WorkbenchWindow;

	before(async () => {
		workbench = await Workbench.start();
		await writeFile(
			join(workbench.workspace, "service.mjs"),
			'import { requireToken } from "tokensmith";\n\nexport const close = requireToken({ permission: "tickets.close" });\n',
		);
		window = await workbench.openWindow();
		await window.openView("Tokensmith");
	});
	after(() => workbench.stop());
	afterEach(() => window.input.leave());

	const permissionsStep = async (name: string): Promise<CreateWizard> => {
		const wizard = await CreateWizard.open(window);
		await wizard.goTo("permissions", { name });
		return wizard;
	};
	const client = () => daemonClient(workbench.userData);
	const own = async () =>
		(await client().permissions()).permissions
			.filter(({ origin }) => origin === "own")
			.map(({ name }) => name);
	const shows = (what: RegExp) =>
		until(`${what} is shown`, async () =>
			what.test([...(await window.input.rows()), ...(await window.input.texts())].join("\n")),
		);

	it("can be typed, described, and belong to the daemon once the token is created", async () => {
		const wizard = await permissionsStep("Billing");
		await window.input.type("billing.read");
		await window.input.waitForActive('Add "billing.read"');
		await window.input.accept();
		await until("it is picked", async () => (await window.input.checked()).includes("billing.read"));
		assert.equal(await window.input.value(), "");
		await window.input.accept();
		await window.input.waitForQuestion("Read bills");
		await window.input.type("Read the bills");
		await window.input.accept();
		await wizard.goOn("expiry", { name: "Billing" });
		assert.ok(!(await own()).includes("billing.read"), "nothing is added before the token");
		const secret = await wizard.create();
		await window.answerDialog("Done");
		const { url } = await runningDaemon(workbench.userData);
		const headers = { authorization: `Bearer ${secret}` };
		assert.equal((await fetch(`${url}/v1/verify?permission=billing.read`, { headers })).status, 200);
		const { permissions } = await client().permissions();
		assert.deepEqual(
			permissions.find(({ name }) => name === "billing.read"),
			{ name: "billing.read", group: "billing", description: "Read the bills", origin: "own" },
		);
		// What a service asks for is offered next time.
		await fetch(`${url}/v1/verify?permission=billing.refund`, { headers });
	});

	it("are left as they are when the user gives up", async () => {
		const before = await own();
		await permissionsStep("Given up");
		await window.input.type("refunds.pay");
		await window.input.waitForActive('Add "refunds.pay"');
		await window.input.accept();
		await window.input.accept();
		await window.input.waitForQuestion("Read bills");
		await window.input.back();
		await until("it is still picked", async () => (await window.input.checked()).includes("refunds.pay"));
		await window.input.leave();
		assert.deepEqual(await own(), before);
	});

	it("answer every text, with what is wrong in words", async () => {
		await permissionsStep("Wrong");
		for (const [text, words] of [
			["billing read", /no blanks/],
			["b".repeat(300), /at most 200 characters; this has 300/],
			["shop.*", /covers no permission yet/],
		] as const) {
			await window.input.type(text);
			await shows(words);
			await window.input.accept();
			assert.equal(await window.input.value(), text, "Enter keeps the text");
		}
		await window.input.type("billing.*");
		await shows(/covers \d of these/);
	});
});

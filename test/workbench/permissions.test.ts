/** Permissions of the user's own, from the keyboard alone: typed, suggested, and by templates. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
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
		await window.input.waitForValue("");
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

	it("are offered from services, code and the catalogue, the daemon's own API last", async () => {
		await permissionsStep("Suggested");
		await until("all are offered", async () => {
			const rows = (await window.input.rows()).join("\n");
			assert.match(rows, /^billing\.refund asked for once asked for by services/);
			assert.match(
				rows,
				/\ntickets\.close service\.mjs:3 found in[^\n]*\nRead only \d permissions several at once\n/,
			);
			return /Tokensmith's own API/.test(rows);
		});
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

	it("are picked by a template that is typed, and unpicked by it", async () => {
		await permissionsStep("Template");
		for (const checked of [["billing.read", "invoices.read", "orders.read"], []]) {
			await window.input.type("read only");
			await window.input.waitForActive("Read only");
			await window.input.accept();
			await until("they are changed", async () =>
				isDeepStrictEqual((await window.input.checked()).toSorted(), checked),
			);
		}
	});

	it("is followed by an expiry in words, shown as it is understood", async () => {
		const wizard = await permissionsStep("Words");
		await window.input.check("orders.read");
		await window.input.accept();
		await wizard.waitFor("expiry");
		await window.input.type("tomorrow 9:00");
		await shows(/, 09:00 UTC, in .* as typed/);
		await window.input.type("31 March or so");
		await shows(/Write a date like/);
		await window.input.type("45 Tage");
		await shows(/, in 45 days as typed/);
		await window.input.accept();
		await wizard.waitFor("addresses");
	});

	it("is followed by a path for the env file that no other file has", async () => {
		await mkdir(join(workbench.workspace, "packages", "api"), { recursive: true });
		const wizard = await CreateWizard.open(window);
		await wizard.goTo("file", { name: "Elsewhere", file: ".env" });
		for (const [text, words] of [
			["../outside/.env", /leaves the workspace/],
			["/etc/.env", /within the workspace/],
			[".env.example", /example file/],
			["node_modules/.env", /generated or downloaded/],
		] as const) {
			await window.input.type(text);
			await shows(words);
		}
		await window.input.choose("packages/nowhere/.env");
		await window.input.waitForQuestion("does not exist");
		await window.input.choose("packages/api/.env.local");
		await wizard.waitFor("key");
		await window.input.choose("BILLING_TOKEN");
		await wizard.waitFor("summary");
		const secret = await wizard.create();
		await window.answerDialog("Done");
		const file = join(workbench.workspace, "packages", "api", ".env.local");
		assert.equal(await readFile(file, "utf8"), `BILLING_TOKEN=${secret}\n`);
	});
});

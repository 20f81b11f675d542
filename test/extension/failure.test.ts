import assert from "node:assert/strict";
import {
	TokensmithProblemError,
	TokensmithUnavailableError,
	type UnavailableReason,
} from "../../daemon/client/transport.ts";
import { type FieldError, type ProblemCode, problemStatus } from "../../daemon/contract.ts";
import { ServerTransport } from "../../extension/daemon/server-transport.ts";
import { DaemonError } from "../../extension/daemon/start-daemon.ts";
import { explain, fieldOf } from "../../extension/failure.ts";

function problem(code: ProblemCode, detail: string, errors?: FieldError[]): TokensmithProblemError {
	const status = problemStatus[code];
	const shape = { type: "about:blank", title: code, status, code, detail, instance: "1" };
	return new TokensmithProblemError(errors === undefined ? shape : { ...shape, errors });
}

function ofServer(reason: UnavailableReason, cause?: Error): unknown {
	return noted(new TokensmithUnavailableError("failed", { cause, outcome: "not-done", reason }));
}

/** As the server's failure. */
function noted(error: Error): unknown {
	const server = { key: "srv-00000001", name: "Team", host: "team.example" };
	return new ServerTransport(server, assert.fail, { token: "" }).failed(error);
}

describe("the explanation of an error", () => {
	const cases: [name: string, error: unknown, text: string, remedy: string][] = [
		[
			"names every field that the daemon refused",
			problem("invalid-request", "Some of it is not allowed.", [
				{ pointer: "/name", detail: "must not be blank" },
				{ pointer: "/allowedAddresses/1", detail: '"x" is no IP address.' },
			]),
			'Name: must not be blank. Allowed addresses: "x" is no IP address.',
			"try-again",
		],
		[
			"speaks of settings as the person knows them, and leads there",
			problem("invalid-request", "No policy.", [
				{ pointer: "/defaultExpiryDays", detail: "must not be more than maximumExpiryDays" },
			]),
			"Setting tokensmith.expiry.defaultDays: must not be more than tokensmith.expiry.maximumDays.",
			"open-settings",
		],
		[
			"shows the detail of other problems",
			problem("storage-failed", "The disk is full."),
			"The disk is full.",
			"try-again",
		],
		[
			"leads from an internal error to the log",
			problem("internal-error", "It broke"),
			"It broke.",
			"show-log",
		],
		[
			"has a remedy for a daemon that does not start",
			new DaemonError("cannot-start", "It does not start."),
			"It does not start.",
			"show-log",
		],
		[
			"offers to try again when no answer comes in time",
			new TokensmithUnavailableError("Too slow.", { outcome: "not-done", reason: "timeout" }),
			"The daemon did not answer in time. Try again.",
			"try-again",
		],
		[
			"warns before another try when the request may have taken effect",
			new TokensmithUnavailableError("It broke.", { outcome: "unknown", reason: "broken" }),
			"The connection to the daemon broke before it had answered. Whether the request took effect is unknown: check the list of tokens before you try again.",
			"try-again",
		],
		[
			"offers to try again when the user can prepare the file",
			Object.assign(new Error(".env is read-only. Allow writing there."), { name: "FileError" }),
			".env is read-only. Allow writing there.",
			"try-again",
		],
		[
			"says why a server can't be reached, where something can be done",
			ofServer("unusable", Object.assign(new Error("expired"), { code: "CERT_HAS_EXPIRED" })),
			"The server “Team” could not be reached. The certificate of team.example has expired. Its administrator has to renew it. Nothing was sent.",
			"try-again",
		],
		[
			"says that a server has another identity, as with a new database",
			ofServer("unproved"),
			"The server “Team” could not be reached. What answers at team.example does not have the identity in the address. Nothing was sent. Copy the address again.",
			"try-again",
		],
		[
			"tells a server that answers nonsense from one that does not answer",
			ofServer("unusable"),
			"The server “Team” gave no answer that can be understood. Nothing was changed.",
			"try-again",
		],
		[
			"speaks of the editor's own token at a server without words of the API",
			noted(problem("own-token", "This is the token that you are using; add ?self=true to revoke it.")),
			"This editor uses this token at the server “Team”. Give the editor another one first.",
			"change-server-token",
		],
		["makes a sentence of any error", new Error("boom"), "boom.", "show-log"],
		["takes what is no error", "boom!", "boom!", "show-log"],
	];
	for (const [name, error, text, remedy] of cases) {
		it(name, () => assert.deepEqual(explain(error), { text, remedy }));
	}

	it("finds the field that a pointer leads into", () => {
		assert.deepEqual(["/permissions/3", "/name", "", "?q"].map(fieldOf), ["permissions", "name", "", ""]);
	});
});

/**
 * Which env files with secrets Git tracks, according to its last answer. Checks only files with lines, all of a
 * repository at once, and again when the repository's index has changed. Inactive in Restricted Mode.
 */
import { inspect } from "node:util";
import * as vscode from "vscode";
import type { Bindings } from "./bindings.ts";
import { trackedAmong } from "./git-ignore.ts";

interface Options {
	bindings: Bindings;
	log: { warn(message: string): void };
}

const debounceMilliseconds = 200;

export class TrackedFiles implements vscode.Disposable {
	readonly #options: Options;
	readonly #changed = new vscode.EventEmitter<void>();
	readonly onDidChange = this.#changed.event;
	readonly #disposables: vscode.Disposable[] = [this.#changed];
	/** Git's answers by file. */
	#answers = new Map<string, boolean>();
	#asking: Promise<void> = Promise.resolve();
	#outdated = false;
	#timer: NodeJS.Timeout | undefined;

	constructor(options: Options) {
		this.#options = options;
	}

	has(uri: vscode.Uri): boolean {
		return this.#answers.get(uri.toString()) ?? false;
	}

	/** Checks the files that have lines, and from now on those that get some. */
	open(): void {
		const index = vscode.workspace.createFileSystemWatcher("**/.git/index");
		const forget = () => this.forget();
		this.#disposables.push(
			index,
			index.onDidCreate(forget),
			index.onDidChange(forget),
			// The index of a repository above the workspace folder is not watched.
			vscode.window.onDidChangeWindowState(({ focused }) => focused && forget()),
			this.#options.bindings.onDidChange(() => this.#askSoon()),
		);
		this.#askSoon();
	}

	/** Git's answers may be outdated. They stay in effect until Git has answered again. */
	forget(): void {
		this.#outdated = true;
		this.#askSoon();
	}

	dispose(): void {
		clearTimeout(this.#timer);
		vscode.Disposable.from(...this.#disposables).dispose();
	}

	#askSoon(): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			this.#asking = this.#asking
				.then(() => this.#ask())
				// Without Git's answer, nothing is reported about a file.
				.catch((error: unknown) => this.#options.log.warn(inspect(error)));
		}, debounceMilliseconds);
	}

	async #ask(): Promise<void> {
		if (!vscode.workspace.isTrusted) return;
		const files = this.#options.bindings.files.filter(({ lines }) => lines.length > 0).map(({ uri }) => uri);
		const isOutdated = this.#outdated;
		this.#outdated = false;
		const open = isOutdated ? files : files.filter((uri) => !this.#answers.has(uri.toString()));
		if (open.length === 0) return;
		const tracked = await trackedAmong(open);
		const before = new Map(this.#answers);
		for (const uri of open) this.#answers.set(uri.toString(), tracked.has(uri.toString()));
		if (open.some((uri) => (before.get(uri.toString()) ?? false) !== this.has(uri))) this.#changed.fire();
	}
}

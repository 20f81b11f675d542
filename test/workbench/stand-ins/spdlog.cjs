/**
 * Stands in for VS Code's native log writer, so that setting up the workbench takes no compiler. Invariant: the same
 * lines reach the same files; it does not rotate them, a test run is short.
 */
const fs = require("node:fs");
const path = require("node:path");

const names = ["trace", "debug", "info", "warning", "error", "critical"];

class Logger {
	#file;
	#level = 2;
	#bare = false;

	constructor(_type, _name, file) {
		fs.mkdirSync(path.dirname(file), { recursive: true });
		this.#file = file;
	}

	#write(level, message) {
		if (level < this.#level) return;
		const line = this.#bare ? message : `${timestamp()} [${names[level]}] ${message}\n`;
		fs.appendFileSync(this.#file, line);
	}

	trace(message) {
		this.#write(0, message);
	}
	debug(message) {
		this.#write(1, message);
	}
	info(message) {
		this.#write(2, message);
	}
	warn(message) {
		this.#write(3, message);
	}
	error(message) {
		this.#write(4, message);
	}
	critical(message) {
		this.#write(5, message);
	}
	getLevel() {
		return this.#level;
	}
	setLevel(level) {
		this.#level = level;
	}
	setPattern() {
		this.#bare = false;
	}
	/** VS Code's output channels bring their own time and line end. */
	clearFormatters() {
		this.#bare = true;
	}
	flush() {}
	drop() {}
}

function timestamp() {
	return new Date().toISOString().replace("T", " ").replace("Z", "");
}

async function createLogger(name, file) {
	return new Logger("rotating", name, file);
}

exports.version = 0;
exports.Logger = Logger;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.createRotatingLogger = createLogger;
exports.createAsyncRotatingLogger = createLogger;

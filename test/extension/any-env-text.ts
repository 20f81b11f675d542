/** Arbitrary texts made of everything that has a meaning in an env file, most of them malformed. */
import fc from "fast-check";

const piece = fc.constantFrom(
	..."A,B,KEY,=,:, ,\t,\n,\r\n,\r,',\",`,#,\\,\\n,\\r,export ,export,x,A=,B=',A=\",-,.,$,\uFEFF,\u00a0,\f".split(
		",",
	),
);
export const anyEnvText = fc.array(piece, { maxLength: 60, size: "max" }).map((pieces) => pieces.join(""));

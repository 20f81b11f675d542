/** The same words as on the command line. */
export {
	amountAfterIn,
	amountInWords,
	distanceInWords,
	kept,
	listInWords,
	locale,
	type Unit,
} from "../daemon/language.ts";

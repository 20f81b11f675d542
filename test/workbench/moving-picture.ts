/** Puts pictures of a window together to one that moves: an animated PNG with few colours. */
import UPNG from "upng-js";

export interface Frame {
	/** As Playwright takes it. */
	png: Buffer;
	seconds: number;
}

/** Enough for a theme's colours and the shades between a letter and its background. */
const colours = 96;

export function movingPicture(frames: readonly Frame[]): Buffer {
	const images = frames.map(({ png }) => UPNG.decode(new Uint8Array(png).buffer));
	const [first] = images;
	if (first === undefined) throw new Error("No frames");
	const pixels = images.map((image) => UPNG.toRGBA8(image)[0] as ArrayBuffer);
	const milliseconds = frames.map(({ seconds }) => seconds * 1000);
	return Buffer.from(UPNG.encode(pixels, first.width, first.height, colours, milliseconds));
}

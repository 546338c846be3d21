// What our scripts share in a page, as they do not share modules.

/** Streamlit's own: where its server is. */
declare var __streamlit: { BACKEND_BASE_URL: string } | undefined;
/** What stands over the page until the page is there: server/shell.js. */
declare var hourglassShell: import("../../server/shell.js").Shell | undefined;
/** Milliseconds of the demonstration that are over: server/shell_landing.js, sweep/sweep.js. */
declare var hourglassGone: number | undefined;
/** Points that lie on the plane, and positions of those that are selected: plane/plane_selection.js. */
declare var hourglassPoints: import("../plane/plane.js").Points | undefined;
declare var hourglassSelected: Set<number> | undefined;
/** The script of the runner: runner/__init__.py. */
declare function hourglassRunner(): typeof import("../runner/model.js") &
  typeof import("../runner/network.js") &
  typeof import("../runner/runner.js") &
  typeof import("./pixels.js") & { source: string };
/** The sheet of the drawing pad on this page: drawpad/drawpad.js. */
declare var hourglassPad: (() => ImageData) | undefined;
/** Runs the networks of this document: live/live.js. */
declare var hourglassLive: import("../runner/runner.js").Runner | undefined;
/** Whether what moves by itself on the first visit is over, in this document. */
declare var hourglassMoved: boolean | undefined;

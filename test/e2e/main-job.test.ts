import { mainJobCases } from "./main-job.js";
import { Scene } from "./scene.js";

mainJobCases(() => new Scene());

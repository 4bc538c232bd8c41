import { run } from './runs.ts';
import { sipp } from './sipp.ts';

run(sipp);

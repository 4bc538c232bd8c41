import { baresip } from './baresip.ts';
import { run } from './runs.ts';

run(baresip);

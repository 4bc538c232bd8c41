import { linphone } from './linphone.ts';
import { run } from './runs.ts';

run(linphone);

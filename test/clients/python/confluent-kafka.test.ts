import { describeClient } from '../behaviour.ts';
import { startDriver } from '../driver-process.ts';
import { isHere } from '../runtimes.ts';
import { pythonDriver, whatPythonLacks } from './virtual-environment.ts';

if (isHere(whatPythonLacks())) {
  const driver = pythonDriver('confluent.py');
  describeClient({ name: 'confluent-kafka 2.16.1 (Python)', open: (brokers) => startDriver(driver, brokers) });
}

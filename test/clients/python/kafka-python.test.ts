import { describeClient } from '../behaviour.ts';
import { startDriver } from '../driver-process.ts';
import { isHere } from '../runtimes.ts';
import { pythonDriver, whatPythonLacks } from './virtual-environment.ts';

if (isHere(whatPythonLacks())) {
  const driver = pythonDriver('kafka_python.py');
  describeClient({ name: 'kafka-python 3.0.12', open: (brokers) => startDriver(driver, brokers) });
}

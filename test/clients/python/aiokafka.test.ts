import { describeClient } from '../behaviour.ts';
import { startDriver } from '../driver-process.ts';
import { isHere } from '../runtimes.ts';
import { pythonDriver, whatPythonLacks } from './virtual-environment.ts';

if (isHere(whatPythonLacks())) {
  const driver = pythonDriver('aio_kafka.py');
  describeClient({
    name: 'aiokafka 0.14.0',
    open: (brokers) => startDriver(driver, brokers),
    cannot: ['alters single configs', 'deletes groups'],
  });
}

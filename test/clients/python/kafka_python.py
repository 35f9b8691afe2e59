"""Drives kafka-python, written in Python alone."""

import sys
import time

from driver_loop import access, decode, encode, serve
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.structs import OffsetAndMetadata

TIMEOUT = 40


def record_of(message):
    return {
        "partition": message.partition,
        "offset": message.offset,
        "key": decode(message.key),
        "value": decode(message.value),
        "headers": [[name, decode(value)] for name, value in message.headers],
        "timestamp": message.timestamp,
    }


class Driver:
    def __init__(self, brokers):
        self.common = {**access, "bootstrap_servers": brokers, "client_id": "kafka-python-driver"}
        self.admin = KafkaAdminClient(**self.common)
        self.members = {}
        self.producers = {}

    def createTopic(self, topic, partitions, configs):
        self.admin.create_topics({topic: {"num_partitions": partitions, "replication_factor": 1, "configs": configs}})

    def createPartitions(self, topic, count):
        self.admin.create_partitions({topic: count})

    def deleteTopic(self, topic):
        self.admin.delete_topics([topic])

    def topics(self):
        return self.admin.list_topics()

    def partitions(self, topic):
        [described] = self.admin.describe_topics([topic])
        return len(described["partitions"])

    def configs(self, topic):
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        described = self.admin.describe_configs([resource], config_filter="all")
        return {name: entry["value"] for name, entry in described["topic"][topic].items()}

    def alterConfigs(self, topic, configs):
        results = self.admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=configs)])
        if results["topic"][topic] not in (None, "OK"):
            raise RuntimeError(results)

    def deleteRecords(self, topic, partition, offset):
        self.admin.delete_records({TopicPartition(topic, partition): offset})

    def groups(self):
        return [group["group_id"] for group in self.admin.list_groups()]

    def group(self, group):
        described = self.admin.describe_groups([group])[group]
        return {"state": described["group_state"], "members": len(described["members"])}

    def deleteGroup(self, group):
        result = self.admin.delete_groups([group])[group]
        if result != "OK":
            raise RuntimeError(result)

    def committed(self, group, topic, partition):
        asked = TopicPartition(topic, partition)
        found = self.admin.list_group_offsets({group: [asked]})[group].get(asked)
        return found.offset if found and found.offset >= 0 else None

    def list_offset(self, topic, partition, spec, isolation="read_uncommitted"):
        asked = TopicPartition(topic, partition)
        return self.admin.list_partition_offsets({asked: spec}, isolation_level=isolation)[asked].offset

    def offsets(self, topic, partition, isolation):
        return {
            "earliest": self.list_offset(topic, partition, OffsetSpec.EARLIEST, isolation),
            "latest": self.list_offset(topic, partition, OffsetSpec.LATEST, isolation),
        }

    def offsetAt(self, topic, partition, timestamp):
        offset = self.list_offset(topic, partition, timestamp)
        return offset if offset >= 0 else None

    def deliver(self, producer, topic, records):
        sent = [
            producer.send(
                topic,
                partition=record["partition"],
                key=encode(record["key"]),
                value=encode(record["value"]),
                headers=[(name, encode(value)) for name, value in record["headers"]],
                timestamp_ms=record["timestamp"],
            )
            for record in records
        ]
        producer.flush(TIMEOUT)
        return [future.get(TIMEOUT).offset for future in sent]

    def produce(self, topic, codec, records):
        compression = None if codec == "none" else codec
        producer = KafkaProducer(**self.common, enable_idempotence=True, compression_type=compression, linger_ms=50)
        offsets = self.deliver(producer, topic, records)
        producer.close()
        return offsets

    def consumer(self, isolation, group=None):
        settings = {
            "group_id": group,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "isolation_level": isolation,
            "session_timeout_ms": 6000,
            "heartbeat_interval_ms": 200,
            "fetch_max_wait_ms": 100,
        }
        return KafkaConsumer(**self.common, **settings)

    def read(self, topic, partition, isolation, until):
        consumer = self.consumer(isolation)
        consumer.assign([TopicPartition(topic, partition)])
        consumer.seek_to_beginning()
        records = []
        deadline = time.monotonic() + TIMEOUT
        while not records or records[-1]["value"] != until:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{until} did not come: {records}")
            for polled in consumer.poll(500).values():
                records += [record_of(message) for message in polled]
        consumer.close()
        return records

    def join(self, member, group, topic):
        consumer = self.consumer("read_committed", group)
        # A leader that has not heard of the topic yet assigns nothing, and may miss that it hears of it while it joins.
        consumer.partitions_for_topic(topic)
        consumer.subscribe([topic])
        self.members[member] = consumer

    def poll(self, member):
        consumer = self.members[member]
        polled = consumer.poll(200)
        assignment = sorted(each.partition for each in consumer.assignment())
        return {"assignment": assignment, "records": [record_of(message) for each in polled.values() for message in each]}

    def commit(self, member):
        self.members[member].commit()

    def leave(self, member):
        self.members.pop(member).close()

    def openProducer(self, producer, transactionalId):
        opened = KafkaProducer(**self.common, transactional_id=transactionalId, transaction_timeout_ms=30000)
        self.producers[producer] = opened
        opened.init_transactions()

    def begin(self, producer):
        self.producers[producer].begin_transaction()

    def send(self, producer, topic, records):
        self.deliver(self.producers[producer], topic, records)

    def sendOffset(self, producer, member, group, topic, offset):
        offsets = {TopicPartition(topic, 0): OffsetAndMetadata(offset, "", -1)}
        self.producers[producer].send_offsets_to_transaction(offsets, self.members[member].group_metadata())

    def end(self, producer, commit):
        if commit:
            self.producers[producer].commit_transaction()
        else:
            self.producers[producer].abort_transaction()

    def closeProducer(self, producer):
        self.producers.pop(producer).close(TIMEOUT)


serve(Driver(sys.argv[1]))

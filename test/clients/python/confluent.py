"""Drives confluent-kafka, which is librdkafka in C."""

import sys
import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, IsolationLevel, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)
from driver_loop import access, decode, encode, serve

TIMEOUT = 40
isolations = {"read_committed": IsolationLevel.READ_COMMITTED, "read_uncommitted": IsolationLevel.READ_UNCOMMITTED}


def record_of(message):
    return {
        "partition": message.partition(),
        "offset": message.offset(),
        "key": decode(message.key()),
        "value": decode(message.value()),
        "headers": [[name, decode(value)] for name, value in message.headers() or []],
        "timestamp": message.timestamp()[1],
    }


class Driver:
    def __init__(self, brokers):
        self.common = {**access, "bootstrap.servers": brokers, "client.id": "confluent-driver", "log_level": 2}
        self.admin = AdminClient(self.common)
        self.members = {}
        self.producers = {}

    def createTopic(self, topic, partitions, configs):
        self.admin.create_topics([NewTopic(topic, partitions, 1, config=configs)])[topic].result(TIMEOUT)

    def createPartitions(self, topic, count):
        self.admin.create_partitions([NewPartitions(topic, count)])[topic].result(TIMEOUT)

    def deleteTopic(self, topic):
        self.admin.delete_topics([topic])[topic].result(TIMEOUT)

    def topics(self):
        return list(self.admin.list_topics(timeout=TIMEOUT).topics)

    def partitions(self, topic):
        return len(self.admin.list_topics(topic, timeout=TIMEOUT).topics[topic].partitions)

    def configs(self, topic):
        resource = ConfigResource(ResourceType.TOPIC, topic)
        entries = self.admin.describe_configs([resource])[resource].result(TIMEOUT)
        return {name: entry.value for name, entry in entries.items()}

    def alterConfigs(self, topic, configs):
        entries = [
            ConfigEntry(name, value, ConfigSource.DYNAMIC_TOPIC_CONFIG, incremental_operation=AlterConfigOpType.SET)
            for name, value in configs.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
        self.admin.incremental_alter_configs([resource])[resource].result(TIMEOUT)

    def deleteRecords(self, topic, partition, offset):
        for future in self.admin.delete_records([TopicPartition(topic, partition, offset)]).values():
            future.result(TIMEOUT)

    def groups(self):
        return [group.group_id for group in self.admin.list_consumer_groups().result(TIMEOUT).valid]

    def group(self, group):
        described = self.admin.describe_consumer_groups([group])[group].result(TIMEOUT)
        return {"state": described.state.name.title(), "members": len(described.members)}

    def deleteGroup(self, group):
        self.admin.delete_consumer_groups([group])[group].result(TIMEOUT)

    def committed(self, group, topic, partition):
        request = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition)])
        [found] = self.admin.list_consumer_group_offsets([request])[group].result(TIMEOUT).topic_partitions
        return found.offset if found.offset >= 0 else None

    def list_offset(self, topic, partition, spec, isolation=IsolationLevel.READ_UNCOMMITTED):
        futures = self.admin.list_offsets({TopicPartition(topic, partition): spec}, isolation_level=isolation)
        return next(iter(futures.values())).result(TIMEOUT).offset

    def offsets(self, topic, partition, isolation):
        level = isolations[isolation]
        return {
            "earliest": self.list_offset(topic, partition, OffsetSpec.earliest(), level),
            "latest": self.list_offset(topic, partition, OffsetSpec.latest(), level),
        }

    def offsetAt(self, topic, partition, timestamp):
        offset = self.list_offset(topic, partition, OffsetSpec.for_timestamp(timestamp))
        return offset if offset >= 0 else None

    def deliver(self, producer, topic, records):
        reports = [None] * len(records)

        def report(index):
            def take(error, message):
                reports[index] = KafkaException(error) if error else message.offset()

            return take

        for index, record in enumerate(records):
            producer.produce(
                topic,
                partition=record["partition"],
                key=encode(record["key"]),
                value=encode(record["value"]),
                headers=[(name, encode(value)) for name, value in record["headers"]],
                timestamp=record["timestamp"],
                on_delivery=report(index),
            )
        producer.flush(TIMEOUT)
        for reported in reports:
            if not isinstance(reported, int):
                raise reported or TimeoutError("not delivered")
        return reports

    def produce(self, topic, codec, records):
        producer = Producer({**self.common, "enable.idempotence": True, "compression.type": codec, "linger.ms": 50})
        return self.deliver(producer, topic, records)

    def consumer(self, group, isolation):
        settings = {
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": isolation,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 200,
            "fetch.wait.max.ms": 100,
        }
        return Consumer({**self.common, **settings})

    def read(self, topic, partition, isolation, until):
        consumer = self.consumer("unused", isolation)
        consumer.assign([TopicPartition(topic, partition, 0)])
        records = []
        deadline = time.monotonic() + TIMEOUT
        while not records or records[-1]["value"] != until:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{until} did not come: {records}")
            message = consumer.poll(1)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            records.append(record_of(message))
        consumer.close()
        return records

    def join(self, member, group, topic):
        consumer = self.consumer(group, "read_committed")
        consumer.subscribe([topic])
        self.members[member] = consumer

    def poll(self, member):
        consumer = self.members[member]
        messages = consumer.consume(100, 0.2)
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
        assignment = sorted(each.partition for each in consumer.assignment())
        return {"assignment": assignment, "records": [record_of(message) for message in messages]}

    def commit(self, member):
        self.members[member].commit(asynchronous=False)

    def leave(self, member):
        self.members.pop(member).close()

    def openProducer(self, producer, transactionalId):
        opened = Producer({**self.common, "transactional.id": transactionalId, "transaction.timeout.ms": 30000})
        opened.init_transactions(TIMEOUT)
        self.producers[producer] = opened

    def begin(self, producer):
        self.producers[producer].begin_transaction()

    def send(self, producer, topic, records):
        self.deliver(self.producers[producer], topic, records)

    def sendOffset(self, producer, member, group, topic, offset):
        metadata = self.members[member].consumer_group_metadata()
        self.producers[producer].send_offsets_to_transaction([TopicPartition(topic, 0, offset)], metadata, TIMEOUT)

    def end(self, producer, commit):
        if commit:
            self.producers[producer].commit_transaction(TIMEOUT)
        else:
            self.producers[producer].abort_transaction(TIMEOUT)

    def closeProducer(self, producer):
        del self.producers[producer]


serve(Driver(sys.argv[1]))

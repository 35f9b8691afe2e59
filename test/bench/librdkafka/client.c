/*
 * librdkafka as a contestant: the same command line and the same line of JSON as the others.
 *
 *   client <consume|produce|copy> <brokers> <records> <source topic> <target topic> [name=value ...]
 *
 * `produce` takes its records from standard input, one a line, before the measuring begins. The further arguments are
 * properties of librdkafka. What is set here is what makes it fast: long queues, large batches, no callback for each record.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { partitions = 4, records_per_transaction = 20000, messages_per_call = 10000, timeout_ms = 60000 };

static int property_count;
static char **properties;
static const char *brokers, *source, *target;
static long wanted;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static void check(rd_kafka_error_t *error, const char *what) {
  if (error != NULL) fail(what, rd_kafka_error_string(error));
}

/* Measuring: of the whole process, as the other contestants do. */

static struct timespec started;
static double start_cpu, half_cpu = -1;
static long counted, counted_bytes;

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void begin(void) {
  clock_gettime(CLOCK_MONOTONIC, &started);
  start_cpu = cpu_seconds();
}

static void count(long bytes) {
  counted++;
  counted_bytes += bytes;
  if (half_cpu < 0 && counted * 2 >= wanted) half_cpu = cpu_seconds();
}

static void finish(void) {
  struct timespec ended;
  struct rusage usage;
  double cpu = cpu_seconds();
  clock_gettime(CLOCK_MONOTONIC, &ended);
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"records\":%ld,\"seconds\":%f,\"cpuSeconds\":%f,\"warmCpuSeconds\":%f,\"maxRssMb\":%f,\"checksum\":%ld}\n", counted,
         ended.tv_sec - started.tv_sec + (ended.tv_nsec - started.tv_nsec) / 1e9, cpu - start_cpu, cpu - half_cpu,
         usage.ru_maxrss / 1024.0, counted_bytes);
  fflush(stdout);
  _Exit(0);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char why[512];
  if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) fail(name, why);
}

/* Properties from the command line are for the consumer. */
static rd_kafka_t *open_client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
  char why[512];
  set(conf, "bootstrap.servers", brokers);
  for (int i = 0; type == RD_KAFKA_CONSUMER && i < property_count; i++) {
    char *separator = strchr(properties[i], '=');
    if (separator == NULL) fail("not name=value", properties[i]);
    *separator = 0;
    set(conf, properties[i], separator + 1);
  }
  rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
  if (client == NULL) fail("rd_kafka_new", why);
  return client;
}

static rd_kafka_t *open_consumer(const char *isolation) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "group.id", target);
  set(conf, "isolation.level", isolation);
  set(conf, "enable.auto.commit", "false");
  set(conf, "enable.auto.offset.store", "false");
  set(conf, "auto.offset.reset", "earliest");
  set(conf, "fetch.wait.max.ms", "100");
  set(conf, "fetch.message.max.bytes", "4194304");
  set(conf, "fetch.max.bytes", "16777216");
  set(conf, "receive.message.max.bytes", "33554432");
  set(conf, "queued.min.messages", "1000000");
  set(conf, "queued.max.messages.kbytes", "65536");
  rd_kafka_t *consumer = open_client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(consumer);
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
  for (int partition = 0; partition < partitions; partition++) rd_kafka_topic_partition_list_add(list, source, partition)->offset = 0;
  rd_kafka_resp_err_t error = rd_kafka_assign(consumer, list);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("assign", rd_kafka_err2str(error));
  rd_kafka_topic_partition_list_destroy(list);
  return consumer;
}

static rd_kafka_t *open_producer(const char *transactional_id) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "enable.idempotence", "true");
  set(conf, "linger.ms", "5");
  set(conf, "queue.buffering.max.messages", "1000000");
  set(conf, "queue.buffering.max.kbytes", "262144");
  set(conf, "batch.num.messages", "10000");
  set(conf, "socket.nagle.disable", "true");
  if (transactional_id != NULL) set(conf, "transactional.id", transactional_id);
  return open_client(RD_KAFKA_PRODUCER, conf);
}

static void consume(void) {
  rd_kafka_t *consumer = open_consumer("read_uncommitted");
  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
  static rd_kafka_message_t *messages[messages_per_call];
  begin();
  while (counted < wanted) {
    ssize_t got = rd_kafka_consume_batch_queue(queue, timeout_ms, messages, messages_per_call);
    if (got <= 0) fail("consume", "nothing came");
    for (ssize_t i = 0; i < got; i++) {
      if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) count(messages[i]->len);
      else fail("consume", rd_kafka_message_errstr(messages[i]));
      rd_kafka_message_destroy(messages[i]);
    }
  }
  finish();
}

static void produce_value(rd_kafka_t *producer, rd_kafka_topic_t *topic, int partition, void *value, size_t length) {
  while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, value, length, NULL, 0, NULL) != 0) {
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail("produce", rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_poll(producer, 10);
  }
}

static void produce(void) {
  size_t capacity = (size_t)wanted * 256;
  char *bytes = malloc(capacity);
  size_t size = fread(bytes, 1, capacity, stdin);
  rd_kafka_t *producer = open_producer(NULL);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, target, NULL);
  begin();
  char *start = bytes;
  for (long row = 0; row < wanted; row++) {
    char *end = memchr(start, '\n', bytes + size - start);
    if (end == NULL) fail("produce", "too few records on standard input");
    produce_value(producer, topic, row / 100 % partitions, start, end - start);
    count(end - start);
    start = end + 1;
  }
  rd_kafka_resp_err_t error = rd_kafka_flush(producer, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("flush", rd_kafka_err2str(error));
  finish();
}

static void copy(void) {
  rd_kafka_t *consumer = open_consumer("read_committed");
  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
  rd_kafka_t *producer = open_producer(target);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, target, NULL);
  rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(partitions);
  for (int partition = 0; partition < partitions; partition++) rd_kafka_topic_partition_list_add(offsets, source, partition)->offset = 0;
  static rd_kafka_message_t *messages[messages_per_call];
  long in_transaction = 0;
  begin();
  check(rd_kafka_init_transactions(producer, timeout_ms), "init_transactions");
  while (counted < wanted) {
    ssize_t got = rd_kafka_consume_batch_queue(queue, timeout_ms, messages, messages_per_call);
    if (got <= 0) fail("consume", "nothing came");
    if (in_transaction == 0) check(rd_kafka_begin_transaction(producer), "begin_transaction");
    for (ssize_t i = 0; i < got; i++) {
      rd_kafka_message_t *message = messages[i];
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail("consume", rd_kafka_message_errstr(message));
      rd_kafka_resp_err_t error =
          rd_kafka_producev(producer, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(message->partition),
                            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK), RD_KAFKA_V_VALUE(message->payload, message->len),
                            RD_KAFKA_V_TIMESTAMP(rd_kafka_message_timestamp(message, NULL)), RD_KAFKA_V_END);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("producev", rd_kafka_err2str(error));
      offsets->elems[message->partition].offset = message->offset + 1;
      count(message->len);
      rd_kafka_message_destroy(message);
    }
    in_transaction += got;
    if (in_transaction < records_per_transaction && counted < wanted) continue;
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(consumer);
    check(rd_kafka_send_offsets_to_transaction(producer, offsets, group, timeout_ms), "send_offsets_to_transaction");
    rd_kafka_consumer_group_metadata_destroy(group);
    check(rd_kafka_commit_transaction(producer, timeout_ms), "commit_transaction");
    in_transaction = 0;
  }
  finish();
}

int main(int argc, char **argv) {
  if (argc < 6) fail("usage", "client <consume|produce|copy> <brokers> <records> <source topic> <target topic> [name=value ...]");
  brokers = argv[2];
  wanted = atol(argv[3]);
  source = argv[4];
  target = argv[5];
  property_count = argc - 6;
  properties = argv + 6;
  if (strcmp(argv[1], "consume") == 0) consume();
  else if (strcmp(argv[1], "produce") == 0) produce();
  else if (strcmp(argv[1], "copy") == 0) copy();
  else fail("no such workload", argv[1]);
}

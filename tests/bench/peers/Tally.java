// Kafka Streams that counts, exactly once within Kafka, and brings what it counted to PostgreSQL.
// Arguments: broker, topic, application id, JDBC address, folder of the state.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

public class Tally {
    static final ObjectMapper JSON = new ObjectMapper();
    static final ZoneId HERE = ZoneId.of("Asia/Shanghai");
    static String jdbc;

    record Visit(String visit, String cadre, String day, List<String> households) {
        static Visit of(String message) {
            try {
                JsonNode said = JSON.readTree(message).get("data");
                List<String> households = new ArrayList<>();
                said.get("households").forEach(name -> households.add(name.asText()));
                String day = OffsetDateTime.parse(said.get("started").asText()).atZoneSameInstant(HERE).toLocalDate().toString();
                return new Visit(said.get("visit").asText(), said.get("cadre").asText(), day, households);
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        }

        List<KeyValue<String, String>> tallies() {
            return households.stream().map(name -> KeyValue.pair(name + "|" + day + "|" + cadre, "")).toList();
        }
    }

    // Rows of one task, the newest of each key: written at a thousand or after a tenth of a second.
    abstract static class Sink<V> implements Processor<String, V, Void, Void> {
        final Map<String, V> waiting = new LinkedHashMap<>();
        Connection connection;
        PreparedStatement statement;

        abstract String sql();

        abstract void set(String key, V value) throws Exception;

        public void init(ProcessorContext<Void, Void> context) {
            try {
                connection = DriverManager.getConnection(jdbc, "postgres", "");
                connection.setAutoCommit(false);
                statement = connection.prepareStatement(sql());
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
            context.schedule(Duration.ofMillis(100), PunctuationType.WALL_CLOCK_TIME, now -> flush());
        }

        public void process(Record<String, V> record) {
            waiting.put(record.key(), record.value());
            if (waiting.size() >= 1000) {
                flush();
            }
        }

        void flush() {
            if (waiting.isEmpty()) {
                return;
            }
            try {
                for (Map.Entry<String, V> each : waiting.entrySet()) {
                    set(each.getKey(), each.getValue());
                    statement.addBatch();
                }
                statement.executeBatch();
                connection.commit();
                waiting.clear();
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        }

        public void close() {
            try {
                connection.close();
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        }
    }

    static class Facts extends Sink<String> {
        String sql() {
            return "INSERT INTO visit VALUES (?::uuid, ?, ?::date, ?) ON CONFLICT DO NOTHING";
        }

        void set(String key, String message) throws Exception {
            Visit visit = Visit.of(message);
            statement.setString(1, visit.visit());
            statement.setString(2, visit.cadre());
            statement.setString(3, visit.day());
            statement.setArray(4, connection.createArrayOf("text", visit.households().toArray()));
        }
    }

    static class Tallies extends Sink<Long> {
        String sql() {
            return "INSERT INTO visit_tally VALUES (?, ?::date, ?, ?)"
                    + " ON CONFLICT (household, day, cadre) DO UPDATE SET visits = excluded.visits";
        }

        void set(String key, Long visits) throws Exception {
            String[] parts = key.split("\\|");
            for (int nth = 0; nth < 3; nth++) {
                statement.setString(nth + 1, parts[nth]);
            }
            statement.setInt(4, visits.intValue());
        }
    }

    public static void main(String[] arguments) throws Exception {
        jdbc = arguments[3];
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("application.id", arguments[2]);
        settings.put("state.dir", arguments[4]);
        settings.put("processing.guarantee", "exactly_once_v2");
        settings.put("num.stream.threads", "2");
        settings.put("commit.interval.ms", "1000");
        settings.put("statestore.cache.max.bytes", "67108864");
        settings.put("replication.factor", "1");
        settings.put("consumer.auto.offset.reset", "earliest");
        settings.put("producer.linger.ms", "5");
        settings.put("producer.compression.type", "lz4");

        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> visits = builder.stream(arguments[1], Consumed.with(Serdes.String(), Serdes.String()));
        visits.process(Facts::new);
        visits.flatMap((key, message) -> Visit.of(message).tallies())
                .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
                .count()
                .toStream()
                .process(Tallies::new);
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
        new CountDownLatch(1).await();
    }
}

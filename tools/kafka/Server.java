import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** One broker for tests, its own controller: Server <client port>,<internal port>,<controller port> <data directory>. Clients log in as tandem with the password tandem. */
public class Server {
    public static void main(String[] args) throws Exception {
        String[] ports = args[0].split(",");
        Path data = Path.of(args[1]).toAbsolutePath();
        Files.createDirectories(data);
        Path properties = data.resolve("server.properties");
        Files.write(properties, List.of(
            "process.roles=broker,controller",
            "node.id=1",
            "listeners=SASL_PLAINTEXT://127.0.0.1:" + ports[0] + ",INTERNAL://127.0.0.1:" + ports[1] + ",CONTROLLER://127.0.0.1:" + ports[2],
            "advertised.listeners=SASL_PLAINTEXT://127.0.0.1:" + ports[0] + ",INTERNAL://127.0.0.1:" + ports[1],
            "listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name=INTERNAL",
            "controller.listener.names=CONTROLLER",
            "controller.quorum.voters=1@127.0.0.1:" + ports[2],
            "sasl.enabled.mechanisms=SCRAM-SHA-512",
            "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
            "log.dirs=" + data.resolve("log"),
            "num.partitions=3",
            "auto.create.topics.enable=true",
            "offsets.topic.replication.factor=1",
            "offsets.topic.num.partitions=3",
            "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1",
            "group.initial.rebalance.delay.ms=0"));
        if (!Files.exists(data.resolve("log/meta.properties"))) {
            int code = kafka.tools.StorageTool.execute(
                new String[] {"format", "--config", properties.toString(), "--cluster-id", "MkU3OEVBNTcwNTJENDM2Qg", "--add-scram", "SCRAM-SHA-512=[name=tandem,password=tandem]"},
                System.out);
            if (code != 0) System.exit(code);
        }
        kafka.Kafka.main(new String[] {properties.toString()});
    }
}

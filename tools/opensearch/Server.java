import java.nio.file.Path;
import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One node for tests: Server <http port> <data directory>. */
public class Server {
    public static void main(String[] args) throws Exception {
        String port = args[0];
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.onBuild((number, settings) -> {
            settings.put("http.port", port);
            settings.put("network.host", "127.0.0.1");
            settings.put("discovery.type", "single-node");
            settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
            settings.remove("cluster.initial_cluster_manager_nodes");
            settings.remove("discovery.seed_hosts");
        });
        runner.build(OpenSearchRunner.newConfigs().clusterName("tandem").numOfNode(1).baseHttpPort(9240).basePath(Path.of(args[1]).toAbsolutePath().toString()));
        Thread.currentThread().join();
    }
}

package io.callstream.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Map;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.DFSTestUtil;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.protocol.ExtendedBlock;

/**
 * A real HDFS in this JVM. Other processes reach it only by a logical name, {@value #URI}, as with
 * a name service of highly available name nodes. It ends with the JVM.
 */
final class HdfsCluster {
  static final String URI = "hdfs://calls";

  private static final MiniDFSCluster CLUSTER = start();

  private HdfsCluster() {}

  private static MiniDFSCluster start() {
    try {
      java.nio.file.Path directory = Files.createTempDirectory("hdfs");
      Configuration configuration = new Configuration();
      configuration.set("dfs.permissions.enabled", "false");
      configuration.set("dfs.namenode.http-address", "127.0.0.1:0");
      MiniDFSCluster cluster =
          new MiniDFSCluster.Builder(configuration, directory.toFile()).numDataNodes(1).build();
      cluster.waitActive();
      Runtime.getRuntime()
          .addShutdownHook(new Thread(() -> FileUtils.deleteQuietly(directory.toFile())));
      return cluster;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the only settings with which clients can find this cluster. */
  static Map<String, String> settings() {
    return Map.of(
        "dfs.nameservices",
        "calls",
        "dfs.ha.namenodes.calls",
        "nn1",
        "dfs.namenode.rpc-address.calls.nn1",
        "127.0.0.1:" + CLUSTER.getNameNodePort(),
        "dfs.client.failover.proxy.provider.calls",
        "org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider");
  }

  /** Returns this cluster's file system, opened by the cluster's address. */
  static FileSystem fileSystem() {
    try {
      return CLUSTER.getFileSystem();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the URI of this cluster, with its address. */
  static String address() {
    return "hdfs://127.0.0.1:" + CLUSTER.getNameNodePort();
  }

  /** Changes a file on the disk of the only data node, so that its checksums do not match. */
  static void damage(Path file) throws IOException {
    ExtendedBlock block = DFSTestUtil.getFirstBlock(fileSystem(), file);
    CLUSTER.corruptBlockOnDataNodes(block);
  }
}

package io.callstream.kafka.broker;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one node in a separate JVM, which ends with the JVM that started it. {@link NodeProcess}
 * describes the protocol.
 */
final class NodeMain {
  private static final Logger LOG = LoggerFactory.getLogger(NodeMain.class);
  static final int FAILED = -1;
  static final byte STOP_BROKER = 1;
  static final byte STOP_CONTROLLER = 2;

  private NodeMain() {}

  public static void main(String[] args) throws IOException {
    // Messages of the log must not get into the protocol.
    PrintStream standardOut = System.out;
    System.setOut(System.err);
    DataInputStream in = new DataInputStream(System.in);
    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(standardOut));
    try {
      serve(in, out);
      Runtime.getRuntime().halt(0);
    } catch (IOException e) {
      // The other JVM has ended.
      Runtime.getRuntime().halt(1);
    }
  }

  private static void serve(DataInputStream in, DataOutputStream out) throws IOException {
    NodePlan plan = NodePlan.read(in);
    KraftNode node;
    try {
      node = KraftNode.of(plan, port -> exchange(port, in, out));
      node.start();
    } catch (IOException | RuntimeException e) {
      LOG.error("The node can't start", e);
      out.writeInt(FAILED);
      out.writeUTF(EmbeddedBroker.reason(e));
      out.flush();
      return;
    }
    out.writeInt(node.port());
    out.writeInt(node.innerPort());
    out.flush();
    while (true) {
      if (in.readByte() == STOP_BROKER) {
        node.stopBroker();
        out.writeByte(STOP_BROKER);
        out.flush();
      } else {
        node.stop();
        return;
      }
    }
  }

  private static Map<Integer, Integer> exchange(int port, DataInputStream in, DataOutputStream out)
      throws IOException {
    out.writeInt(port);
    out.flush();
    Map<Integer, Integer> voters = new HashMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      voters.put(in.readInt(), in.readInt());
    }
    return voters;
  }
}
